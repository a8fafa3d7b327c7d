"""The table Log coverage: which logs there are, what was read of them, and whose nobody looked at.

OWASP CICD-SEC-10: a log that is off, too short or in the thief's reach shows nothing of a theft.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from auditor.models import Fact, Kept, Known, LogCoverage, LogRead, Severity
from auditor.report.rows import words
from auditor.report.rows.join import Joined
from auditor.report.tables import Column, Kind, Owner, Row, Table

NAME = "Log coverage"
NOBODY = "No log of this vendor was looked at."
ADDRESSES = "addresses are looked up in it; of {day}"

COLUMNS = tuple(
    Column(header, Owner.TOOL, width, kind, told, kind is Kind.TEXT)
    for header, width, kind, told in (
        ("Log", 34, Kind.TEXT, "As its vendor calls it, or the vendor."),
        ("Where", 26, Kind.TEXT, "The account, or what the hunts read."),
        ("State", 22, Kind.TEXT, "On, off, read, not looked at."),
        (
            "Level",
            24,
            Kind.TEXT,
            "Kinds of events that it records; of a log that was read, those it was seen to hold.",
        ),
        ("From", 16, Kind.TEXT, "First event that was read, UTC."),
        ("To", 16, Kind.TEXT, "Last event that was read, UTC."),
        ("Events", 11, Kind.NUMBER, "Kept of the identities that were looked for."),
        ("Kept (days)", 24, Kind.TEXT, "How long it is kept, against the window."),
        ("Addresses", 12, Kind.TEXT, "Whether it records where calls come from."),
        ("Central", 12, Kind.TEXT, "Shipped to a place of its own, out of the account's reach."),
        ("Readers", 34, Kind.TEXT, "Who can read it."),
        ("It can never show", 60, Kind.TEXT, "Even where it is complete."),
        ("Secrets", 9, Kind.NUMBER, "Entries of this vendor."),
    )
)


def table(joined: Joined) -> Table:
    """Return the logs that were read, those of the providers, and vendors without any."""
    hunting = joined.results.hunting
    note = ""
    if hunting:
        files = hunting.files
        note = (
            f"Read: {files.files:,} files, {files.records:,} records, {files.bad:,} of them"
            f" unreadable, {files.skipped:,} files skipped as no logs."
        )
    return Table(NAME, COLUMNS, lambda: _rows(joined), note)


def _rows(joined: Joined) -> Iterator[Row]:
    hunting = joined.results.hunting
    read = hunting.logs if hunting else ()
    for one in read:
        yield _of_hunt(one, hunting.kept if hunting else ())
    for log in joined.results.logs:
        yield _of_provider(log, joined)
    for name, day in hunting.tables if hunting else ():
        yield _of_addresses(name, day)
    looked = {one.platform for one in read}
    for (vendor, provider), count in _vendors(joined).most_common():
        if provider not in looked:
            yield (vendor, "", NOBODY, *(("",) * 3), None, *(("",) * 5), count)


def _of_provider(log: LogCoverage, joined: Joined) -> Row:
    return (
        log.log,
        log.source,
        _said(log.enabled, "on", "off"),
        log.level,
        "",
        "",
        None,
        _kept(log, joined),
        _said(log.records_ips, "yes", "no"),
        _said(log.central, "yes", "no"),
        _readers(log),
        log.never,
        None,
    )


def _of_hunt(log: LogRead, kept: Iterable[Kept]) -> Row:
    """Return a log that was read, with the kinds of events that it was seen to hold."""
    mine = (one for one in kept if (one.platform, one.log) == (log.platform, log.log) and one.kind)
    kinds = sorted({one.kind for one in mine})
    addresses = "yes" if log.addresses == log.events else "in part" if log.addresses else "none"
    return (
        log.log,
        "read by the hunts",
        f"read; identities in it: {log.identities:,}",
        ", ".join(kinds),
        _moment(log.since),
        _moment(log.until),
        log.events,
        "",
        addresses,
        "",
        "",
        "",
        None,
    )


def _of_addresses(name: str, day: str) -> Row:
    """Return the row of a table that addresses were looked up in, with whose work it is."""
    title, _, origin = name.partition(": ")  # as hunts.places.Dated has it
    return (
        title,
        origin,
        ADDRESSES.format(day=day),
        *(("",) * 3),
        None,
        *(("",) * 4),
        "who has an address today, or had it on another day",
        None,
    )


def _kept(log: LogCoverage, joined: Joined) -> str:
    """Return how long a log is kept, and whether that reaches back to the incident."""
    if not isinstance(log.retention_days, Known):
        return words.UNKNOWN
    days = log.retention_days.value
    if days is None:
        return "without end"
    run = joined.results.run
    since = run.incident and (run.started - run.incident.window_start).days
    short = f", too short: the window began {since} days ago" if since and since > days else ""
    return f"{days}{short}"


def _moment(moment: datetime | None) -> str:
    return f"{words.utc(moment):%Y-%m-%d %H:%M}" if moment else ""


def _readers(log: LogCoverage) -> str:
    if log.readers is None:
        return ""
    return words.lines(log.readers.value) if isinstance(log.readers, Known) else words.UNKNOWN


def _said(fact: Fact[bool], yes: str, no: str) -> str:
    return words.UNKNOWN if not isinstance(fact, Known) else yes if fact.value else no


def _vendors(joined: Joined) -> Counter[tuple[str, str]]:
    """Return the entries of each vendor that are secrets, with the provider that knows it."""
    providers = {c.vendor: c.provider or "" for c in joined.results.credentials}
    counts: Counter[tuple[str, str]] = Counter()
    for judged in joined.results.classifications:
        if judged.vendor and joined.severity(judged.secret_id) is not Severity.NONE:
            counts[judged.vendor, providers.get(judged.vendor, "")] += 1
    return counts
