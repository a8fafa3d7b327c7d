"""When secrets and certificates were last used: those that were replaced above all.

The report of app credentials tells the last use of each; the log of sign-ins tells from where, and
of secrets that are gone. Both are of the beta version, and need a licence of Entra ID P1.
https://learn.microsoft.com/graph/api/resources/appcredentialsigninactivity?view=graph-rest-beta
https://learn.microsoft.com/graph/api/signin-list?view=graph-rest-beta

Sign-ins are asked for a principal at a time: the id of the secret is no field to filter by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from auditor.models import KeyUse, OldKey
from auditor.providers.azure.documents import entries, parse_time, text
from auditor.providers.azure.estate import Estate, Item
from auditor.providers.azure.graph import Listing

KIND = "sign-ins"
MOST_PRINCIPALS = 100
"""Principals asked for at most: the log answers 5 requests in 10 seconds."""
MOST_PAGES, _PAGE = 10, 999
"""Pages of one principal: 10,000 sign-ins, the newest first."""
_KEPT_FOR = timedelta(days=30)
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def listings(estate: Estate, watched: Iterable[OldKey], now: datetime) -> Iterator[Listing]:
    """Yield what to ask: the sign-ins of whoever had a secret that is not listed any more."""
    listed = {text(one, "keyId").lower() for one in _credentials(estate)}
    wanted = dict.fromkeys(
        key.identity_id
        for key in watched
        if _is_ours(key) and key.label.lower() not in listed and _GUID.fullmatch(key.identity_id)
    )
    for id_ in list(wanted)[:MOST_PRINCIPALS]:
        query = (
            f"servicePrincipalId eq '{id_}' and "
            "signInEventTypes/any(t: t eq 'servicePrincipal') and "
            f"createdDateTime ge {now - _KEPT_FOR:%Y-%m-%dT%H:%M:%SZ}"
        )
        address = f"/beta/auditLogs/signIns?$top={_PAGE}&$filter={quote(query)}"
        yield Listing(KIND, id_, lambda g: g.audit_logs, address=address, most_pages=MOST_PAGES)


def uses(estate: Estate, keys: Iterable[OldKey]) -> Iterator[KeyUse]:
    """Yield the last use of each credential, where any source knows one."""
    reported = {text(item, "keyId").lower(): item for _, item in estate.items("credential-use")}
    signed_in = _latest(estate)
    for key in keys:
        if _is_ours(key):
            id_ = key.label.lower()
            found = [*_reported(key, reported.get(id_)), *_signed_in(key, signed_in.get(id_))]
            yield from sorted(found, key=lambda use: use.last)[-1:]


def _is_ours(key: OldKey) -> bool:
    return key.provider == "azure" and bool(_GUID.fullmatch(key.label))


def _credentials(estate: Estate) -> Iterator[dict[str, Any]]:
    for holder in (*estate.principals.values(), *estate.applications.values()):
        for name in ("passwordCredentials", "keyCredentials"):
            yield from entries(dict(holder), name)


def _latest(estate: Estate) -> dict[str, Item]:
    """Return the last sign-in that succeeded with each credential."""
    found: dict[str, Item] = {}
    for _, item in estate.items(KIND):
        status: Any = item.get("status")
        if isinstance(status, dict) and status.get("errorCode") == 0:
            id_ = text(item, "servicePrincipalCredentialKeyId").lower()
            before = text(found.get(id_), "createdDateTime")
            if text(item, "createdDateTime") > before:
                found[id_] = item
    return found


def _reported(key: OldKey, item: Item | None) -> Iterator[KeyUse]:
    activity: Any = item.get("signInActivity") if item else None
    if last := parse_time(text(activity, "lastSignInDateTime")):
        yield KeyUse(key, last, "a sign-in that Entra's report of app credentials tells")


def _signed_in(key: OldKey, item: Item | None) -> Iterator[KeyUse]:
    if last := parse_time(text(item, "createdDateTime")):
        resource = text(item, "resourceDisplayName") or "an API"
        address = text(item, "ipAddress") or "no address"
        yield KeyUse(key, last, f"sign-in to {resource} from {address} (Entra's log of sign-ins)")
