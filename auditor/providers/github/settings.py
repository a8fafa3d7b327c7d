"""The table `[providers.github]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from auditor.config import STRICT, Endpoint, Parallel, Retries, Seconds, VariableName

API = "https://api.github.com"
DEFAULT_TOKEN = "GITHUB_TOKEN"  # noqa: S105 (the name of a variable)


@dataclass(frozen=True, slots=True)
class Settings:
    """Which organisations to read, live or from files that people exported."""

    __pydantic_config__ = STRICT

    organizations: tuple[str, ...] = ()
    """Names of the organisations to read; none are read live where none is named."""
    base_url: Endpoint = API
    """Address of the REST API; https://HOST/api/v3 for GitHub Enterprise Server."""
    token_env: VariableName = DEFAULT_TOKEN
    """Environment variable with the audit's own token: classic, fine-grained or of an app."""
    app_id: str = ""
    """Id of the audit's own GitHub App, or its client id, to log in as it and with no token."""
    private_key_env: VariableName = "GITHUB_APP_PRIVATE_KEY"
    """Environment variable with the private key of that app."""
    private_key_file: str = ""
    """File with the private key, in place of the variable."""
    ca_bundle: str = ""
    """File of certificates to trust instead of the system's, for a private server."""
    export: str = ""
    """Folder of what `gh api --paginate` printed."""
    requests: Annotated[int, Field(ge=100, le=1_000_000)] = 4_500
    """The most requests of one run; a user's token has 5,000 an hour."""
    per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 800
    """The most requests a minute: GitHub refuses more than 900 as a secondary limit."""
    parallel: Parallel = 4
    """How many requests may be under way at once."""
    retries: Retries = 4
    """How often a request is repeated that was limited or got no answer."""
    max_wait: Seconds = 60
    """Seconds that one request may wait for a rate limit to end."""
    timeout: Seconds = 30

    @property
    def web(self) -> str:
        """Return the address of the web pages: the API's own, without "api." or "/api/v3"."""
        return self.base_url.rstrip("/").removesuffix("/api/v3").replace("://api.", "://", 1)
