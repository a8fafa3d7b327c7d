"""A few cheap questions to each account: who am I, and which refusals would leave what unknown."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from auditor.models import Check, Health
from auditor.providers.aws import gaps, parts
from auditor.providers.aws.athena import planning, told
from auditor.providers.aws.client import Clients, connect
from auditor.providers.aws.documents import refusal
from auditor.providers.aws.parts import Part
from auditor.providers.aws.settings import Account, AthenaTable, Settings
from auditor.providers.wording import why_of

_QUESTIONS: tuple[tuple[Part, str, str, dict[str, Any]], ...] = (
    (parts.DETAILS, "iam", "get_account_authorization_details", {"MaxItems": 1}),
    (parts.KEYS, "iam", "list_access_keys", {}),
    (parts.REPORT, "iam", "get_credential_report", {}),
    (parts.OIDC, "iam", "list_open_id_connect_providers", {}),
    (parts.ORGANIZATION, "organizations", "describe_organization", {}),
    (parts.TRAILS, "cloudtrail", "describe_trails", {}),
    (parts.HISTORY, "cloudtrail", "lookup_events", {"MaxResults": 1}),
    (parts.FINDINGS, "guardduty", "list_detectors", {}),
)
"""One call for each part that may be refused by itself; the first page is enough."""
_ANSWERS = frozenset(
    {
        "AWSOrganizationsNotInUseException",
        "ReportNotPresent",
        "ReportExpired",
        "ReportInProgress",
        "NoSuchEntity",
        "ValidationError",  # the caller is a role: it has no access keys of its own to list
    }
)
"""Errors that answer the question as well as a reply would: the call is permitted."""


def examine(settings: Settings) -> Iterator[Check]:
    """Yield what each account answers, all asked at once; nothing where only exports are read."""
    if settings.live:
        with ThreadPoolExecutor(settings.parallel) as pool:
            of_each = pool.map(lambda one: tuple(_of_account(one, settings)), settings.live)
            yield from chain.from_iterable(of_each)


def _of_account(account: Account, settings: Settings) -> Iterator[Check]:
    import botocore.exceptions  # noqa: PLC0415 (the SDK costs half a second)

    failures = (
        botocore.exceptions.BotoCoreError,
        botocore.exceptions.ClientError,
        LookupError,  # a reply without what every reply has: some other server answers there
    )
    about = f"AWS {account.label}"
    try:
        clients = connect(account, settings)
        arn = clients.sts.get_caller_identity()["Arn"]
    except failures as error:
        gap = gaps.gap_of_entry(account.label, refusal(error))
        yield Check(about, Health.FAIL, f"cannot be entered: {gap.why}", gap.fix)
        return
    yield Check(about, Health.OK, f"entered as {arn}")
    yield from _asked(about, account, clients, failures)
    for one in settings.athena:
        if (one.account or settings.live[0].label) == account.label:
            yield _of_table(one, one.region or settings.region, clients, failures)


def _of_table(
    one: AthenaTable, region: str, clients: Clients, failures: tuple[type[Exception], ...]
) -> Check:
    """Return whether a live hunt would query a table."""
    about = f"Athena table {one.table}"
    athena = clients.other("athena", region)
    try:
        planning.check(athena.get_work_group(WorkGroup=one.workgroup)["WorkGroup"])
    except planning.Refused as refused:
        return Check(about, Health.WARN, f"not asked: {refused.why}", told.FIXES[refused.code])
    except failures as error:
        why = why_of(refusal(error))
        return Check(about, Health.WARN, why, f"grant {parts.ATHENA.permission}")
    return Check(about, Health.OK, f"workgroup {one.workgroup} keeps results with Athena")


def _asked(
    about: str, account: Account, clients: Clients, failures: tuple[type[Exception], ...]
) -> Iterator[Check]:
    refused = 0
    for part, service, method, arguments in _QUESTIONS:
        client = clients.iam if service == "iam" else clients.other(service)
        try:
            getattr(client, method)(**arguments)
        except failures as error:
            document = refusal(error)
            if document["error"] in _ANSWERS:
                continue
            refused += 1
            gap = gaps.gap_of(account.label, part, document)
            yield Check(about, Health.WARN, f"{part.what}: {gap.why}", gap.fix)
    if not refused:
        said = f"{len(_QUESTIONS)} sorts of reading are permitted"
        yield Check(about, Health.OK, f"{said}; all it needs: auditor permissions aws")
