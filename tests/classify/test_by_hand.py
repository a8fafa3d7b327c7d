from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.by_hand import correct, refuse_unknown_kinds
from auditor.classify.names import classify
from auditor.config import Loaded, Origin, Override, Settings
from auditor.errors import ConfigError
from auditor.models import Classification, Confidence, Exposure, Known, Scope, ScopeKind, Secret
from auditor.overrides import Overrides


def corrected(name: str, *overrides: Override, scope: str = "shop") -> Classification:
    place = Scope(ScopeKind.PROJECT, "p", scope, "example")
    exposure = Exposure(Known(False), Known(1), Known(False))
    secret = Secret("S", "ci", "variable", place, name, None, None, None, exposure, None)
    return correct({"S": secret}, {"S": classify("S", name)}, Overrides(overrides))["S"]


@pytest.mark.parametrize(
    ("name", "says", "expected"),
    [
        ("FOO", {"role": "secret"}, ("secret", "", "generic-secret", "secret")),
        ("FOO", {"kind": "npm-token"}, ("secret", "npm", "npm-token", "secret")),
        ("FOO", {"vendor": "Stripe"}, ("secret", "Stripe", "stripe-key", "secret")),
        ("FOO", {"vendor": "Acme"}, ("secret", "Acme", "generic-secret", "secret")),
        ("FOO_TOKEN", {"vendor": "Acme"}, ("secret", "Acme", "generic-token", "secret")),
        ("FOO_TOKEN", {"role": "config"}, ("config", "", "generic-token", "")),
        ("FOO_TOKEN", {"role": "public"}, ("public", "", "generic-token", "")),
        ("AWS_REGION", {"role": "config"}, ("config", "AWS", "aws-access-key", "region")),
        ("GPG_PASSPHRASE", {"role": "secret"}, ("secret", "GPG", "gpg-key", "passphrase")),
        ("GH_TOKEN", {"kind": "npm-token"}, ("secret", "npm", "npm-token", "secret")),
        ("SITE_URL", {"vendor": "Acme"}, ("config", "Acme", "", "")),
    ],
)
def test_what_a_person_says_wins(
    name: str, says: dict[str, Any], expected: tuple[str, str, str, str]
) -> None:
    told = corrected(name, Override(name, **says))
    assert (told.role, told.vendor, told.kind, told.part) == expected
    assert (told.rule, told.confidence) == (f"override {name}", Confidence.HIGH)


@pytest.mark.parametrize(
    ("pattern", "scope", "fits"),
    [
        ("ACME_SHOP_KEY", "*", True),
        ("ACME_*", "*", True),
        ("/^ACME_.*_KEY$/", "*", True),
        ("/_KEY/", "*", True),
        ("/^SHOP/", "*", False),
        ("acme_*", "*", False),
        ("ACME_*", "other-*", False),
        ("ACME_*", "sho?", True),
        ("/", "*", False),
    ],
)
def test_names_fit_exactly_by_shell_pattern_or_by_expression(
    pattern: str, scope: str, fits: bool
) -> None:
    told = corrected("ACME_SHOP_KEY", Override(pattern, scope, vendor="Acme"))
    assert (told.vendor == "Acme") is fits


def test_the_first_that_says_what_an_entry_is_counts() -> None:
    others = Override("*", owner="a person"), Override("X", role="config")
    assert corrected("X", *others, Override("*", role="secret")).role == "config"


@pytest.mark.parametrize(
    ("name", "published"), [("NEXT_PUBLIC_FOO", True), ("TF_VAR_VITE_FOO", True), ("FOO", False)]
)
def test_a_secret_by_hand_that_builds_publish_is_a_finding(name: str, published: bool) -> None:
    assert corrected(name, Override(name, role="secret")).published is published


def test_a_published_name_that_is_no_secret_is_no_finding() -> None:
    assert not corrected("VITE_CLIENT_SECRET", Override("VITE_*", role="public")).published


def test_a_name_too_long_for_an_expression_fits_none() -> None:
    assert corrected("A" * 10_000, Override("/A/", vendor="Acme")).vendor == ""


def test_an_unknown_kind_is_refused_where_it_stands() -> None:
    settings = Settings(overrides=(Override("A"), Override("B", kind="npm-tokn")))
    loaded = Loaded(settings, {"overrides.1.kind": Origin("config.toml", 7)})
    with pytest.raises(ConfigError, match=r"config.toml:7: overrides.1.kind") as error:
        refuse_unknown_kinds(loaded)
    assert "npm-token" in error.value.hint


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_name_can_be_corrected(name: str, vendor: str) -> None:
    told = corrected(name, Override("*", vendor=vendor, role="secret"))
    assert told.role == "secret"
    assert told.part
