"""The table `[providers.gcp]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from auditor.config import STRICT, OptionalEndpoint, Parallel, Seconds


def check_scope(scope: str) -> str:
    """Return a scope of the asset inventory. ValueError for a text that is none."""
    kind, _, name = scope.partition("/")
    if kind not in ("organizations", "folders", "projects") or not name or "/" in name:
        raise ValueError('must be such as "organizations/123", "folders/456" or "projects/my-id"')
    return scope


ScopeName: TypeAlias = Annotated[str, AfterValidator(check_scope)]
Count: TypeAlias = Annotated[int, Field(ge=1, le=10_000)]


@dataclass(frozen=True, slots=True)
class Settings:
    """What to read: scopes that the audit's own identity may search, an export, or both.

    Without either, the widest scope above the project of the credentials that may be searched.
    """

    __pydantic_config__ = STRICT

    scopes: tuple[ScopeName, ...] = ()
    """Organisations, folders or projects; grants inherited from above them stay unknown."""
    quota_project: str = ""
    """Project that the calls are counted on; empty: the credentials' own."""
    export: str = ""
    """Folder of the gcloud CLI's own JSON output."""
    endpoint: OptionalEndpoint = ""
    """Address that stands for every gRPC API of Google, for a lab; unset means Google."""
    rest_endpoint: OptionalEndpoint = ""
    """Likewise for the APIs that have no gRPC client; unset means Google."""
    parallel: Parallel = 4
    """How many calls may be under way at once."""
    timeout: Seconds = 60
    """Seconds for one call, its repetitions included."""
    guardrails_per_minute: Count = 5
    """Reads of deny policies and access boundaries in a minute: their quota is that small."""
    guardrails_most: Count = 50
    """Such reads in all; what is left is told as a gap."""

    @property
    def live(self) -> bool:
        """Return whether Google is asked at all."""
        return bool(self.scopes) or not self.export
