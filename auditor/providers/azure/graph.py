"""Reads Microsoft Graph through the SDK's request builders and adapter, with raw JSON replies.

Never by its typed models: the first of them costs seconds to import, and one odd base64 in a key
credential would lose a whole page.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor import calls, nesting
from auditor.providers.azure.client import Clients, graph_scope, refuse_other_host
from auditor.providers.azure.documents import entries, text
from auditor.providers.azure.paging import Pages

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_request_adapter import GraphRequestAdapter

_SELECT, _TOP = "%24select", "%24top"
_PAGE = 999
LOGS_PAUSE = 2.1
"""Seconds between two questions to Entra's logs, which answer 5 in 10 seconds.

https://learn.microsoft.com/graph/throttling-limits
"""
_NEXT = "@odata.nextLink"
_CREDENTIALS = ("passwordCredentials", "keyCredentials")

Build = Callable[[Any], Any]
"""Takes Graph's client, returns the builder of a listing."""


class Refused(Exception):
    """A call that Graph refused, with its code and text."""

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of Graph: which document it becomes, and how it is asked for."""

    kind: str
    part: str
    build: Build
    select: tuple[str, ...] = ()
    top: int = 0
    address: str = ""
    """Path below the host, for what only the beta version has."""
    first: bool = False
    """Whether the first page is enough."""
    most_pages: int = 0
    """Pages to read at most, 0 for all."""


def of_tenant() -> tuple[Listing, ...]:
    """Return what is listed once."""
    return (
        Listing("tenant", "all", lambda g: g.organization, ("id", "displayName")),
        Listing(
            "service-principals",
            "all",
            lambda g: g.service_principals,
            (
                *("id", "appId", "displayName", "accountEnabled", "servicePrincipalType"),
                *("appOwnerOrganizationId", "appRoles", "disabledByMicrosoftStatus"),
                *_CREDENTIALS,
            ),
            _PAGE,
        ),
        Listing(
            "applications",
            "all",
            lambda g: g.applications,
            ("id", "appId", "displayName", "createdDateTime", "signInAudience", *_CREDENTIALS),
            _PAGE,
        ),
        Listing("delegated-grants", "all", lambda g: g.oauth2_permission_grants, (), _PAGE),
        Listing(
            "directory-assignments", "all", lambda g: g.role_management.directory.role_assignments
        ),
        Listing("directory-roles", "all", lambda g: g.role_management.directory.role_definitions),
        Listing(
            "directory-eligible",
            "all",
            lambda g: g.role_management.directory.role_eligibility_schedule_instances,
        ),
        Listing(
            "credential-use",
            "all",
            lambda g: g.reports,
            address="/beta/reports/appCredentialSignInActivities",
        ),
    )


def of_principal(id_: str) -> tuple[Listing, ...]:
    """Return what is listed of one service principal."""

    def its(name: str) -> Build:
        return lambda g: getattr(g.service_principals.by_service_principal_id(id_), name)

    return (
        Listing("app-roles", id_, its("app_role_assignments")),
        Listing("member-of", id_, its("transitive_member_of"), ("id", "displayName")),
        Listing("owners", id_, its("owners"), ("id", "displayName")),
    )


def of_application(id_: str) -> tuple[Listing, ...]:
    """Return what is listed of one application."""

    def its(name: str) -> Build:
        return lambda g: getattr(g.applications.by_application_id(id_), name)

    return (
        Listing("owners", id_, its("owners"), ("id", "displayName")),
        Listing("federated", id_, its("federated_identity_credentials")),
    )


Take = Callable[[Listing, list[dict[str, Any]], Exception | None], None]
"""Receives what came of a listing: the items so far, and the error that ended it, if one did."""


def read(clients: Clients, listings: Iterable[Listing], take: Take, pause: float = 0) -> None:
    """Read listings side by side, a request every so many seconds. Only `take` may raise.

    In a thread of its own: a caller's event loop, or one that was closed, is none of its business.
    """
    wanted = list(listings)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _read_all(clients, wanted, take, pause)).result()


async def _read_all(clients: Clients, listings: list[Listing], take: Take, pause: float) -> None:
    import httpx  # noqa: PLC0415

    limit = asyncio.Semaphore(clients.settings.parallel)
    # The SDK wraps the transport in one of its own, which does not close it.
    async with _transport(clients) as transport:
        client = httpx.AsyncClient(transport=transport, timeout=clients.settings.timeout)
        reader = _Reader(_adapter(clients, client), clients.settings.graph, pause)

        async def one(listing: Listing) -> None:
            async with limit:
                items: list[dict[str, Any]] = []
                take(listing, items, await reader.fill(listing, items))

        await _all(one(listing) for listing in listings)


def _transport(clients: Clients) -> Any:
    import httpx  # noqa: PLC0415

    class Told(httpx.AsyncHTTPTransport):
        """Writes down every call, repeated ones and those that nobody answered among them."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                reply = await super().handle_async_request(request)
            except httpx.HTTPError:
                calls.told(request.method, str(request.url))
                raise
            calls.told(request.method, str(request.url), reply.status_code)
            return reply

    verify = clients.settings.ca_bundle
    return Told(verify=ssl.create_default_context(cafile=verify) if verify else True)


