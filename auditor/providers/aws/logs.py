"""Tells how far the logs of an account see: CloudTrail's event history and trails, GuardDuty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.collecting import Snapshot
from auditor.models import Fact, Gap, Json, Known, LogCoverage, Unknown
from auditor.providers.aws import athena, gaps, parts
from auditor.providers.aws.documents import document_key, entries, is_complete, text

_HISTORY = "CloudTrail event history"
HISTORY_DAYS = 90
"""https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html"""
FINDING_DAYS = 90
"""https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_limits.html"""
_DATA = "reads and writes of data (S3 objects, Lambda invocations, DynamoDB items)"
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs of one account, and what could not be read of them."""

    coverage: tuple[LogCoverage, ...]
    gaps: tuple[Gap, ...]
    reading: Mapping[str, tuple[str, str]]
    """By the name of a log, the action and the resource by which the account's own read it."""


def read_logs(account: str, snapshot: Snapshot) -> Logs:
    """Return what the documents of an account tell of its logs."""
    trails = snapshot.load(document_key(account, "trails"))
    detectors = snapshot.load(document_key(account, "detectors"))
    coverage = (
        _history(account),
        *_trails(account, trails),
        *_guardduty(account, detectors),
        *athena.coverage(account, snapshot),
    )
    facts = (fact for log in coverage for fact in (log.enabled, log.retention_days, log.central))
    missing = dict.fromkeys(fact.gap for fact in facts if isinstance(fact, Unknown))
    missing |= dict.fromkeys(_unselected(account, trails))
    return Logs(coverage, tuple(missing), dict(_reading(account, trails)))


def _unselected(account: str, trails: Json | None) -> Iterator[Gap]:
    """Yield the gap of each trail of which nobody could read what it records."""
    for trail in entries(trails, "trailList"):
        selectors = trail.get("Selectors")
        if isinstance(selectors, dict) and "error" in selectors:
            yield gaps.gap_of(account, parts.TRAILS, selectors, [text(trail, "Name")])


def _reading(account: str, trails: Json | None) -> Iterator[tuple[str, tuple[str, str]]]:
    yield _HISTORY, ("cloudtrail:LookupEvents", "*")
    for trail in entries(trails, "trailList"):
        bucket = trail.get("Bucket")
        if isinstance(bucket, dict) and bucket.get("Own") is True:
            partition = text(trail, "TrailARN").split(":")[1:2] or ["aws"]
            folder = f"{text(trail, 'S3KeyPrefix')}/AWSLogs/{account}/CloudTrail/".lstrip("/")
            place = f"arn:{partition[0]}:s3:::{text(trail, 'S3BucketName')}/{folder}"
            yield _title(trail), ("s3:GetObject", place)


def _title(trail: Mapping[str, Json]) -> str:
    return f"CloudTrail trail {text(trail, 'Name')}"


def _history(account: str) -> LogCoverage:
    return LogCoverage(
        source=gaps.source_of(account),
        log=_HISTORY,
        enabled=Known(value=True),  # nobody can switch it off
        level="management",
        retention_days=Known(HISTORY_DAYS),
        records_ips=Known(value=True),
        central=Known(value=False),
        never=f"{_DATA}, and anything older than {HISTORY_DAYS} days; each region shows its own",
    )


# --- trails ----------------------------------------------------------------------------------


def _trails(account: str, document: Json | None) -> Iterator[LogCoverage]:
    found = entries(document, "trailList")
    for trail in found:
        yield _trail(account, trail)
    if document is None or "error" in document:
        yield _unseen(account, "CloudTrail trails", gaps.gap_of(account, parts.TRAILS, document))
    elif not found:
        yield _absent(account, "CloudTrail trail", "management", "anything: there is no trail")


