"""Says who of an account can read its logs: whoever can may learn what the audit looks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from auditor.models import Known, LogCoverage, Unknown
from auditor.providers.aws.accounts import Account
from auditor.providers.aws.analysis.world import Realm
from auditor.providers.aws.engine import Decision

_MOST = 20
"""Readers that are named of one log."""


def with_readers(account: Account, realm: Realm) -> Iterator[LogCoverage]:
    """Yield the logs of an account, each with the identities of the account that can read it.

    By their own policies: what a bucket's policy or another account grants is not among them.
    """
    for log in account.logs.coverage:
        asked = account.logs.reading.get(log.log)
        if asked is None:
            yield log
        elif account.details_gap:
            yield replace(log, readers=Unknown(account.details_gap))
        else:
            yield replace(log, readers=Known(tuple(_readers(realm, *asked))))


def _readers(realm: Realm, action: str, resource: str) -> Iterator[str]:
    found: Mapping[str, str] = {
        held.principal.title: "" if verdict is Decision.ALLOWED else ", conditional"
        for held in realm.holders.values()
        if (verdict := held.ask(action, resource, only=resource == "*").decision)
        in (Decision.ALLOWED, Decision.ALLOWED_IF)
    }
    names = sorted(found)
    yield from (f"{name}{found[name]}" for name in names[:_MOST])
    if len(names) > _MOST:
        yield f"and {len(names) - _MOST:,} more"
