"""Words what tables of Athena were asked and answered: gaps, and how far they could see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from auditor.collecting import Snapshot
from auditor.models import Gap, Json, Known, LogCoverage, Unknown
from auditor.providers.aws import gaps, parts
from auditor.providers.aws.athena.collecting import TABLES
from auditor.providers.aws.documents import LIMIT, is_complete, text
from auditor.providers.wording import why_of

_DAY = len("2023-01-01")
_SHOWN = 3
_MANAGED = (
    'name a workgroup that keeps results with Athena (its query result configuration is "Athena'
    ' managed"), so that no bucket is written'
)
FIXES = {
    "WorkGroup": _MANAGED,
    "Table": "name a table in Glue's catalog that is made as CloudTrail's documentation does",
    "TooMuch": "raise athena_gigabytes of [providers.aws] and the workgroup's limit, or shorten the"
    " window",
    "Unlimited": "set the workgroup's limit of what a query may scan, or grant s3:ListBucket on the"
    " table's bucket",
    "TimeLimit": "raise athena_minutes of [providers.aws]",
    "QueryFailed": "grant what it asks for (the table's objects are read with the audit's own"
    " s3:GetObject and kms:Decrypt), or mend the table",
    "NotEntered": "see the gap of the account",
    LIMIT: "hunt for fewer identities at a time, or in a shorter window",
    "Nobody": "name them (--identity), or those of a run (--from RUN)",
}
"""By a code of ours."""
_OTHERS = {
    "EntityNotFoundException": "check database, table, region and account",
    "InvalidRequestException": "check workgroup, region and account",
}
"""By a code of AWS's."""


def gaps_of(snapshot: Snapshot) -> tuple[Gap, ...]:
    """Return what of the tables could not be had."""
    documents = (snapshot.load(key) for key in snapshot.keys(TABLES))
    keys = snapshot.keys(TABLES)
    return tuple(
        gap
        for key, document in zip(keys, documents, strict=True)
        if isinstance(document, dict)
        for gap in _gaps(_account(key), document)
    )


def accounts_of(snapshot: Snapshot) -> set[str]:
    """Return the accounts of which some table's answers hold events."""
    documents = (snapshot.load(key) for key in snapshot.keys(TABLES))
    return {
        str(account)
        for document in documents
        if isinstance(document, dict)
        for account in document.get("Accounts") or ()
    }


def coverage(account: str, snapshot: Snapshot) -> Iterator[LogCoverage]:
    """Yield each table that was asked in an account: of which time, and what it cannot tell."""
    for key in snapshot.keys(f"{TABLES}{account}/"):
        document = snapshot.load(key)
        if isinstance(document, dict):
            yield _coverage(account, document)


def _account(key: str) -> str:
    return key.removeprefix(TABLES).partition("/")[0]


def _title(document: Mapping[str, Json]) -> str:
    return f"Athena table {text(dict(document), 'Table')} in {text(dict(document), 'Region')}"


def _gaps(account: str, document: Mapping[str, Json]) -> Iterator[Gap]:
    told = dict(document)
    if not is_complete(told):
        yield _failed(account, told)
        return
    if left := told.get("NotFollowed"):
        yield _gap(
            account,
            f"what {left:,} further sessions did, in {_title(told)}",
            "that many are not followed in one hunt",
            "hunt in the objects of the trail instead: --logs FOLDER --source cloudtrail",
        )
    if lacks := told.get("Lacks"):
        blind = ", so sessions were not followed" if "responseElements" in lacks else ""
        yield _gap(
            account,
            f"{_some(lacks)} of the events in {_title(told)}",
            f"the table has no such columns as texts{blind}",
            "make a table with them, as CloudTrail's documentation does",
        )
    if (begins := text(told, "Begins")) > text(told, "Since"):
        yield _gap(
            account,
            f"what happened before {_when(begins)}, in {_title(told)}",
            "the projection of its partitions begins then",
            "let it begin before (projection.….range), where there are older objects",
        )
    listed = told.get("Partitions")
    if missing := listed.get("Missing") if isinstance(listed, dict) else None:
        yield _gap(
            account,
            f"what happened on {_some(missing)}, in {_title(told)}",
            "the table has no partition of these days",
            "add them (ALTER TABLE ADD PARTITION, or partition projection), and hunt again",
        )


def _some(names: list[Json]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(map(str, names[:_SHOWN]))}{more}"


def _failed(account: str, told: dict[str, Json]) -> Gap:
    error = text(told, "error")
    instead = (
        f"or run what `auditor hunts query aws --table {text(told, 'Table')}` prints yourself, and"
        " hunt in its CSV with --logs"
    )
    what = f"events of {text(told, 'Since')[:_DAY]} to {text(told, 'Until')[:_DAY]}"
    some = f", but for {told['Events']:,} that were read" if told.get("Events") else ""
    why = text(told, "message") if error in FIXES else why_of(told)
    fix = FIXES.get(error) or _OTHERS.get(error) or gaps.gap_of(account, parts.ATHENA, told).fix
    return _gap(account, f"{what} in {_title(told)}{some}", why, f"{fix}; {instead}")


def _gap(account: str, what: str, why: str, fix: str) -> Gap:
    return Gap(what, why, fix, source=gaps.source_of(account), affects=(account,))


def _coverage(account: str, told: dict[str, Json]) -> LogCoverage:
    whole = is_complete(told)
    unseen = Unknown(_failed(account, told))
    unknown = Unknown(_reach(account, told)) if whole else unseen
    return LogCoverage(
        source=gaps.source_of(account),
        log=_title(told),
        enabled=Known(value=True) if whole else unseen,
        level="what the trails in it record",
        retention_days=unknown,
        records_ips=Known(value=True),
        central=unknown,
        never="; ".join(_never(told)),
    )


def _reach(account: str, told: dict[str, Json]) -> Gap:
    return _gap(
        account,
        f"how far back {_title(told)} reaches, and whose bucket it reads",
        "the catalog does not say",
        f"look at the life cycle and the owner of {text(told, 'Location') or 'its bucket'}",
    )


def _never(told: Mapping[str, Json]) -> Iterator[str]:
    if not is_complete(dict(told)):
        some = f"all but {told['Events']:,} events" if told.get("Events") else "anything"
        yield f"{some}: it gave no whole answer"
        return
    yield "trails and accounts whose logs are not below the table's location"
    if told.get("Location"):
        yield f"it reads {told['Location']}"
    yield f"it was asked for {_when(told['Since'])} to {_when(told['Until'])}"
    if told.get("Events"):
        span = f"{_when(told['First'])} to {_when(told['Last'])}"
        yield f"{told['Events']:,} events of {span} came"
    else:
        yield "no event came"
    listed = told.get("Partitions")
    if isinstance(listed, dict) and listed.get("First"):
        yield f"its partitions of that time are of {listed['First']} to {listed['Last']}"
    elif isinstance(listed, dict):
        yield f"its partitions could not be listed: {why_of(listed)}"
    for key, values in (told.get("Only") or {}).items():
        yield f"another {key} than {_some(values)}"
    if told.get("Projected"):
        yield "its partitions are projected: whether there are objects in each, it does not tell"


def _when(moment: str) -> str:
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}"
    except ValueError:
        return moment[:16]
