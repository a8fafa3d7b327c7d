from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urlsplit

import pytest

from auditor.classify.catalogue import catalogue, kinds, parse
from auditor.classify.tokens import split, squash

IMPACTS = {
    "cloud", "ci-control", "secret-manager", "source-code", "supply-chain", "signing", "database",
    "infrastructure", "remote-access", "identity-provider", "payment", "communication",
    "monitoring", "quality", "business-data", "ai", "deployment", "client", "licence", "generic",
    "unlisted",
}  # fmt: skip

HEAD = """
[parts]
secret = ["secret"]
identifier = ["id"]
[words]
affixes = []
publishable = []
inherited = []
glued = []
[endings]
config = ["URL"]
[[kind]]
kind = "one"
title = "One"
vendor = "One"
impact = "cloud"
words = ["ONE"]
names.secret = ["ONE_TOKEN"]
"""
SECOND = '[[kind]]\nkind = "two"\ntitle = "Two"\nvendor = "Two"\nimpact = "cloud"\n'


def test_every_kind_can_be_scored_and_replaced() -> None:
    for kind in kinds().values():
        assert kind.impact in IMPACTS, kind.id
        assert kind.revoke, kind.id
        assert not kind.console or urlsplit(kind.console).scheme == "https", kind.id


def test_the_catalogue_is_as_long_as_it_should_be() -> None:
    known = kinds().values()
    assert len({kind.vendor for kind in known}) >= 1_000
    assert len({kind.vendor for kind in known if kind.console}) >= 300
    assert sum(len(row) for row in _patterns()) >= 1_500


def _patterns() -> Iterator[list[str]]:
    text = files("auditor").joinpath("data", "catalogue.toml").read_text("utf-8")
    for row in tomllib.loads(text)["kind"]:
        for field in ("names", "whole", "endings", "globs"):
            yield from row.get(field, {}).values()


def test_a_family_has_the_console_of_each_vendor() -> None:
    family = """
[[family]]
title = "{vendor} key"
impact = "ai"
[family.vendors]
"Two" = ["TWO"]
"Three" = ["THREE"]
[family.consoles]
"Two" = "https://two.example/keys"
"""
    parsed = parse(HEAD + family).kinds
    assert parsed["two-credential"].console == "https://two.example/keys"
    assert parsed["three-credential"].console == ""
    with pytest.raises(ValueError, match="Four"):
        parse(HEAD + family + '"Four" = "https://four.example/"\n')


def test_every_impact_has_its_row_in_the_table_of_severities() -> None:
    table = tomllib.loads(files("auditor").joinpath("data", "severity.toml").read_text("utf-8"))
    assert {kind.impact for kind in kinds().values()} <= set(table["impact"])


@pytest.mark.parametrize(
    ("kind", "provider", "oidc", "rotates"),
    [
        ("aws-access-key", "aws", True, ("id",)),
        ("gcp-service-account-key", "gcp", True, ()),
        ("azure-service-principal", "azure", True, ()),
        ("github-token", "github", False, ()),
        ("circleci-token", None, False, ()),
    ],
)
def test_kinds_that_other_parts_rely_on(
    kind: str, provider: str | None, oidc: bool, rotates: tuple[str, ...]
) -> None:
    row = kinds()[kind]
    assert (row.provider, row.oidc, row.rotates) == (provider, oidc, rotates)


def test_every_glued_ending_is_an_ending() -> None:
    known = catalogue()
    assert all(known.entries[end].ending for end in known.glued)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (SECOND.replace('"two"', '"one"'), "listed twice"),
        (SECOND + 'names.secret = ["oneToken"]\n', "already there"),
        (SECOND + 'words = ["ONE"]\n', "the word ONE is of One"),
        (SECOND + 'endings.secret = ["URL"]\n', "listed twice as an ending"),
        (SECOND + 'whole.secret = ["PIN", "P_IN"]\n', "already there"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(row: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(HEAD + row)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("prodGithub-token2", ("PROD", "GITHUB", "TOKEN", "2")),
        ("AWSKey", ("AWS", "KEY")),
        ("TOKENv2", ("TOKEN", "V", "2")),
        ("K8S_TOKEN", ("K", "8", "S", "TOKEN")),
        ("\ud800=\x00__", ("\ud800",)),
        ("", ()),
    ],
)
def test_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert split(name) == words
    assert squash(name) == "".join(words)
