"""The table `[inventory.circleci]` of the configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.config import STRICT, Endpoint, Parallel, Retries, Seconds, VariableName

CLOUD = "https://circleci.com"
RUNNER_CLOUD = "https://runner.circleci.com"
RUNNER_API = "/api/v3/runner"
APP_API = "/private/"
"""The private routes of the web application's own host."""
DEFAULT_TOKEN = "CIRCLE_TOKEN"  # noqa: S105 (the name of a variable)
LEGACY_TOKEN = "CIRCLE_CLI_TOKEN"  # noqa: S105 (what the CircleCI CLI read before)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach CircleCI and how much of it to read."""

    __pydantic_config__ = STRICT

    url: Endpoint = CLOUD
    """Address of CircleCI; of the installation itself for CircleCI Server."""
    token_env: VariableName = DEFAULT_TOKEN
    """Environment variable that holds a personal API token."""
    organizations: tuple[str, ...] = ()
    """Slugs (gh/acme) or ids to audit; empty means every organisation of the token's user."""
    server: bool = False
    """True for CircleCI Server, which has neither API v3 nor the private routes."""
    v1: bool = True
    """Ask API v1.1: followed projects, SSH keys, legacy AWS keys and project tokens."""
    v3: bool = True
    """Ask API v3: the list of all projects, signing certificates, connections, settings."""
    private: bool = True
    """Ask the unsupported private routes, which alone know deleted projects."""
    repositories: tuple[str, ...] = ()
    """Files with the code host's own list of repositories and deploy keys, to compare with."""
    runner: bool = True
    """Ask the runner API, which on Cloud has a host of its own, for runners and their tokens."""
    parallel: Parallel = 4
    timeout: Seconds = 30
    retries: Retries = 5
    max_wait: Seconds = 300
    """Seconds that one call may spend waiting because CircleCI asks to come back later."""
    ca_bundle: str = ""
    """File of certificates to trust instead of the system's, for a private CircleCI Server."""

    @property
    def base(self) -> str:
        """Return the address that every path is put behind: people also paste ".../api/v2"."""
        return re.sub(r"/api(/v[\d.]+)?/*$", "", self.url.rstrip("/"))

    @property
    def uses_v3(self) -> bool:
        """Return whether to ask API v3."""
        return self.v3 and not self.server

    @property
    def uses_private(self) -> bool:
        """Return whether to ask the private routes."""
        return self.private and not self.server

    def address(self, path: str) -> str:
        """Return the address of a path; on Cloud some have a host of their own."""
        if path.startswith(RUNNER_API) and self.base == CLOUD:
            return RUNNER_CLOUD + path
        return (self.app if path.startswith(APP_API) else self.base) + path

    @property
    def app(self) -> str:
        """Return the address of the web application."""
        return "https://app.circleci.com" if self.base == CLOUD else self.base

    @property
    def tokens_page(self) -> str:
        """Return where a person makes a token."""
        return f"{self.app}/settings/user/tokens"

    @property
    def token_names(self) -> tuple[str, ...]:
        """Return the environment variables to look for a token in, in that order."""
        legacy = (LEGACY_TOKEN,) if self.token_env == DEFAULT_TOKEN else ()
        return (self.token_env, *legacy)
