"""Logs in to GitHub: with a token, or as the audit's own app by its private key.

The key signs a proof, for which GitHub gives a token of one installation, good for an hour. It is
asked for with reading alone, and no more of it than the app was granted:
https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from auditor import __version__
from auditor.console import REDACTOR
from auditor.errors import MissingExtra
from auditor.providers.github.documents import number, refusal, text
from auditor.providers.github.parts import PARTS
from auditor.providers.github.refusals import Refused, refusals
from auditor.providers.github.settings import Settings

_SECONDARY_WAIT = 60
_GOOD_FOR = 50 * 60
"""Seconds for which a token is used; GitHub takes it for an hour."""
_LONGEST_KEY = 64 * 1024


class Login(Protocol):
    """Who the audit is at GitHub."""

    def token(self, organization: str) -> str:
        """Return a token with which an organisation is read. Refused where there is none."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An installation of the audit's own app: what it was granted, and on which repositories."""

    id: int
    permissions: dict[str, str]
    selection: str
    """all or selected."""


def log_in(settings: Settings) -> Login:
    """Return the login that the settings name; nothing is asked yet.

    Refused where it is not there, MissingExtra without PyGithub.
    """
    try:
        import github  # noqa: F401, PLC0415 (the SDK costs most of a second)
    except ImportError as missing:
        raise MissingExtra("GitHub", "github") from missing
    # It warns of every refusal, which is written down here, and of its waits.
    logging.getLogger("github").setLevel(logging.ERROR)
    if settings.app_id:
        return AppLogin(settings, _private_key(settings))
    token = os.environ.get(settings.token_env, "").strip()
    if not token:
        why = f"the environment variable {settings.token_env} is not set"
        raise Refused(refusal("NoToken", why))
    REDACTOR.hide(token)
    return TokenLogin(token)


def connection(settings: Settings) -> dict[str, Any]:
    """Return what every client of PyGithub is made with."""
    from github import GithubRetry  # noqa: PLC0415

    return {
        "base_url": settings.base_url.rstrip("/"),
        "timeout": settings.timeout,
        "user_agent": f"ci-secrets-auditor/{__version__}",
        "verify": settings.ca_bundle or True,
        "retry": GithubRetry(
            total=settings.retries,
            backoff_factor=0.2,
            secondary_rate_wait=min(_SECONDARY_WAIT, settings.max_wait),
            max_rate_limit_wait=settings.max_wait,
            retry_after_max=settings.max_wait,
        ),
        # `Budget` paces all threads together.
        "seconds_between_requests": 0,
        "lazy": True,
    }


class TokenLogin:
    """A token that somebody gave: one for everything."""

    def __init__(self, token: str) -> None:
        """Keep the token."""
        self._token = token

    def token(self, organization: str) -> str:  # noqa: ARG002 (it is the same for all)
        """Return the token."""
        return self._token


class AppLogin:
    """The audit's own app: a token for each organisation in which it is installed."""

    def __init__(self, settings: Settings, private_key: str) -> None:
        """Prepare to ask as the app; may be used from many threads."""
        from github import Auth, GithubIntegration  # noqa: PLC0415

        self._web = settings.web
        self._asks = GithubIntegration(
            auth=Auth.AppAuth(settings.app_id, private_key), **connection(settings)
        )
        self._lock = threading.Lock()
        self._installed: dict[str, Installed | Refused] = {}
        self._tokens: dict[str, tuple[float, str]] = {}

    def token(self, organization: str) -> str:
        """Return a token for an organisation, a new one where the last is near its end."""
        with self._lock:
            made, token = self._tokens.get(organization, (0.0, ""))
            if not token or time.monotonic() - made > _GOOD_FOR:
                token = self._new_token(self._installation(organization))
                self._tokens[organization] = time.monotonic(), token
            return token

    def installation(self, organization: str) -> Installed:
        """Return the app's installation in an organisation. Refused where it has none."""
        with self._lock:
            return self._installation(organization)

    def name(self) -> str:
        """Return what the app is called."""
        with self._lock, refusals(self._web):
            return text(self._asks.get_app().raw_data, "slug")

    def _installation(self, organization: str) -> Installed:
        if organization not in self._installed:
            try:
                self._installed[organization] = self._found(organization)
            except Refused as error:
                self._installed[organization] = _not_installed(error, organization)
        found = self._installed[organization]
        if isinstance(found, Refused):
            raise Refused(found.document)
        return found

    def _found(self, organization: str) -> Installed:
        with refusals(self._web):
            told = self._asks.get_org_installation(organization).raw_data
        if not number(told, "id"):
            raise Refused(refusal("Strange", "the reply is no installation of an app"))
        permissions = told.get("permissions")
        listed = permissions.items() if isinstance(permissions, dict) else ()
        granted = {str(name): str(level) for name, level in listed}
        return Installed(number(told, "id"), granted, text(told, "repository_selection"))

    def _new_token(self, installed: Installed) -> str:
        wanted = {part.permission.partition(":")[0] for part in PARTS if part.permission}
        # None at all would ask for everything that the app was granted.
        reading = {name: "read" for name in ("metadata", *installed.permissions) if name in wanted}
        with refusals(self._web):
            told = self._asks.get_access_token(installed.id, permissions=reading).raw_data
        token = text(told, "token")
        if not token:
            raise Refused(refusal("Strange", "the reply holds no token for the app"))
        REDACTOR.hide(token)
        return token


def _not_installed(error: Refused, organization: str) -> Refused:
    if error.document.get("error") != "404":
        return error
    return Refused(refusal("NotInstalled", f"the audit's app is not installed in {organization}"))


def _private_key(settings: Settings) -> str:
    """Return the app's private key, of which nothing is shown. Refused where it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (of the extra)
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    pem = _written(settings)
    REDACTOR.hide(pem)
    for line in pem.splitlines():
        REDACTOR.hide(line)
    try:
        sound = isinstance(load_pem_private_key(pem.encode(), None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        sound = False
    if not sound:
        why = "the private key of the app is none: it must be the whole file that GitHub gave"
        raise Refused(refusal("NoKey", why))
    return pem


def _written(settings: Settings) -> str:
    """Return the text of the key: of its file, or of the variable that may hold it in one line."""
    if not settings.private_key_file:
        if pem := os.environ.get(settings.private_key_env, "").strip():
            return pem.replace("\\n", "\n")
        why = f"the environment variable {settings.private_key_env} is not set"
        raise Refused(refusal("NoKey", why))
    try:
        with Path(settings.private_key_file).expanduser().open("rb") as file:
            return file.read(_LONGEST_KEY).decode("ascii", "replace")
    except OSError as error:
        why = f"the file of the app's private key cannot be read: {error.strerror}"
        raise Refused(refusal("NoKey", why)) from None
