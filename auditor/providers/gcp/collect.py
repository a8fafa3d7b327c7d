"""Reads Google Cloud through the real clients into the snapshot. Nothing is changed anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from auditor.collecting import Collecting
from auditor.providers.gcp.client import Clients, connect
from auditor.providers.gcp.documents import (
    TAILS,
    document_key,
    is_complete,
    refusal,
    sealed_key,
    sealed_tails,
    text,
)
from auditor.providers.gcp.estate import (
    ACCOUNT_ASSET,
    FOLDER_ASSET,
    ORGANIZATION_ASSET,
    PROJECT_ASSET,
    PROVIDER_ASSET,
    Estate,
    read_estate,
)
from auditor.providers.gcp.jobs import Job, Pace, listed, pages, read, run
from auditor.providers.gcp.names import is_agent
from auditor.providers.gcp.paced import guardrail_jobs
from auditor.providers.gcp.rest import Rest
from auditor.providers.gcp.seen import DAYS, MOST_ENTRIES
from auditor.providers.gcp.settings import Settings
from auditor.providers.gcp.trust import pools
from auditor.tails import Sealer

HIERARCHY = (PROJECT_ASSET, FOLDER_ASSET, ORGANIZATION_ASSET)
_RESOURCES = (*HIERARCHY, ACCOUNT_ASSET, PROVIDER_ASSET)
_POLICIES_PAGE, _ASSETS_PAGE, _ROLES_PAGE = 500, 1000, 1000


def collect(settings: Settings, collecting: Collecting, pace: Pace | None = None) -> None:
    """Read the scopes. MissingExtra without the SDKs; nothing else is raised."""
    reader = _Reader(settings, collecting, pace)
    entered = reader.enter()
    if entered is None:
        return
    try:
        reader.read(*entered)
    finally:
        entered[0].close()


def enter(settings: Settings) -> tuple[dict[str, Any], tuple[Clients, tuple[str, ...]] | None]:
    """Return what came of entering, with clients and scopes where the credentials are of use.

    MissingExtra without the SDKs.
    """
    found: list[tuple[Clients, tuple[str, ...]]] = []

    def fill(document: dict[str, Any]) -> None:
        clients = connect(settings)
        scopes = settings.scopes or _widest(clients)
        document["scopes"] = list(scopes)
        found.append((clients, scopes))

    document = read(fill)
    if not document.get("scopes") and is_complete(document):
        document |= refusal("NoScope", "the credentials name no project, and no scope is set")
    return document, found[0] if found and is_complete(document) else None


class _Reader:
    """One audit of Google Cloud, stage by stage; each stage asks for what the one before named."""

    def __init__(self, settings: Settings, collecting: Collecting, pace: Pace | None) -> None:
        self._settings = settings
        self._collecting = collecting
        most = settings.guardrails_most
        self._pace = pace or Pace(settings.guardrails_per_minute, most)

    def enter(self) -> tuple[Clients, tuple[str, ...]] | None:
        """Return the clients and the scopes, None where the credentials are of no use."""
        document, entered = enter(self._settings)
        self._collecting.snapshot.save(document_key("entry", "default"), document)
        return entered

    def read(self, clients: Clients, scopes: tuple[str, ...]) -> None:
        """Read everything that the scopes hold."""
        self._run(_scope_jobs(clients, scopes), "reading Google Cloud policies")
        estate = read_estate(self._collecting.snapshot)
        self._seal(estate)
        self._collecting.progress.note(budget(estate, self._settings))
        sealer = self._collecting.sealer
        self._run(_role_jobs(clients, estate), "reading Google Cloud roles")
        self._run(_key_jobs(clients, estate, sealer), "listing service account keys")
        estate = read_estate(self._collecting.snapshot)
        rest = Rest(clients.session, self._settings)
        self._run(
            _project_jobs(clients, rest, estate, self._collecting.now),
            "reading Google Cloud logs and use",
        )
        self._run(guardrail_jobs(clients, estate, self._pace), "reading deny policies", parallel=1)

    def _run(self, jobs: Iterator[Job], step: str, parallel: int = 0) -> None:
        run(jobs, step, parallel or self._settings.parallel, self._collecting)

    def _seal(self, estate: Estate) -> None:
        names = {*estate.projects, *estate.numbers} - {""}  # variables hold either
        tails = sealed_tails(sorted(names), pools(estate), self._collecting.sealer)
        self._collecting.snapshot.save(TAILS, tails)


def budget(estate: Estate, settings: Settings) -> str:
    """Return how many calls the run will make from here on, in words."""
    accounts = [email for email in estate.emails if not is_agent(email)]
    most, pace = settings.guardrails_most, settings.guardrails_per_minute
    parts = [
        f"{len(accounts)} listings of keys (quota 6000 a minute)",
        f"{3 + len(_custom_parents(estate))} pages of roles",
        f"at most {6 * len(estate.projects)} reads of logs and use",
        f"at most {most} of deny policies and access boundaries, {pace} a minute",
    ]
    return f"Google Cloud: the run makes {', '.join(parts)}; AnalyzeIamPolicy is not used"


# --- scopes ----------------------------------------------------------------------------------


def _widest(clients: Clients) -> tuple[str, ...]:
    """Return the widest scope above the credentials' project whose policies may be searched."""
    from google.api_core.exceptions import GoogleAPICallError  # noqa: PLC0415

    if not clients.project:
        return ()
    own = f"projects/{clients.project}"
    asked = {"parent": own, "asset_types": [PROJECT_ASSET], "content_type": "RESOURCE"}
    found: list[Any] = []
    listed(clients.asset.list_assets(request=asked, **clients.bounds), "assets", found)
    for scope in reversed([*(found[0].get("ancestors", ()) if found else ())]):
        try:
            probe = {"scope": scope, "page_size": 1}
            next(clients.asset.search_all_iam_policies(request=probe, **clients.bounds).pages)
        except GoogleAPICallError:
            continue  # a narrower one is tried; what is above it becomes a gap
        return (scope,)
    return (own,)


