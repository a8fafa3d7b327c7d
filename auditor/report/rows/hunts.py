"""The table Hunts: what the logs show that identities did, one row a story, worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from auditor.models import Finding, Hit, Identity, Secret
from auditor.report.hunted import headline
from auditor.report.rows import words
from auditor.report.rows.join import Joined
from auditor.report.tables import Column, Kind, Owner, Row, Table, Value

NAME = "Hunts"
MOST_ROWS = 1_000
SHOWN = 12
LINES = 5
HIGH = 9
"""Lines of a row: stories are few, and their signals are what is read."""
NOT_HUNTED = "No logs were hunted in: name them in [hunts] logs, or run auditor hunt --from RUN."


def table(joined: Joined) -> Table:
    """Return the stories; the note says what their number means, which is what was seen."""
    columns = tuple(column for column, _ in FIELDS)
    return Table(NAME, columns, lambda: _rows(joined), note(joined), HIGH)


def note(joined: Joined) -> str:
    """Return what the number of stories means; "" where nobody hunted, which is a row."""
    hunting, findings = joined.results.hunting, joined.results.findings
    if hunting is None:
        return ""
    said = [headline(hunting, len(findings)).rstrip(".") + "."]
    if len(findings) > MOST_ROWS:
        said.append(f"The worst {MOST_ROWS:,} are here; all of them are in results.json.")
    if hunting.quiet:
        said.append(f"{hunting.quiet:,} sessions had weak signals only.")
    return " ".join(said)


def lines(joined: Joined) -> Iterator[str]:
    """Yield what the logs show in a few lines, for the end of a run."""
    if joined.results.hunting is None:
        return
    for finding in joined.results.findings[:LINES]:
        who = finding.identity.rpartition("/")[2]
        yield (
            f"Hunt: {finding.severity.value} {finding.platform} {who} from {finding.src_ip or '?'},"
            f" {_moment(finding.first)}: {finding.hits[0].title}"
        )
    yield f"Hunts: {note(joined)}"


def of_secret(secret: Secret, identities: tuple[Identity, ...], joined: Joined) -> str:
    """Return what the logs show of one entry: its stories, none in what was read, or not visible.

    So it says where nobody hunted, too: that is never "none".
    """
    hunting = joined.results.hunting
    if hunting is None:
        return "not hunted"
    stories = joined.findings(secret.id)
    if stories:
        first = min(story.first for story in stories)
        return f"{len(stories)} since {words.utc(first):%Y-%m-%d}: " + ", ".join(
            story.id for story in stories[:SHOWN]
        )
    read = {log.platform for log in hunting.logs}
    seen = bool(identities) and all(identity.provider in read for identity in identities)
    return "none in what was read" if seen and hunting.clear else "not visible"


def _rows(joined: Joined) -> Iterator[Row]:
    if joined.results.hunting is None:
        told = {"Story": "not hunted", "Ask next": NOT_HUNTED}
        yield [told.get(column.header) for column, _ in FIELDS]
    for finding in islice(joined.results.findings, MOST_ROWS):
        yield [read(finding) for _, read in FIELDS]


def _column(
    header: str, width: int, read: Callable[[Finding], Value], told: str, kind: Kind = Kind.TEXT
) -> tuple[Column, Callable[[Finding], Value]]:
    return Column(header, Owner.TOOL, width, kind, told, kind is Kind.TEXT), read


def _moment(moment: datetime) -> str:
    return f"{words.utc(moment):%Y-%m-%d %H:%M}"


def _signal(hit: Hit) -> str:
    told = f" ({hit.note})" if hit.note else ""
    return f"{hit.level}: {hit.title}, {hit.count:,} x{told}"


def _samples(finding: Finding) -> str:
    return words.lines(
        f"{_moment(one.time)} {one.action}, {one.outcome}: {one.file}:{one.position}"
        for one in finding.samples
    )


FIELDS = (
    _column("Story", 14, lambda f: f.id, "Stable while the logs are; cite it in tickets."),
    _column("Severity", 10, lambda f: f.severity.value, "Of the worst secret.", Kind.SEVERITY),
    _column("Signal", 11, lambda f: f.strength.value, "How telling the signals are together."),
    _column("Identity", 34, lambda f: f.identity, "As the log names it."),
    _column("Secret IDs", 26, lambda f: words.some(f.secret_ids, SHOWN, ", "), "On sheet Secrets."),
    _column("From", 16, lambda f: _moment(f.first), "UTC."),
    _column("To", 16, lambda f: _moment(f.last), "UTC."),
    _column("Events", 9, lambda f: f.events, "In the session.", Kind.NUMBER),
    _column("Denied", 9, lambda f: f.denied, "Of these, for lack of permission.", Kind.NUMBER),
    _column("Address", 18, lambda f: f.src_ip, "Or what the log has in its place."),
    _column(
        "Network",
        24,
        lambda f: " ".join(filter(None, (f.network, f.country, f.origin))),
        "Whose the address is; circleci, runner, plausible or other.",
    ),
    _column(
        "Signals", 60, lambda f: words.some([_signal(h) for h in f.hits], SHOWN), "Strongest first."
    ),
    _column("Ask next", 44, lambda f: f.question, "Of the strongest signal."),
    _column(
        "What it did most",
        40,
        lambda f: words.some([f"{name}, {count:,} x" for name, count in f.actions], SHOWN),
        "By number of calls.",
    ),
    _column("Records", 60, _samples, "Some of them: file and number of the record."),
    _column("Agents", 34, lambda f: words.lines(f.agents), "As the caller named itself."),
    _column("Credentials", 30, lambda f: words.lines(f.credentials), "Without last characters."),
    _column("ATT&CK", 26, lambda f: words.some(_tags(f), SHOWN, ", "), "Tactics and techniques."),
    _column("Platform", 10, lambda f: f.platform, "Whose log it is."),
)
"""Every column with how to read it."""


def _tags(finding: Finding) -> list[str]:
    tags = dict.fromkeys(tag for hit in finding.hits for tag in hit.tags)
    return [tag.removeprefix("attack.") for tag in tags]
