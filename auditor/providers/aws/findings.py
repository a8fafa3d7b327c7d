"""Asks GuardDuty, in every enabled region, what it found about the keys of named identities.

Findings about credentials name the access key and whose it is, which joins them to identities; of
a finding only what hunts ask about is kept.
https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache, partial
from typing import Any

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.logfields import Fields, pruned, reviewed, tree
from auditor.models import Gap, Json
from auditor.providers.aws import gaps, parts
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import is_complete
from auditor.providers.aws.jobs import Job, pages, run
from auditor.providers.aws.records import sealed
from auditor.providers.aws.regions import enabled_regions
from auditor.providers.aws.settings import Settings
from auditor.tails import Sealer

PREFIX = "logs/aws/findings/"
"""logs/aws/findings/<account>/<region>: "Findings" as GuardDuty exports them, and "Detectors"."""
_KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{12,}")
_ARN = re.compile(r"arn:[^:]+:iam::(\d{12}):(?:user|role)/(?:.*/)?([^/]+)")
_AT_ONCE = 50
"""Values of one criterion, findings of one answer."""
KEYS, USERS = (f"resource.accessKeyDetails.{name}" for name in ("accessKeyId", "userName"))
_DEEPEST = 8
_CALL = "service.action.awsApiCallAction"
_KEPT = (
    "schemaVersion", "type", "id", "accountId", "region", "createdAt", "updatedAt", "description",
    "resource.accessKeyDetails.accessKeyId", "resource.accessKeyDetails.principalId",
    "resource.accessKeyDetails.userName", "resource.accessKeyDetails.userType",
    f"{_CALL}.api", f"{_CALL}.serviceName", f"{_CALL}.errorCode", f"{_CALL}.userAgent",
    f"{_CALL}.remoteIpDetails.ipAddressV4", f"{_CALL}.remoteIpDetails.country.countryCode",
)  # fmt: skip


def collect(
    settings: Settings,
    sought: Sought,
    collecting: Collecting,
    entered: Mapping[str, Clients],
) -> None:
    """Read the findings of every account about these names into the snapshot."""
    jobs = []
    for account, clients in entered.items():
        wanted = list(criteria(sought.names, account))
        for region in enabled_regions(account, clients, settings, collecting) if wanted else ():
            fill = partial(_ask, clients, region, wanted, sought, collecting.sealer)
            jobs.append(Job(f"{PREFIX}{account}/{region}", fill))
    run(jobs, "asking GuardDuty", settings, collecting, again=True)


def criteria(names: Collection[str], account: str) -> Iterator[tuple[str, list[str]]]:
    """Yield what findings about these names hold: a field, and its values."""
    keys = sorted({name for name in names if _KEY_ID.fullmatch(name)})
    arns = (found for name in names if (found := _ARN.fullmatch(name)))
    users = sorted({arn[2] for arn in arns if arn[1] == account})
    for field, values in ((KEYS, keys), (USERS, users)):
        for start in range(0, len(values), _AT_ONCE):
            yield field, values[start : start + _AT_ONCE]


def _ask(
    clients: Clients,
    region: str,
    wanted: list[tuple[str, list[str]]],
    sought: Sought,
    sealer: Sealer,
    document: dict[str, Any],
) -> None:
    guardduty = clients.other("guardduty", region)
    document |= {"Region": region, "Detectors": [], "Findings": []}
    since, until = (int(moment.timestamp() * 1000) for moment in (sought.since, sought.until))
    for page in pages(guardduty.list_detectors, "NextToken", "NextToken"):
        document["Detectors"] += page["DetectorIds"]
    for detector in document["Detectors"]:
        for field, values in wanted:
            # A finding that was seen again after the window began in it, or before.
            criterion = {
                field: {"Equals": values},
                "updatedAt": {"GreaterThanOrEqual": since},
                "createdAt": {"LessThan": until},
            }
            listing = partial(guardduty.list_findings, DetectorId=detector)
            told: dict[str, Any] = {"FindingCriteria": {"Criterion": criterion}}
            for page in pages(listing, "NextToken", "NextToken", **told):
                if ids := page["FindingIds"]:
                    found = guardduty.get_findings(DetectorId=detector, FindingIds=ids)["Findings"]
                    document["Findings"] += (chosen(one, sealer) for one in found)


def chosen(finding: Mapping[str, Json], sealer: Sealer) -> Json:
    """Return what is kept of a finding, in the spelling of exports, its key under its name."""
    return sealed(pruned(_spelled(finding), _fields()), sealer)


def gaps_of(snapshot: Snapshot) -> Iterator[Gap]:
    """Yield what GuardDuty could not be asked, and where it does not watch."""
    by_account: dict[str, dict[str, Json | None]] = {}
    for key in snapshot.keys(PREFIX):
        account, region = key.removeprefix(PREFIX).split("/", 1)
        by_account.setdefault(account, {})[region] = snapshot.load(key)
    for account, documents in by_account.items():
        refused = {name: one for name, one in documents.items() if not is_complete(one)}
        yield from gaps.gaps_of_each(account, parts.FINDINGS, refused)
        off = [n for n, one in documents.items() if n not in refused and not _detectors(one)]
        if off:
            yield Gap(
                what=f"what GuardDuty would find in {len(off)} regions of AWS account {account}",
                why=f"it is switched off in {', '.join(off[:3])}{' and more' if off[3:] else ''}",
                fix="switch it on in every region that is enabled; it sees nothing of before",
                source=gaps.source_of(account),
                affects=(account,),
            )


def _detectors(document: Json | None) -> bool:
    return bool(isinstance(document, dict) and document.get("Detectors"))


@cache
def _fields() -> Fields:
    return tree((*_KEPT, *reviewed("guardduty")))


def _spelled(value: Any, depth: int = 0) -> Any:
    """Return a finding in the spelling of exports, whose names begin in lower case."""
    if isinstance(value, dict) and depth < _DEEPEST:
        return {key[:1].lower() + key[1:]: _spelled(one, depth + 1) for key, one in value.items()}
    return value
