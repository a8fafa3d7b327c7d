"""The table Secrets: one row for each place a credential is kept, what to do and who does it.

Each line of `FIELDS` is one column and how its value is read. The order is what a person sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.classify.catalogue import kinds
from auditor.models import AccessKey, HumanEdit, NoMatch, Reason, Role
from auditor.report.rows import hunts, people, vanished, waivers, words
from auditor.report.rows.join import Joined, SecretRow, Vanished
from auditor.report.tables import Column, Kind, Owner, Row, Table, Value

NAME = "Secrets"
ID = "Secret ID"
PRINTED = people.NOTES
"""The last column that is printed."""
WRAPPED = frozenset(
    {"Secret name", "Where", "Identity", "Why", "Rotation verdict", people.NOTES, "What to do"}
)
"""What is read as sentences; the rest stays on one line, so that rows stay low."""


NO_JOBS = "no job was looked at (usage_budget)"
_JOBS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Field:
    """A column and how its value is read from a row."""

    column: Column
    read: Callable[[SecretRow, Joined], Value]


def table(joined: Joined, left: Callable[[Vanished], bool] = lambda _: False) -> Table:
    """Return the table, worst first, and after it the rows that this run did not find again.

    `left` tells which of these have moved to another sheet.
    """
    return Table(NAME, COLUMNS, lambda: _rows(joined, left))


def human(edit: HumanEdit) -> dict[str, Value]:
    """Return what people wrote, by header; a text in a date column stays that text."""
    return {
        people.STATUS: edit.status,
        people.OWNER: edit.owner,
        people.DUE: edit.due or edit.other.get(people.DUE),
        people.TICKET: edit.ticket,
        people.NOTES: edit.notes,
        people.EXCEPTION: edit.exception_until or edit.other.get(people.EXCEPTION),
    }


def gone_row(gone: Vanished, joined: Joined) -> Row:
    """Return the row of an entry that this run did not find."""
    edit = joined.results.edits.get(gone.id, HumanEdit())
    cells = {**vanished.cells(gone, edit, joined), **human(edit), ID: gone.id}
    return [cells.get(column.header) for column in COLUMNS]


def _rows(joined: Joined, left: Callable[[Vanished], bool]) -> Iterator[Row]:
    for row in joined.rows():
        yield [field.read(row, joined) for field in FIELDS]
    yield from (gone_row(gone, joined) for gone in joined.vanished if not left(gone))


def _tool(
    header: str,
    width: int,
    read: Callable[[SecretRow, Joined], Value],
    note: str,
    kind: Kind = Kind.TEXT,
) -> Field:
    return Field(Column(header, Owner.TOOL, width, kind, note, header in WRAPPED), read)


def _people(header: str, width: int, note: str, kind: Kind = Kind.TEXT) -> Field:
    return Field(
        Column(header, Owner.HUMAN, width, kind, note, header in WRAPPED),
        lambda row, _: human(row.edit)[header],
    )


# --- values ----------------------------------------------------------------------------------


def _why(row: SecretRow, _: Joined) -> str:
    """Return the three weightiest reasons as one sentence."""
    reasons = sorted(row.assessment.reasons, key=lambda reason: -abs(reason.points))[:3]
    said = "; ".join(reason.text.rstrip(".") for reason in reasons)
    return said[:1].upper() + said[1:]


def _identity(row: SecretRow, _: Joined) -> str:
    """Return whose credential it is, every candidate named, or why nobody is."""
    if row.identities:
        first, *others = (identity.name or identity.id for identity in row.identities)
        return f"{first} (or {', or '.join(others)})" if others else first
    if isinstance(row.outcome, NoMatch):
        if row.outcome.searched:
            return "in no configured account"
        return f"{words.UNKNOWN}: {row.outcome.gap.why}"
    return words.UNKNOWN if row.credential and row.credential.provider else ""


def _unasked(row: SecretRow) -> str:
    """Return the word for not knowing where nobody asked the provider, "" where that is no lack."""
    asked = not isinstance(row.outcome, NoMatch) or row.outcome.searched
    return "" if asked else words.UNKNOWN


def _abilities(row: SecretRow, _: Joined) -> str:
    return words.abilities(row.resolution) if row.identities else _unasked(row)


def _path(row: SecretRow, _: Joined) -> str:
    return words.path(row.resolution) if row.identities else _unasked(row)


def _provider(row: SecretRow, _: Joined) -> str:
    if row.identities:
        return row.identities[0].provider
    return (row.credential.provider if row.credential else "") or row.classification.vendor


def _account(row: SecretRow, _: Joined) -> str:
    return row.identities[0].account if row.identities else _unasked(row)


def _key(row: SecretRow) -> AccessKey | None:
    if row.best is None:
        return None
    keys = (key for identity in row.identities for key in identity.keys)
    return next((key for key in keys if key.label == row.best.key), None)


def _key_created(row: SecretRow, _: Joined) -> Value:
    key = _key(row)
    return words.day(key.created) if key else _unasked(row)


def _last_used(row: SecretRow, _: Joined) -> Value:
    key = _key(row)
    return words.last_used(key.last_used) if key else _unasked(row)


def _age(row: SecretRow, joined: Joined) -> int | None:
    written = row.secret.last_written
    days = (joined.options.today - words.utc(written).date()).days if written else None
    return days if days is None else max(0, days)  # clocks differ, and are set back


def _sla(row: SecretRow, joined: Joined) -> int | None:
    return people.sla_days(joined.options.sla, row.assessment.severity)


def _explained(row: SecretRow, _: Joined) -> str:
    return words.lines(_reason(reason) for reason in row.assessment.reasons)


def _reason(reason: Reason) -> str:
    return f"{reason.points:+d} {reason.text}"


def _evidence(row: SecretRow, _: Joined) -> str:
    """Return the facts behind the identity, or behind there being none."""
    if row.outcome is None:
        return ""
    facts = row.outcome.evidence if isinstance(row.outcome, NoMatch) else row.outcome.best.evidence
    reason = row.outcome.gap.why if isinstance(row.outcome, NoMatch) else ""
    return words.lines((*(f"{fact.fact} ({fact.source})" for fact in facts), reason))


def _projects(row: SecretRow, _: Joined) -> Value:
    return words.number(row.secret.exposure.project_count)


def _verdict(row: SecretRow, _: Joined) -> str:
    return words.verdict(row.verdict, contradicted=people.contradicted(row.edit, row.verdict))


def _proof(row: SecretRow, _: Joined) -> str:
    return words.proof(row.verdict)


def _waiver(row: SecretRow, joined: Joined) -> str:
    return waivers.said(row.waiver, joined.options.today)


def _jobs(row: SecretRow, joined: Joined) -> str:
    """Return the jobs that were seen to receive it, those that name it first."""
    if not (joined.results.uses or joined.results.job_runs):
        return NO_JOBS
    uses = joined.uses(row.secret.scope.id)
    naming = [one for one in uses if row.secret.name in one.names]
    others = [one for one in uses if row.secret.name not in one.names and one.by_context]
    said = [f"{one.job} of {one.project}, which names it" for one in naming]
    return words.some([*said, *(f"{one.job} of {one.project}" for one in others)], _JOBS_SHOWN)


def _found(row: SecretRow, joined: Joined) -> str:
    return hunts.of_secret(row.secret, row.identities, joined)


def _console(row: SecretRow, _: Joined) -> str | None:
    """Return the identity's page, else the page where such credentials are managed."""
    if row.identities:
        return row.identities[0].console_url
    kind = kinds().get(row.classification.kind)
    secret = row.classification.role is Role.SECRET
    return kind.console or None if kind and secret else None


