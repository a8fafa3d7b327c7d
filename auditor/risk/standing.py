"""What the providers said of one credential: the part of an assessment that is not in CI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.models import Identity, Match, NoMatch, Resolution


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a credential is, what those may do and who they are; both by identity id.

    `match` is None where no provider was there to ask. A candidate without a resolution is one
    whose permissions nobody read. `lost`: which further candidate an earlier run saw and this one
    could not look at, "" for none.
    """

    match: Match | NoMatch | None = None
    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)
    lost: str = ""
