"""The table `[providers.azure]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.config import STRICT, Endpoint, Most, Parallel, Retries, Seconds

AUTHORITY = "https://login.microsoftonline.com"
ARM = "https://management.azure.com"
GRAPH = "https://graph.microsoft.com"


@dataclass(frozen=True, slots=True)
class Settings:
    """One tenant to read, live or from files that people exported.

    The audit logs in by AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or as whom
    `az login` says.
    """

    __pydantic_config__ = STRICT

    subscriptions: tuple[str, ...] = ()
    """Ids of the subscriptions to read; empty: every one that the audit can see."""
    export: str = ""
    """Folder, or one file, of the Azure CLI's and Graph's own JSON, read in place of the tenant."""
    authority: Endpoint = AUTHORITY
    """Where tokens come from; other for sovereign clouds, and for a lab."""
    arm: Endpoint = ARM
    graph: Endpoint = GRAPH
    ca_bundle: str = ""
    """File of certificates to trust instead of the system's."""
    parallel: Parallel = 4
    """How many calls may be under way at once."""
    retries: Retries = 3
    """How often a call is repeated that was throttled or got no answer."""
    timeout: Seconds = 60
    """Seconds that one call may take."""
    principals: Most = 2000
    """Of how many service principals at most permissions, groups and owners are asked for."""

    @property
    def is_live(self) -> bool:
        """Return whether the tenant itself is to be asked."""
        return not self.export
