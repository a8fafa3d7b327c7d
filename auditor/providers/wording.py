"""Words that gaps of every provider share."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.models import Json

_SHOWN = 3


def why_of(document: Json | None) -> str:
    """Return why a document of a snapshot is not whole, in the vendor's words where it gave any."""
    if document is None:
        return "it was not read: the run was interrupted, or the export does not hold it"
    told = document if isinstance(document, dict) else {}
    error, message = (told.get(name) for name in ("error", "message"))
    words = [one for one in (error, message) if isinstance(one, str) and one]
    return ": ".join(words) if words else "the reply cannot be read"


def some(names: Sequence[str]) -> str:
    """Return a few of the names, and how many more there are: "a, b, c and 2 more"."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