def _trail(account: str, trail: Mapping[str, Json]) -> LogCoverage:
    status, selectors, bucket = (trail.get(part) for part in ("Status", "Selectors", "Bucket"))
    gap = gaps.gap_of(account, parts.TRAILS, bucket, [text(trail, "Name")])
    level, never = _recorded(trail, selectors)
    if error := text(status, "LatestDeliveryError"):
        never.append(f"what it fails to deliver ({error})")
    return LogCoverage(
        source=gaps.source_of(account),
        log=_title(trail),
        enabled=_logging(account, trail, status),
        level=level,
        retention_days=_retention(bucket, gap),
        records_ips=Known(value=True),
        central=_central(account, trail, bucket, gap),
        never="; ".join(never),
        misses=tuple(_misses(trail)),
    )


def _misses(trail: Mapping[str, Json]) -> Iterator[str]:
    """Yield where a trail shows nothing: a single region's has global services in theirs alone.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
    """
    if trail.get("IsMultiRegionTrail") is not True:
        yield "regions"
        yield "global"
    elif trail.get("IncludeGlobalServiceEvents") is False:
        yield "global"


def _logging(account: str, trail: Mapping[str, Json], status: Json | None) -> Fact[bool]:
    found = status.get("IsLogging") if isinstance(status, dict) else None
    if isinstance(found, bool):
        return Known(found)
    return Unknown(gaps.gap_of(account, parts.TRAILS, status, [text(trail, "Name")]))


def _central(account: str, trail: Mapping[str, Json], bucket: Json | None, gap: Gap) -> Fact[bool]:
    """Return whether the trail's files are kept in another account."""
    own_trail = f":{account}:" in text(trail, "TrailARN")
    if trail.get("IsOrganizationTrail") is True and not own_trail:
        return Known(value=True)
    own = bucket.get("Own") if isinstance(bucket, dict) else None
    return Known(not own) if isinstance(own, bool) else Unknown(gap)


def _retention(bucket: Json | None, gap: Gap) -> Fact[int | None]:
    """Return after how many days the bucket deletes every object of its own accord.

    A rule that is for some objects only is left out where it could be for others than the trail's.
    """
    if not isinstance(bucket, dict) or "error" in bucket:
        return Unknown(gap)
    if bucket.get("Own") is False:
        return Unknown(
            Gap(
                what=gap.what.replace(parts.TRAILS.what, "retention of the CloudTrail trails"),
                why="its bucket belongs to another account",
                fix="look at the life cycle of the bucket in its own account",
                source=gap.source,
                affects=gap.affects,
            )
        )
    days = [
        rule["Expiration"]["Days"]
        for rule in entries(bucket, "Rules")
        if text(rule, "Status") == "Enabled"
        and isinstance(rule.get("Expiration"), dict)
        and isinstance(rule["Expiration"].get("Days"), int)
        and _for_trails(rule)
    ]
    return Known(min(days, default=None))


def _for_trails(rule: Mapping[str, Json]) -> bool:
    """Return whether a life cycle rule may delete files of a trail, which are below AWSLogs/."""
    told = rule.get("Filter")
    if isinstance(told, dict) and isinstance(told.get("And"), dict):
        told = told["And"]
    prefix = text(rule, "Prefix") or text(told, "Prefix")
    return not prefix or "AWSLogs" in prefix or "AWSLogs/".startswith(prefix)


# --- what a trail records --------------------------------------------------------------------


def _recorded(trail: Mapping[str, Json], selectors: Json | None) -> tuple[str, list[str]]:
    """Return the level of a trail, and what it can never show."""
    never = []
    if trail.get("IsMultiRegionTrail") is not True:
        never.append(f"regions other than {text(trail, 'HomeRegion')}")
    if trail.get("IncludeGlobalServiceEvents") is False:
        never.append("events of IAM and STS")
    if not isinstance(selectors, dict) or "error" in selectors:
        return "not known", [*never, "what it leaves out is not known"]
    kinds = [*_basic(selectors), *_advanced(selectors)]
    management = [kind for kind in kinds if kind.category == "Management"]
    types = sorted({type_ for kind in kinds if kind.category == "Data" for type_ in kind.types})
    never += _left_out(management)
    never.append(f"data events of other types than {_named(types)}" if types else _DATA)
    level = [_management_level(management)] if management else []
    level += [f"data ({_named(types)})"] if types else []
    return " and ".join(level) or "nothing", never


