"""How far the rotation has come: the answer of `auditor verify`, as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from auditor.models import Baseline, Closure, HumanEdit, Results, Severity, Verdict
from auditor.report.markdown import escaped
from auditor.report.rows import people, words
from auditor.report.rows.join import BLANK
from auditor.report.text import for_terminal

SHOWN = 20
"""Open entries that text and Markdown list; JSON lists all."""
PLACE_FITS = 60
ORDER = tuple(Closure)


@dataclass(frozen=True, slots=True)
class Line:
    """One entry and its verdict."""

    secret_id: str
    name: str
    place: str
    severity: Severity
    closure: Closure
    claimed: bool
    """True when a person says that it was rotated."""
    contradicted: bool
    why: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closing:
    """How far the rotation of everything has come."""

    run_id: str
    when: datetime
    counts: Mapping[Closure, int]
    lines: tuple[Line, ...]
    """Every entry, what a person must look at first."""

    @property
    def contradicted(self) -> tuple[Line, ...]:
        """Return the entries of which a person claims what both sides deny."""
        return tuple(line for line in self.lines if line.contradicted)

    @property
    def open(self) -> tuple[Line, ...]:
        """Return the entries whose rotation is not proven."""
        return tuple(line for line in self.lines if not line.closure.done)

    @property
    def headline(self) -> str:
        """Return the state in one sentence."""
        done = sum(number for closure, number in self.counts.items() if closure.done)
        total = sum(self.counts.values())
        said = f"{done:,} of {words.many(total, 'secret')} proven closed from both sides"
        wrong = len(self.contradicted)
        return f"{said}; {words.many(wrong, 'claim')} contradicted" if wrong else said


def closing(results: Results) -> Closing:
    """Return the verdicts of a run, joined with what people claim."""
    bases = {base.secret_id: base for base in results.baselines}
    lines = [
        _line(verdict, bases.get(verdict.secret_id), results.edits.get(verdict.secret_id, BLANK))
        for verdict in results.verdicts
    ]
    lines.sort(key=_urgency)
    counts = {
        closure: number
        for closure in ORDER
        if (number := sum(line.closure is closure for line in lines))
    }
    return Closing(results.run.id, words.utc(results.run.started), counts, tuple(lines))


def text(found: Closing) -> Iterator[str]:
    """Yield the lines that a terminal shows."""
    yield found.headline
    for closure, number in found.counts.items():
        yield f"  {number:>7,}  {closure.value}"
    for title, lines in _lists(found):
        yield ""
        yield title
        for line in lines[:SHOWN]:
            yield f"  {line.severity.value:8} {line.secret_id} {_named(line)}"
            yield f"           {line.closure.value}: {for_terminal('; '.join(line.evidence))}"
        if len(lines) > SHOWN:
            yield f"  and {len(lines) - SHOWN:,} more: see the workbook"


def markdown(found: Closing) -> str:
    """Return a summary for a pull request or a CI step, of bounded size."""
    parts = [f"## Rotation: {found.headline}", "", "| Verdict | Secrets |", "| --- | ---: |"]
    parts += [f"| {closure.value} | {number:,} |" for closure, number in found.counts.items()]
    for title, lines in _lists(found):
        parts += ["", f"### {title}", "", "| Severity | Secret | Verdict | What shows it |"]
        parts += ["| --- | --- | --- | --- |", *(map(_row, lines[:SHOWN]))]
        if len(lines) > SHOWN:
            parts += ["", f"and {len(lines) - SHOWN:,} more: see the workbook"]
    return "\n".join((*parts, ""))


def to_json(found: Closing) -> dict[str, Any]:
    """Return everything, as what `json` writes."""
    return {
        "schema_version": 1,
        "run": found.run_id,
        "when": found.when.isoformat(),
        "headline": found.headline,
        "counts": {closure.value: number for closure, number in found.counts.items()},
        "entries": [
            asdict(line) | {"severity": line.severity.value, "closure": line.closure.value}
            for line in found.lines
        ],
    }


def _line(verdict: Verdict, base: Baseline | None, edit: HumanEdit) -> Line:
    return Line(
        verdict.secret_id,
        base.name if base else "",
        base.place if base else "",
        base.severity if base else Severity.UNKNOWN,
        verdict.closure,
        people.status_of(edit) is people.Status.ROTATED,
        people.contradicted(edit, verdict),
        verdict.why,
        tuple(one.fact for one in verdict.evidence),
    )


def _urgency(line: Line) -> tuple[bool, bool, int, int, str]:
    rank = ORDER.index(line.closure)
    return not line.contradicted, line.closure.done, -line.severity.rank, rank, line.secret_id


def _lists(found: Closing) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Yield the lists that a person has to work on, each with its title."""
    if found.contradicted:
        yield f"{words.CLAIMED} (counted as open)", found.contradicted
    rest = tuple(line for line in found.open if not line.contradicted)
    if rest:
        yield "Not proven yet, worst first", rest


def _named(line: Line) -> str:
    place = words.one_line(line.place, PLACE_FITS)
    return for_terminal(f"{line.name} in {place}" if place else line.name)


def _row(line: Line) -> str:
    cells = (
        line.severity.value,
        f"{line.secret_id} {escaped(_named(line))}",
        line.closure.value,
        escaped("; ".join(line.evidence)),
    )
    return f"| {' | '.join(cells)} |"
