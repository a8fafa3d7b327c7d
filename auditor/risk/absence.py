"""Whether something that a run did not find is gone: only a complete reading proves an absence."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.models import Coverage, Place, Unknown


def complete(source: str, coverage: Iterable[Coverage], places: Iterable[Place]) -> bool:
    """Return whether everything of a CI system was read, so that absence proves something."""
    refused = any(isinstance(place.readable, Unknown) for place in places)
    return _all_read(listing for listing in coverage if listing.source == source) and not refused


def account_read(provider: str, account: str, coverage: Iterable[Coverage]) -> bool:
    """Return whether every listing of an account ("aws 123456789012") was read to its end."""
    names = (provider, f"{provider} {account}")
    return _all_read(listing for listing in coverage if listing.source in names)


def _all_read(listings: Iterable[Coverage]) -> bool:
    found = list(listings)
    return bool(found) and all(
        listing.known is not None and listing.read >= listing.known for listing in found
    )
