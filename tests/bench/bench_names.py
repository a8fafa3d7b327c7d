"""Measures what names tell: the classifier on labelled names (tests/data/names), and its speed.

    python tests/bench/bench_names.py [--misses tuning]

Prints one line per figure, for the two sets that rules are tuned on, for the fresh set that is only
measured, and for those of its names that neither other set has. `--misses` lists every wrong
judgement of a tuned set; there is none for the fresh set, because looking would spoil it.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.classify.companions import settle
from auditor.classify.groups import group
from auditor.classify.names import classify
from auditor.models import Classification, Exposure, Known, Role, Scope, ScopeKind, Secret

DATA = Path(__file__).parents[1] / "data" / "names"
TUNED = ("tuning", "test")
FRESH = "fresh"
SPEED_NAMES = 100_000
WORDS = ("PROD", "STAGING", "TEAM", "ORDERS", "BILLING", "FRONTEND", "API", "V2", "EU", "MOBILE")


@dataclass(frozen=True, slots=True)
class Label:
    """One row of a set: what a person says about a name."""

    source: str
    name: str
    role: str
    vendor: str
    kind: str
    group: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A label, and what the classifier says about the same name among those of its source."""

    label: Label
    told: Classification


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--misses", choices=TUNED, help="list wrong judgements")
    asked = parser.parse_args().misses
    sets = {name: read(name) for name in (*TUNED, FRESH)}
    known = {label.name for name in TUNED for label in sets[name]}
    for name, labels in sets.items():
        judged = judge(labels)
        show(name, judged, labels)
        if name == FRESH:
            show("fresh, names of its own", [one for one in judged if one.label.name not in known])
        if name == asked:
            for one in judged:
                miss(one)
    show_speed([label.name for name in TUNED for label in sets[name]])


def read(name: str) -> list[Label]:
    """Return the rows of one set."""
    with (DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return [Label(**row) for row in csv.DictReader(file, delimiter="\t")]


def secrets_of(labels: Iterable[Label]) -> dict[str, Secret]:
    """Return the names of one source as the entries of one project, by id."""
    scope = Scope(ScopeKind.PROJECT, "p", "p", "example")
    exposure = Exposure(Known(False), Known(1), Known(False))
    return {
        one.name: Secret(
            one.name, "ci", "project variable", scope, one.name, None, None, None, exposure, None
        )
        for one in labels
    }


def told_of(labels: Iterable[Label]) -> dict[str, Classification]:
    """Return what the classifier says about the names of one source, by name."""
    secrets = secrets_of(labels)
    return settle(secrets, {name: classify(name, name) for name in secrets})


def by_source(labels: Sequence[Label]) -> Iterator[list[Label]]:
    """Yield the rows of each source."""
    ordered = sorted(labels, key=lambda one: one.source)
    for _, rows in itertools.groupby(ordered, key=lambda one: one.source):
        yield list(rows)


def judge(labels: Sequence[Label]) -> list[Judged]:
    """Return each name once, judged in the first source that has it."""
    found: dict[str, Judged] = {}
    for rows in by_source(labels):
        told = told_of(rows)
        for one in rows:
            found.setdefault(one.name, Judged(one, told[one.name]))
    return list(found.values())


# --- figures ---------------------------------------------------------------------------------


def show(title: str, judged: Sequence[Judged], labels: Sequence[Label] = ()) -> None:
    """Print the figures of one set; pairs only with all labels of its sources."""

    def secret(one: Judged) -> bool:
        return one.label.role == Role.SECRET

    def said(one: Judged) -> bool:
        return one.told.role is Role.SECRET

    def unsure(one: Judged) -> bool:
        return one.told.role is Role.UNCLASSIFIED

    secrets = [one for one in judged if secret(one)]
    print(f"{title}: {len(judged)} names, {len(secrets)} of them secrets")
    line("secret recall", secrets, said)
    line("secret recall or unclassified", secrets, lambda one: said(one) or unsure(one))
    line("secret precision", [one for one in judged if said(one)], secret)
    line("role", judged, lambda one: one.told.role == one.label.role)
    line("vendor", judged, lambda one: one.told.vendor == one.label.vendor)
    owned = [one for one in judged if one.label.vendor]
    line("vendor, where there is one", owned, lambda one: one.told.vendor == one.label.vendor)
    kinds = [one for one in judged if one.label.kind]
    line("kind, where there is one", kinds, lambda one: one.told.kind == one.label.kind)
    line("unclassified", judged, unsure)
    if labels:
        show_pairs(labels)


def line(title: str, of: Collection[Judged], right: Callable[[Judged], bool]) -> None:
    """Print one share, with its counts."""
    hits = sum(map(right, of))
    print(f"  {title:32} {100 * hits / len(of) if of else 0:6.1f} %   {hits} of {len(of)}")


def show_pairs(labels: Sequence[Label]) -> None:
    """Print how well the names that are replaced together are found: pairs within a source."""
    wanted, found = set(), set()
    for rows in by_source(labels):
        source = rows[0].source
        lasting = [one for one in rows if one.role in (Role.SECRET, Role.IDENTIFIER)]
        names = {one.name for one in lasting}
        grouped = [(one.name, one.group) for one in lasting if one.group]
        for (left, its), (right, other) in itertools.combinations(sorted(grouped), 2):
            if its == other:
                wanted.add((source, left, right))
        for credential in group(secrets_of(rows).values(), told_of(rows)):
            members = sorted({part.secret_id for part in credential.parts} & names)
            found |= {(source, *pair) for pair in itertools.combinations(members, 2)}
    both = len(wanted & found)
    print(f"  {'pairs found':32} {100 * both / len(wanted):6.1f} %   {both} of {len(wanted)}")
    print(f"  {'pairs right':32} {100 * both / len(found):6.1f} %   {both} of {len(found)}")


def miss(one: Judged) -> None:
    """Print a wrong judgement."""
    label, told = one.label, one.told
    want = (label.role, label.vendor, label.kind or told.kind)
    got = (str(told.role), told.vendor, told.kind)
    if want != got:
        print(f"  {label.name:48} {' / '.join(want):50} {' / '.join(got)} ({told.rule})")


def show_speed(names: Sequence[str]) -> None:
    """Print how long so many distinct names take on one core."""
    wide = itertools.product(dict.fromkeys(names), WORDS, WORDS, ("", "_2"))
    many = [f"{one}_{name}_{two}{end}" for name, one, two, end in wide][:: len(names) // 500 or 1]
    distinct = list(dict.fromkeys(many))[:SPEED_NAMES]
    classify("", "WARM")
    started = time.process_time()
    for name in distinct:
        classify("", name)
    seconds = time.process_time() - started
    rate = len(distinct) / seconds
    print(f"speed: {len(distinct):,} distinct names in {seconds:.2f} s, {rate:,.0f} a second")


if __name__ == "__main__":
    main()
