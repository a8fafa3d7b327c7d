"""One call of the REST API that is read, and the accounts that its replies belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

APP = "GitHub App"
AUTHORIZED = "authorized credential"
FINE_GRAINED = "fine-grained personal access token"


def account_of(organization: str, kind: str) -> str:
    """Return the account of the credentials of one of these kinds.

    Each is listed by a call of its own, and gone is only what is gone from a listing that was read.
    """
    return f"{organization} ({kind}s)"


def accounts_of(organization: str) -> tuple[str, ...]:
    """Return every account of an organisation, its own first."""
    return (organization, *(account_of(organization, kind) for kind in KINDS))


KINDS = (AUTHORIZED, FINE_GRAINED, APP)


@dataclass(frozen=True, slots=True)
class Part:
    """One call of the REST API.

    `what` completes "... of GitHub organisation acme"; `leaves` says what stays open without it,
    `column` where the workbook shows that.
    `scope` is what a classic token needs, `permission` what a fine-grained one or an app does.
    """

    path: str
    what: str
    leaves: str
    column: str
    scope: str
    permission: str
    keep: tuple[str, ...]
    """Fields of the reply that the snapshot keeps."""
    must: str
    """Field without which an entry, or the object, is none of GitHub's."""
    inside: str | None = ""
    """Key of the reply that holds the list; "" where the reply is one, None where it is no list."""
    query: Mapping[str, str] = field(default_factory=dict, hash=False)
    suffix: str = ""
    """What tells the document from that of the same path with another query."""
    only: str = ""
    """Who alone is answered, in words; "" where everybody with the rights is."""
    follow: bool = True
    """Whether to read the pages after the first."""
    optional: bool = False
    """Whether 404 means that there is nothing, and not that it may not be seen."""

    def at(self, **names: str) -> str:
        """Return the path for these names."""
        return self.path.format(**{key: quote(name, safe="") for key, name in names.items()})

    @property
    def open(self) -> str:
        """Return what stays open without it, in words."""
        return f"until then {self.leaves} is not known (column {self.column})"

    def key(self, **names: str) -> str:
        """Return the name of the document, such as github/orgs/acme/repos."""
        return f"github{self.at(**names)}{self.suffix}"
