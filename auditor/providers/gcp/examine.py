"""A few cheap questions to Google Cloud: who am I, what is refused, how long are logs kept.

One page of each kind of reading, all of a stage at once. Keys, logs and use are tried with the
first service account that is seen and its project, as the audit will ask for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from auditor.models import Check, Health, Known
from auditor.providers.gcp.client import Clients
from auditor.providers.gcp.collect import HIERARCHY, enter
from auditor.providers.gcp.documents import entries, is_complete, text
from auditor.providers.gcp.estate import ACCOUNT_ASSET, asset_data
from auditor.providers.gcp.gaps import ENTRY_FIX, gap_of
from auditor.providers.gcp.jobs import Fill, read
from auditor.providers.gcp.logs import days_kept
from auditor.providers.gcp.names import is_agent, project_of_account
from auditor.providers.gcp.paced import deny_parent
from auditor.providers.gcp.rest import Rest
from auditor.providers.gcp.settings import Settings
from auditor.providers.wording import why_of

_ABOUT = "Google Cloud"
_SECONDS = 8
"""For one question, its repetitions included."""
_AT_ONCE = 8
_SEEN = 50
"""Service accounts of the first page: Google's own among them have no keys to try with."""

Question = tuple[str, str]
"""The part of the table that is tried, and of which scope, account or project."""


def examine(settings: Settings) -> Iterator[Check]:
    """Yield what Google answers. Asks nothing where only exports are read."""
    if not settings.live:
        return
    quick = replace(settings, timeout=min(settings.timeout, _SECONDS))
    document, entered = enter(quick)
    if entered is None:
        yield Check(_ABOUT, Health.FAIL, f"cannot be entered: {why_of(document)}", ENTRY_FIX)
        return
    clients, scopes = entered
    try:
        yield from _asked(clients, scopes, Rest(clients.session, quick, first_only=True))
    finally:
        clients.close()


def _asked(clients: Clients, scopes: tuple[str, ...], rest: Rest) -> Iterator[Check]:
    answers = _answers({key: fill for one in scopes for key, fill in _of_scope(clients, one)})
    entry = [doc for (part, _), doc in answers.items() if part in ("policies", "assets")]
    if not any(map(is_complete, entry)):
        says = f"cannot be entered as {clients.who}: {why_of(entry[0])}"
        yield Check(_ABOUT, Health.FAIL, says, ENTRY_FIX)
        return
    yield Check(_ABOUT, Health.OK, f"entered as {clients.who}, reading {', '.join(scopes)}")
    if account := _account(answers):
        answers |= _answers(dict(_of_account(clients, rest, *account)))
    else:
        says = "no service account was seen: what of keys, logs and use is permitted was not tried"
        yield Check(_ABOUT, Health.WARN, says, "check that the scopes hold the projects of CI")
    yield from _refusals(answers)
    yield from _retention(answers)


def _refusals(answers: Mapping[Question, Mapping[str, Any]]) -> Iterator[Check]:
    for (part, name), document in answers.items():
        if not is_complete(document):
            gap = gap_of(part, document, [name])
            yield Check(_ABOUT, Health.WARN, f"{gap.what}: {gap.why}", gap.fix)
    permitted = sum(map(is_complete, answers.values()))
    says = f"{permitted} of {len(answers)} sorts of reading are permitted"
    yield Check(_ABOUT, Health.OK, f"{says}; all it needs: auditor permissions gcp")


def _retention(answers: Mapping[Question, Mapping[str, Any]]) -> Iterator[Check]:
    for (part, name), document in answers.items():
        days = days_kept(document) if part == "logs" else None
        if isinstance(days, Known):
            says = f"{name} keeps Admin Activity logs 400 days, all other logs {days.value} days"
            yield Check(_ABOUT, Health.OK, f"{says}: an older incident needs an archive of logs")


# --- questions -------------------------------------------------------------------------------


def _answers(questions: Mapping[Question, Fill]) -> dict[Question, dict[str, Any]]:
    with ThreadPoolExecutor(_AT_ONCE, "gcp-doctor") as pool:
        return dict(zip(questions, pool.map(read, questions.values()), strict=True))


def _of_scope(clients: Clients, scope: str) -> Iterator[tuple[Question, Fill]]:
    first = partial(_first, clients)
    asset, listed = clients.asset, {"parent": scope, "page_size": _SEEN}
    search = {"scope": scope, "page_size": 1}
    yield ("policies", scope), first(asset.search_all_iam_policies, search)
    resources = listed | {"asset_types": [ACCOUNT_ASSET], "content_type": "RESOURCE"}
    yield ("assets", scope), first(asset.list_assets, resources)
    policies = listed | {"asset_types": list(HIERARCHY), "content_type": "IAM_POLICY"}
    yield ("audit-configs", scope), first(asset.list_assets, policies)
    yield ("deny", scope), first(clients.deny.list_policies, {"parent": deny_parent(scope)})
    if not scope.startswith("folders/"):  # folders have no roles of their own
        roles = {"parent": scope, "page_size": 1}
        yield ("roles", scope), first(clients.iam.list_roles, roles)
    if scope.startswith("organizations/"):
        asked = {"parent": f"{scope}/locations/global", "page_size": 1}
        method = clients.boundaries.list_principal_access_boundary_policies
        yield ("boundaries", scope), first(method, asked)


def _of_account(
    clients: Clients, rest: Rest, email: str, project: str
) -> Iterator[tuple[Question, Fill]]:
    first = partial(_first, clients)
    keys = {"name": f"projects/-/serviceAccounts/{email}"}
    yield ("keys", email), first(clients.iam.list_service_account_keys, keys)
    yield ("groups", email), partial(rest.groups, email)
    yield ("logs", f"projects/{project}"), partial(_logs, clients, project)
    entry = {"resource_names": [f"projects/{project}"], "page_size": 1}
    yield ("uses", project), first(clients.logs.list_log_entries, entry)
    yield ("activity", project), partial(rest.activity, project)
    yield ("insights", project), partial(rest.insights, project)


def _first(clients: Clients, method: Any, asked: dict[str, Any]) -> Fill:
    """Return what puts the first page of a reply into a document."""

    def fill(document: dict[str, Any]) -> None:
        from google.cloud.audit import audit_log_pb2  # noqa: F401, PLC0415 (what entries hold)
        from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

        reply = method(request=asked, **clients.bounds)
        page = next(iter(reply.pages)) if hasattr(reply, "pages") else reply
        document |= MessageToDict(type(page).pb(page))

    return fill


def _logs(clients: Clients, project: str, document: dict[str, Any]) -> None:
    config, where = clients.log_config, f"projects/{project}"
    _first(clients, config.list_sinks, {"parent": where})(document)
    _first(clients, config.list_buckets, {"parent": f"{where}/locations/-"})(document)


def _account(answers: Mapping[Question, Mapping[str, Any]]) -> tuple[str, str] | None:
    """Return the first service account that is a person's to have keys of, and its project."""
    for (part, _), document in answers.items():
        for asset in entries(document, "assets") if part == "assets" else ():
            data = asset_data(asset)
            email = text(data, "email")
            project = text(data, "projectId") or project_of_account(email)
            if email and project and not is_agent(email):
                return email, project
    return None