async def _all(jobs: Iterable[Awaitable[None]]) -> None:
    await asyncio.gather(*jobs)


def _adapter(clients: Clients, client: Any) -> GraphRequestAdapter:
    from kiota_authentication_azure.azure_identity_authentication_provider import (  # noqa: PLC0415
        AzureIdentityAuthenticationProvider,
    )
    from kiota_http.middleware.options import (  # noqa: PLC0415
        RedirectHandlerOption,
        RetryHandlerOption,
    )
    from msgraph.graph_request_adapter import GraphRequestAdapter  # noqa: PLC0415
    from msgraph.graph_request_adapter import options as default_options  # noqa: PLC0415
    from msgraph_core import GraphClientFactory  # noqa: PLC0415

    settings = clients.settings
    chosen = {
        **default_options,
        RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=settings.retries),
        RedirectHandlerOption.get_key(): RedirectHandlerOption(should_redirect=False),
    }
    made = GraphClientFactory.create_with_default_middleware(client=client, options=chosen)
    host = settings.graph.partition("://")[2].partition("/")[0].partition(":")[0]
    provider = AzureIdentityAuthenticationProvider(
        clients.credential, scopes=[graph_scope(settings)], allowed_hosts=[host]
    )
    adapter = GraphRequestAdapter(provider, made)
    adapter.base_url = f"{settings.graph}/v1.0"
    return adapter


class _Reader:
    """Asks through one adapter, within one event loop."""

    def __init__(self, adapter: GraphRequestAdapter, base: str, pause: float) -> None:
        from msgraph.graph_service_client import GraphServiceClient  # noqa: PLC0415

        self._adapter, self._base = adapter, base
        self._pause, self._turn, self._next = pause, asyncio.Lock(), 0.0
        self._graph = GraphServiceClient(request_adapter=adapter)

    async def fill(self, listing: Listing, items: list[dict[str, Any]]) -> Exception | None:
        """Add every item of a listing; return what ended it early, if anything did."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415
        from httpx import HTTPError  # noqa: PLC0415
        from kiota_abstractions.api_error import APIError  # noqa: PLC0415

        try:
            await self._pages(listing, items)
        except APIError as error:
            return _refused(error)
        except (AzureError, HTTPError, ValueError, OSError) as error:
            return error
        return None

    async def _pages(self, listing: Listing, items: list[dict[str, Any]]) -> None:
        asked, pages, link = self._first(listing), Pages(listing.most_pages), "first"
        while link:
            await self._wait()
            page = await self._send(asked)
            link = "" if listing.first else text(page, _NEXT)
            pages.turn(page["value"], link)
            items += entries(page)
            if link:
                refuse_other_host(link, self._base)
                asked = self._at(link)

    async def _wait(self) -> None:
        """Return when a request may be made."""
        async with self._turn:
            now = time.monotonic()
            await asyncio.sleep(max(0.0, self._next - now))
            self._next = max(now, self._next) + self._pause

    def _first(self, listing: Listing) -> RequestInformation:
        if listing.address:
            return self._at(self._base + listing.address)
        with warnings.catch_warnings():
            # The SDK's own modules warn of classes of theirs as they are loaded.
            warnings.simplefilter("ignore", DeprecationWarning)
            asked: RequestInformation = listing.build(self._graph).to_get_request_information()
        if listing.select:
            asked.query_parameters[_SELECT] = list(listing.select)
        if listing.top:
            asked.query_parameters[_TOP] = listing.top
        return asked

    def _at(self, url: str) -> RequestInformation:
        from kiota_abstractions.method import Method  # noqa: PLC0415
        from kiota_abstractions.request_information import RequestInformation  # noqa: PLC0415

        asked = RequestInformation()
        asked.http_method, asked.url = Method.GET, url
        asked.headers.try_add("Accept", "application/json")
        return asked

    async def _send(self, asked: RequestInformation) -> Any:
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError  # noqa: PLC0415

        errors: Any = {"4XX": ODataError, "5XX": ODataError}
        reply = await self._adapter.send_primitive_async(asked, "bytes", errors)
        found = nesting.loads(reply or b"null")
        if not isinstance(found, dict) or not isinstance(found.get("value"), list):
            raise ValueError("the reply is no listing")  # noqa: TRY004 (JSON of another shape)
        return found


def _refused(error: Any) -> Refused:
    inner = getattr(error, "error", None)
    status = getattr(error, "response_status_code", None) or "Error"
    code = getattr(inner, "code", None) or status
    message = getattr(inner, "message", None) or getattr(error, "message", None) or ""
    return Refused(str(code), str(message))