# --- columns ---------------------------------------------------------------------------------

FIELDS: tuple[Field, ...] = (
    _tool(ID, 14, lambda row, _: row.secret.id, "Stable across runs; cite it in tickets."),
    _tool(
        "Severity",
        10,
        lambda row, _: row.assessment.severity.value,
        "How bad a leak would be. Unknown may be as bad as Critical.",
        Kind.SEVERITY,
    ),
    _tool("Rotate", 17, lambda row, _: row.assessment.rotate.value, "What to do now."),
    _tool("Secret name", 30, lambda row, _: row.secret.name, "Its value is never read."),
    _tool("Where", 28, lambda row, _: words.where(row.secret.scope), "Where the CI system has it."),
    _tool("Identity", 24, _identity, "Whose credential it is at the provider."),
    _tool("Why", 46, _why, "The weightiest reasons for the severity."),
    _tool(
        "Rotation verdict",
        22,
        _verdict,
        "How far the replacement has come, as both sides show it.",
    ),
    _people(
        people.STATUS, 17, "Where the work stands. Rotated, Accepted risk, Not applicable: closed."
    ),
    _people(people.OWNER, 16, "Who is responsible."),
    _people(people.DUE, 12, "Proposed once, from first seen and the SLA; then yours.", Kind.DATE),
    _tool(
        "Days over",
        8,
        lambda row, _: row.days_over,
        "Days past the due date, as of this run.",
        Kind.NUMBER,
    ),
    _people(people.TICKET, 15, "Your tracker's reference."),
    _people(people.NOTES, 34, "Anything worth keeping."),
    _people(
        people.EXCEPTION, 13, "Last day of an accepted risk; after it the row is open.", Kind.DATE
    ),
    _tool("What to do", 46, lambda row, _: row.assessment.advice, "And where to do it."),
    _tool("What it can do", 34, _abilities, "The identity's capabilities, worst first."),
    _tool("Escalation path", 40, _path, "The way to the worst."),
    _tool(
        "Used by (projects)",
        10,
        _projects,
        "How many projects can reach it.",
        Kind.NUMBER,
    ),
    _tool(
        "Seen in jobs",
        30,
        _jobs,
        "Jobs that receive it, among those looked at: a sample, so none proves nothing.",
    ),
    _tool(
        "Open to", 30, lambda row, _: words.exposure(row.secret.exposure), "Who can make use of it."
    ),
    _tool("Kind", 20, lambda row, _: row.classification.kind, "What its name says it is."),
    _tool("Role", 13, lambda row, _: row.classification.role.value, "Secret or not, by its name."),
    _tool("Store", 18, lambda row, _: row.secret.store, "Kind of store in the CI system."),
    _tool("Provider", 12, _provider, "Who issued the credential."),
    _tool("Account", 16, _account, "The provider's account."),
    _tool(
        "Set in CI", 12, lambda row, _: words.day(row.secret.created), "First stored.", Kind.DATE
    ),
    _tool(
        "Changed in CI", 12, lambda row, _: words.day(row.secret.updated), "Last stored.", Kind.DATE
    ),
    _tool("Credential created", 12, _key_created, "At the provider.", Kind.DATE),
    _tool("Last used", 12, _last_used, "At the provider.", Kind.DATE),
    _tool("Log findings", 22, _found, "Stories on sheet Hunts; not visible is never none."),
    _tool("Age (days)", 8, _age, "Since the CI system last stored it.", Kind.NUMBER),
    _tool("SLA (days)", 8, _sla, "Allowed for this severity.", Kind.NUMBER),
    _tool("First seen", 12, lambda row, _: words.day(row.seen.first), "By a run here.", Kind.DATE),
    _tool("Last seen", 12, lambda row, _: words.day(row.seen.last), "By a run here.", Kind.DATE),
    _tool(
        "Confidence",
        11,
        lambda row, _: row.assessment.confidence.value,
        "How sure the severity is; kept apart from how bad it is.",
    ),
    _tool("Score", 8, lambda row, _: row.assessment.score, "0 to 100.", Kind.NUMBER),
    _tool("Score explained", 46, _explained, "Every reason with its points."),
    _tool("Evidence", 46, _evidence, "The facts behind the identity and where they come from."),
    _tool("Proof of rotation", 46, _proof, "What the verdict rests on."),
    _tool("Waiver", 30, _waiver, "A risk accepted in the configuration, and until when."),
    _tool("CI system", 11, lambda row, _: row.secret.source, "Where it was read."),
    _tool("Organization", 18, lambda row, _: row.secret.scope.organization, "In the CI system."),
    _tool("Open in CI", 30, lambda row, _: row.secret.url, "Its page.", Kind.LINK),
    _tool("Open in console", 30, _console, "Where to revoke it.", Kind.LINK),
)
"""Every column with how to read it."""

COLUMNS: tuple[Column, ...] = tuple(field.column for field in FIELDS)
