"""Builds every client in one place, from settings; imports the SDKs.

Nothing here changes anything: no client that mints tokens or writes is ever made.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from auditor.errors import MissingExtra
from auditor.providers.gcp.channels import transport_of
from auditor.providers.gcp.settings import Settings

_SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/cloud-identity.groups.readonly",
)
_ATTEMPT = 30.0
"""Seconds for one attempt of a call."""
_TRIES = 4
_LONGEST_WAIT = 20


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of one audit. `bounds`: what every call must be given (retry and timeout)."""

    asset: Any
    iam: Any
    deny: Any
    boundaries: Any
    log_config: Any
    logs: Any
    session: Any
    who: str
    """Whose credentials these are, as far as they tell."""
    project: str
    bounds: dict[str, Any]
    close: Callable[[], None]


def connect(settings: Settings) -> Clients:
    """Return clients for the settings. MissingExtra where the SDKs are not installed."""
    try:
        from google.cloud import asset_v1, iam_admin_v1, iam_v2, iam_v3  # noqa: PLC0415
        from google.cloud.logging_v2.services import (  # noqa: PLC0415
            config_service_v2,
            logging_service_v2,
        )
    except ImportError as missing:
        raise MissingExtra("reading Google Cloud", "gcp") from missing
    # gRPC prints a traceback of its own for a reply that it cannot read.
    logging.getLogger("grpc").setLevel(logging.CRITICAL)
    credentials, project = _credentials(settings)
    made = [
        _client(kind, settings, credentials)
        for kind in (
            asset_v1.AssetServiceClient,
            iam_admin_v1.IAMClient,
            iam_v2.PoliciesClient,
            iam_v3.PrincipalAccessBoundaryPoliciesClient,
            config_service_v2.ConfigServiceV2Client,
            logging_service_v2.LoggingServiceV2Client,
        )
    ]
    session = _session(credentials, settings)

    def close() -> None:
        for client in made:
            client.transport.close()
        session.close()

    asset, iam, deny, boundaries, log_config, logs = made
    return Clients(
        asset=asset,
        iam=iam,
        deny=deny,
        boundaries=boundaries,
        log_config=log_config,
        logs=logs,
        session=session,
        who=_who(credentials),
        project=project,
        bounds=_bounds(settings),
        close=close,
    )


def _credentials(settings: Settings) -> tuple[Any, str]:
    """Return the usual credentials, for a lab on this machine none at all."""
    import google.auth  # noqa: PLC0415
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415

    if settings.endpoint.startswith("http://"):
        return AnonymousCredentials(), ""  # type: ignore[no-untyped-call]
    found, project = google.auth.default(
        scopes=_SCOPES, quota_project_id=settings.quota_project or None
    )
    return found, settings.quota_project or project or ""


def _who(credentials: Any) -> str:
    """Return the e-mail behind credentials; a person's login and a machine's may not tell it."""
    for name in ("service_account_email", "account"):
        found = getattr(credentials, name, "")
        if isinstance(found, str) and "@" in found:
            return found
    return f"whoever the credentials are of ({type(credentials).__name__})"


def _client(kind: Any, settings: Settings, credentials: Any) -> Any:
    """Return a client whose every call is written down."""
    from google.api_core.client_options import ClientOptions  # noqa: PLC0415

    options = ClientOptions(quota_project_id=settings.quota_project or None)
    if settings.endpoint:
        options.api_endpoint = urlsplit(settings.endpoint).netloc
    transport = transport_of(kind, settings)
    return kind(credentials=credentials, client_options=options, transport=transport)


def _bounds(settings: Settings) -> dict[str, Any]:
    """Return retry and timeout of every call.

    The defaults bound neither an API that throttles nor one that is dead.
    """
    from google.api_core import exceptions  # noqa: PLC0415
    from google.api_core.retry import Retry, if_exception_type  # noqa: PLC0415

    again = if_exception_type(
        exceptions.ResourceExhausted,
        exceptions.ServiceUnavailable,
        exceptions.InternalServerError,
        exceptions.DeadlineExceeded,
    )
    wait = Retry(predicate=again, initial=0.5, maximum=20.0, timeout=float(settings.timeout))
    return {"retry": wait, "timeout": min(_ATTEMPT, float(settings.timeout))}


def _session(credentials: Any, settings: Settings) -> Any:
    """Return a session for the APIs that have no client package; it asks again.

    Not as late as a server may wish: a wait is bounded.
    """
    import requests  # noqa: PLC0415
    from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415
    from requests.adapters import HTTPAdapter  # noqa: PLC0415
    from urllib3.util import Retry  # noqa: PLC0415

    session: Any
    if settings.endpoint.startswith("http://"):
        session = requests.Session()
        session.trust_env = False
    else:
        session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    again = Retry(
        total=_TRIES,
        backoff_factor=0.5,
        backoff_max=_LONGEST_WAIT,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=again))
    return session