def _scope_jobs(clients: Clients, scopes: tuple[str, ...]) -> Iterator[Job]:
    for scope in scopes:
        yield Job(document_key("policies", scope), partial(_policies, clients, scope))
        yield resources_job(clients, scope)
        fill = partial(_assets, clients, scope, "IAM_POLICY", HIERARCHY)
        yield Job(document_key("audit-configs", scope), fill)


def resources_job(clients: Clients, scope: str) -> Job:
    """Return what reads which projects and service accounts a scope holds."""
    fill = partial(_assets, clients, scope, "RESOURCE", _RESOURCES)
    return Job(document_key("assets", scope), fill)


def _policies(clients: Clients, scope: str, document: dict[str, Any]) -> None:
    document |= {"scope": scope, "results": []}
    asked = {"scope": scope, "page_size": _POLICIES_PAGE}
    found = clients.asset.search_all_iam_policies(request=asked, **clients.bounds)
    listed(found, "results", document["results"])


def _assets(
    clients: Clients, scope: str, content: str, types: tuple[str, ...], document: dict[str, Any]
) -> None:
    document |= {"scope": scope, "assets": []}
    asked = {
        "parent": scope,
        "asset_types": list(types),
        "content_type": content,
        "page_size": _ASSETS_PAGE,
    }
    found = clients.asset.list_assets(request=asked, **clients.bounds)
    listed(found, "assets", document["assets"])


# --- roles and keys --------------------------------------------------------------------------


def _custom_parents(estate: Estate) -> tuple[str, ...]:
    parents = {b.role.partition("/roles/")[0] for b in estate.bindings if "/roles/" in b.role}
    return tuple(sorted(parents))


def _role_jobs(clients: Clients, estate: Estate) -> Iterator[Job]:
    """Yield a job for Google's roles, and one for each place that has its own."""
    wanted = frozenset(binding.role for binding in estate.bindings)
    for parent in ("", *_custom_parents(estate)):
        fill = partial(_roles, clients, parent, wanted)
        yield Job(document_key("roles", parent or "predefined"), fill)


