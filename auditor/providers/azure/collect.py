"""Reads one tenant into the snapshot: Graph, then Azure Resource Manager.

What is refused is written down as refused, and the rest goes on. A document that is complete is
not read again, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from auditor.collecting import Collecting
from auditor.providers.azure import graph, key_uses
from auditor.providers.azure.client import Clients, connect
from auditor.providers.azure.documents import (
    clean,
    document_key,
    flatten,
    is_complete,
    refusal,
    text,
)
from auditor.providers.azure.engine.scopes import is_group
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.kinds import unfolded
from auditor.providers.azure.manager import Job, Manager
from auditor.providers.azure.people import is_microsofts
from auditor.providers.azure.settings import Settings
from auditor.tails import Sealer


def collect(settings: Settings, collecting: Collecting) -> None:
    """Read the tenant. MissingExtra without the SDKs; nothing else is raised."""
    clients = connect(settings)
    with clients.open_:
        _read_graph(clients, collecting)
        _read_arm(clients, collecting)


# --- Graph -----------------------------------------------------------------------------------


def _read_graph(clients: Clients, collecting: Collecting) -> None:
    _ask_graph(clients, graph.of_tenant(), "reading the Entra tenant", collecting)
    estate = Estate(collecting.snapshot)
    own = [id_ for id_, item in estate.principals.items() if not is_microsofts(item)]
    listings = [
        *(one for id_ in own[: clients.settings.principals] for one in graph.of_principal(id_)),
        *(one for id_ in estate.applications for one in graph.of_application(id_)),
    ]
    _ask_graph(clients, listings, "reading service principals", collecting)
    signed = key_uses.listings(estate, collecting.watched, collecting.now)
    _ask_graph(
        clients, signed, "reading sign-ins with replaced secrets", collecting, graph.LOGS_PAUSE
    )


def _ask_graph(
    clients: Clients,
    listings: Iterable[graph.Listing],
    step: str,
    collecting: Collecting,
    pause: float = 0,
) -> None:
    todo = [one for one in listings if not _is_read(one.kind, one.part, collecting)]
    if not todo:
        return
    collecting.progress.start(step, len(todo))

    def take(listing: graph.Listing, items: list[dict[str, Any]], error: Exception | None) -> None:
        _save(listing.kind, listing.part, items, error, collecting)

    graph.read(clients, todo, take, pause)


# --- Azure Resource Manager ------------------------------------------------------------------


def _read_arm(clients: Clients, collecting: Collecting) -> None:
    manager = Manager(clients)
    _run(manager.entry(), "reading Azure subscriptions", clients, collecting)
    estate = Estate(collecting.snapshot)
    if estate.tenant:
        _run([manager.above(estate.tenant)], "reading management groups", clients, collecting)
    _run(_of_scopes(manager, clients, collecting), "reading role assignments", clients, collecting)
    roles = sorted(_assigned(Estate(collecting.snapshot)).values())
    _run(manager.of_roles(roles), "reading role definitions", clients, collecting)


def _of_scopes(manager: Manager, clients: Clients, collecting: Collecting) -> Iterator[Job]:
    estate = Estate(collecting.snapshot)
    wanted = {id_.lower() for id_ in clients.settings.subscriptions}
    for id_ in estate.subscriptions:
        if not wanted or id_ in wanted:
            yield from manager.of_subscription(id_)
    for scope in estate.parents:
        if is_group(scope):
            yield manager.of_group(scope)


def _assigned(estate: Estate) -> dict[str, str]:
    """Return the path of every role that is assigned or can be activated, by its GUID."""
    found: dict[str, str] = {}
    for kind in ("role-assignments", "eligible"):
        for _, item in estate.items(kind):
            path = text(flatten(item), "roleDefinitionId")
            if path.startswith("/"):
                found.setdefault(path.rpartition("/")[2].lower(), path)
    return found


def _run(jobs: Iterable[Job], step: str, clients: Clients, collecting: Collecting) -> None:
    """Read listings side by side and save each as it comes."""
    todo = [job for job in jobs if not _is_read(job.kind, job.part, collecting)]
    collecting.progress.start(step, len(todo))
    for job, items, error in side_by_side(todo, clients):
        _save(job.kind, job.part, items, error, collecting)


def read_subscriptions(manager: Manager, clients: Clients, collecting: Collecting) -> None:
    """Read which subscriptions there are, if that is not known yet."""
    _run([manager.subscriptions()], "listing Azure subscriptions", clients, collecting)


def side_by_side(
    jobs: Iterable[Job], clients: Clients
) -> Iterator[tuple[Job, list[dict[str, Any]], Exception | None]]:
    """Yield what came of each listing, as it comes."""
    pool = ThreadPoolExecutor(clients.settings.parallel)
    try:
        running = {pool.submit(read_job, job): job for job in jobs}
        for done in as_completed(running):
            yield running.pop(done), *done.result()
    finally:
        pool.shutdown(cancel_futures=True)


_OF_OTHER_SHAPES = (ValueError, TypeError, AttributeError, KeyError, OSError, RecursionError)
"""What the SDK raises for replies of another shape, or nested too deeply."""


def read_job(job: Job) -> tuple[list[dict[str, Any]], Exception | None]:
    """Return the items of a listing of ARM, and the error that ended it, if one did."""
    from azure.core.exceptions import AzureError  # noqa: PLC0415

    items: list[dict[str, Any]] = []
    try:
        job.fill(items)
    except (AzureError, *_OF_OTHER_SHAPES) as error:
        return items, error
    return items, None


# --- saving ----------------------------------------------------------------------------------


def _is_read(kind: str, part: str, collecting: Collecting) -> bool:
    return is_complete(collecting.snapshot.load(document_key(kind, part)))


def _save(
    kind: str,
    part: str,
    items: list[dict[str, Any]],
    error: Exception | None,
    collecting: Collecting,
) -> None:
    made = document(kind, items, error, collecting.sealer)
    collecting.snapshot.save(document_key(kind, part), made)
    collecting.progress.advance()


def document(
    kind: str, items: list[dict[str, Any]], error: Exception | None, sealer: Sealer
) -> dict[str, Any]:
    """Return what the snapshot keeps of a listing, with the refusal where it was refused."""
    found = (inner for item in items for inner in unfolded(item))
    refused = refusal(*told(error)) if error is not None else {}
    return {"value": [clean(kind, one, sealer) for one in found], **refused}


def told(error: Exception) -> tuple[str, str]:
    """Return the code and the text of an error, in Microsoft's words where it gave any."""
    if isinstance(error, graph.Refused):
        return error.code, error.message
    inner = getattr(error, "error", None)
    code = getattr(inner, "code", None) or getattr(error, "status_code", None)
    name = type(error).__name__
    if code:
        return str(code), str(getattr(inner, "message", None) or "the call was refused")
    return name, _MESSAGES.get(name, "the call failed")


_MESSAGES = {
    "ClientAuthenticationError": "the audit could not log in: its id, secret or tenant is wrong",
    "CredentialUnavailableError": "no credentials were found: set AZURE_CLIENT_ID, "
    "AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or run az login",
    "ConnectError": "it could not be reached",
    "ConnectTimeout": "it could not be reached in time",
    "EndlessPages": "the pages of the listing do not end",
    "ForeignLink": "the next page is on another host: not followed",
    "JSONDecodeError": "the reply is no JSON",
    "DecodeError": "the reply is no JSON",
    "ReadTimeout": "it did not answer in time",
    "RemoteProtocolError": "the connection was closed before the answer",
    "ServiceRequestError": "it could not be reached",
    "ServiceResponseError": "the connection was closed before the answer",
    "ServiceResponseTimeoutError": "it did not answer in time",
    "TooManyPages": "only the first pages were read: there are more than a run may read",
    "ValueError": "the reply has another shape, or its pages do not end",
}
