"""What must hold for the labelled names that tests/bench/bench_names.py measures with."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from auditor.classify.catalogue import kinds
from auditor.classify.names import classify
from auditor.models import Role

DATA = Path(__file__).parents[1] / "data" / "names"
TUNED = ("tuning", "test")
LABELLED = (Role.SECRET, Role.IDENTIFIER, Role.CONFIG, Role.PUBLIC)


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def repositories(*names: str) -> set[str]:
    return {row["source"].split()[0] for name in names for row in rows(name)}


@pytest.mark.parametrize("name", [*TUNED, "fresh"])
def test_every_label_is_one_the_classifier_could_give(name: str) -> None:
    for row in rows(name):
        assert row["role"] in LABELLED, row
        assert row["kind"] in {"", *kinds()}, row


def test_no_repository_of_the_fresh_set_is_one_that_rules_are_tuned_on() -> None:
    assert not repositories("fresh") & repositories(*TUNED)
    assert len(repositories("fresh")) >= 25
    assert len({row["name"] for row in rows("fresh")}) >= 220


@pytest.mark.parametrize("name", [*TUNED, "fresh"])
def test_no_labelled_secret_is_called_harmless(name: str) -> None:
    secrets = [row["name"] for row in rows(name) if row["role"] == Role.SECRET]
    told = {one: classify("", one).role for one in secrets}
    assert not {one for one, role in told.items() if role not in (Role.SECRET, Role.UNCLASSIFIED)}