def _roles(clients: Clients, parent: str, wanted: frozenset[str], document: dict[str, Any]) -> None:
    """Keep the roles that bindings name; of the thousands of others nobody asks."""
    document |= {"roles": []}
    asked = {"parent": parent, "view": "FULL", "page_size": _ROLES_PAGE, "show_deleted": True}
    for page in pages(_pager(clients.iam.list_roles, asked, clients)):
        document["roles"] += [r for r in page.get("roles", ()) if text(r, "name") in wanted]


def _pager(method: Any, asked: dict[str, Any], clients: Clients) -> Any:
    return method(request=asked, **clients.bounds)


def _key_jobs(clients: Clients, estate: Estate, sealer: Sealer) -> Iterator[Job]:
    for email in estate.emails:
        if not is_agent(email):
            fill = partial(_keys, clients, email, sealer)
            yield Job(document_key("keys", email), fill)


def _keys(clients: Clients, email: str, sealer: Sealer, document: dict[str, Any]) -> None:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    document |= {"email": email}
    asked = {"name": f"projects/-/serviceAccounts/{email}"}
    reply = clients.iam.list_service_account_keys(request=asked, **clients.bounds)
    told = MessageToDict(type(reply).pb(reply))
    document["keys"] = [sealed_key(key, sealer) for key in told.get("keys", ())]


# --- logs and use ----------------------------------------------------------------------------


def _project_jobs(clients: Clients, rest: Rest, estate: Estate, now: datetime) -> Iterator[Job]:
    projects = sorted({estate.project_of(email) for email in estate.keyed} - {""})
    for place in (*(f"projects/{project}" for project in projects), *estate.above_projects):
        yield Job(document_key("logs", place), partial(_logs, clients, place))
    for project in projects:
        yield Job(document_key("activity", project), partial(rest.activity, project))
        yield Job(document_key("insights", project), partial(rest.insights, project))
        yield Job(document_key("uses", project), partial(_uses, clients, project, now))
    if estate.bound_groups:
        for email in estate.keyed:
            yield Job(document_key("groups", email), partial(rest.groups, email))


def _logs(clients: Clients, place: str, document: dict[str, Any]) -> None:
    document |= {"resource": place, "buckets": [], "sinks": []}
    where = {"parent": f"{place}/locations/-"}
    listed(
        clients.log_config.list_buckets(request=where, **clients.bounds),
        "buckets",
        document["buckets"],
    )
    listed(
        clients.log_config.list_sinks(request={"parent": place}, **clients.bounds),
        "sinks",
        document["sinks"],
    )


def _uses(clients: Clients, project: str, now: datetime, document: dict[str, Any]) -> None:
    """Read the newest log entries of a project that name a key of its service accounts."""
    from google.cloud.audit import audit_log_pb2  # noqa: F401, PLC0415 (or the payload stays bytes)

    since = (now - timedelta(days=DAYS)).isoformat()
    named = "protoPayload.authenticationInfo.serviceAccountKeyName"
    asked = {
        "resource_names": [f"projects/{project}"],
        "filter": f'{named}:"//iam.googleapis.com/projects/" AND timestamp>="{since}"',
        "order_by": "timestamp desc",
        "page_size": MOST_ENTRIES,
    }
    document |= {"project": project, "entries": []}
    for page in pages(clients.logs.list_log_entries(request=asked, **clients.bounds)):
        document["entries"] += map(_trimmed, page.get("entries", ()))
        if len(document["entries"]) >= MOST_ENTRIES:
            break


def _trimmed(entry: dict[str, Any]) -> dict[str, Any]:
    """Return of a log entry who used which key from where: requests may hold anything."""
    payload = entry.get("protoPayload") or {}
    kept = {name: payload.get(name) for name in ("authenticationInfo", "methodName")}
    about = payload.get("requestMetadata") or {}
    fields = ("callerIp", "callerSuppliedUserAgent")
    kept["requestMetadata"] = {name: about.get(name) for name in fields}
    return {"timestamp": entry.get("timestamp"), "protoPayload": kept}