@dataclass(frozen=True, slots=True)
class _Selected:
    """What one selector has recorded: a category, reads or writes or both ("")."""

    category: str
    types: tuple[str, ...] = ()
    only: str = ""
    without: tuple[str, ...] = ()


_ONLY = {"ReadOnly": "reads", "WriteOnly": "writes"}


def _basic(selectors: Mapping[str, Json]) -> Iterator[_Selected]:
    for selector in entries(selectors, "EventSelectors"):
        only = _ONLY.get(text(selector, "ReadWriteType"), "")
        if selector.get("IncludeManagementEvents") is True:
            without = tuple(map(str, selector.get("ExcludeManagementEventSources") or ()))
            yield _Selected("Management", only=only, without=without)
        if types := tuple(text(r, "Type") for r in entries(selector, "DataResources")):
            yield _Selected("Data", types, only)


def _advanced(selectors: Mapping[str, Json]) -> Iterator[_Selected]:
    """Yield the advanced selectors.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    for selector in entries(selectors, "AdvancedEventSelectors"):
        fields = {text(f, "Field"): f for f in entries(selector, "FieldSelectors")}
        equal = {name: tuple(map(str, f.get("Equals") or ())) for name, f in fields.items()}
        read_only = equal.get("readOnly", ())
        only = {"true": "reads", "false": "writes"}.get(read_only[0] if read_only else "", "")
        source = fields.get("eventSource", {})
        yield _Selected(
            category=next(iter(equal.get("eventCategory", ())), ""),
            types=equal.get("resources.type", ()),
            only=only,
            without=tuple(map(str, source.get("NotEquals") or ())),
        )


def _management_level(found: list[_Selected]) -> str:
    only = {kind.only for kind in found}
    return f"management ({only.pop()} only)" if len(only) == 1 and "" not in only else "management"


def _left_out(management: list[_Selected]) -> Iterator[str]:
    if not management:
        yield "management events"
        return
    only = {kind.only for kind in management}
    if only == {"reads"}:
        yield "management events that write"
    if only == {"writes"}:
        yield "management events that read"
    without = set(management[0].without).intersection(*(kind.without for kind in management))
    if without:
        yield f"management events of {_named(sorted(without))}"


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


# --- GuardDuty -------------------------------------------------------------------------------


def _guardduty(account: str, document: Json | None) -> Iterator[LogCoverage]:
    region = text(document, "Region")
    log = f"GuardDuty in {region}" if region else "GuardDuty"
    if document is None or not is_complete(document):
        yield _unseen(account, log, gaps.gap_of(account, parts.DETECTORS, document))
        return
    states = {text(found, "Status") for found in entries(document, "Detectors")}
    states |= {""} if document.get("DetectorIds") else set()
    if "ENABLED" not in states and "" in states:  # exported without its state
        yield _unseen(account, log, gaps.gap_of(account, parts.DETECTORS, None))
        return
    if "ENABLED" not in states:
        yield _absent(account, log, "findings", "anything: it is switched off in this region")
        return
    yield LogCoverage(
        source=gaps.source_of(account),
        log=log,
        enabled=Known(value=True),
        level="findings",
        retention_days=Known(FINDING_DAYS),
        records_ips=Known(value=True),
        central=Known(value=False),
        never="what it does not find suspicious, and other regions",
    )


# --- logs that are not there -----------------------------------------------------------------


def _unseen(account: str, log: str, gap: Gap) -> LogCoverage:
    unknown = Unknown(gap)
    return LogCoverage(
        source=gaps.source_of(account),
        log=log,
        enabled=unknown,
        level="not known",
        retention_days=unknown,
        records_ips=unknown,
        central=unknown,
        never="not known",
    )


def _absent(account: str, log: str, level: str, never: str) -> LogCoverage:
    return LogCoverage(
        source=gaps.source_of(account),
        log=log,
        enabled=Known(value=False),
        level=level,
        retention_days=Known(0),
        records_ips=Known(value=False),
        central=Known(value=False),
        never=never,
    )
