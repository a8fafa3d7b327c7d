"""Sign-ins with a replaced secret take the proof of its rotation back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auditor.collecting import Memory
from auditor.demo import invent
from auditor.models import (
    AccessKey,
    Baseline,
    Closure,
    Exposure,
    Identity,
    Known,
    Logged,
    OldKey,
    Scope,
    ScopeKind,
    Secret,
    Severity,
    Tail,
)
from auditor.providers import UseTeller
from auditor.providers.azure import key_uses
from auditor.providers.azure.directory import AzureDirectory
from auditor.providers.azure.estate import Estate
from auditor.risk.absence import Reading
from auditor.risk.closure import Sight, World, verify

NOW = datetime(2026, 11, 25, tzinfo=UTC)
PRINCIPAL = invent.identifier("azure-principal", "ci-deploy")
GONE, LISTED = (invent.identifier("key", name) for name in ("gone", "listed"))
OLD = OldKey(PRINCIPAL, "tenant", "azure", GONE)


def sign_in(day: int, key: str = GONE, code: int = 0) -> dict[str, Any]:
    return {
        "createdDateTime": f"2026-11-{day:02}T07:30:00Z",
        "servicePrincipalCredentialKeyId": key.upper(),
        "ipAddress": "203.0.113.77",
        "resourceDisplayName": "Azure Resource Manager",
        "status": {"errorCode": code},
    }


def report(day: int, key: str = GONE) -> dict[str, Any]:
    return {"keyId": key, "signInActivity": {"lastSignInDateTime": f"2026-11-{day:02}T09:00:00Z"}}


def estate(
    sign_ins: Iterable[Mapping[str, Any]] = (), reports: Iterable[Mapping[str, Any]] = ()
) -> Estate:
    """Return a tenant with one principal, one of whose secrets is still there."""
    held = [{"keyId": LISTED}]
    told = {
        "azure/service-principals/all": [{"id": PRINCIPAL, "appId": "a"}],
        "azure/applications/all": [{"id": "1", "appId": "a", "passwordCredentials": held}],
        f"azure/sign-ins/{PRINCIPAL}": list(sign_ins),
        "azure/credential-use/all": list(reports),
    }
    snapshot = Memory()
    for key, items in told.items():
        snapshot.save(key, {"value": items})
    return Estate(snapshot)


# --- what is asked ---------------------------------------------------------------------------

OTHERS = (
    replace(OLD, label=LISTED),  # still there: its use is no news
    replace(OLD, provider="aws", label="AKIAIOSFODNN7EXA****"),
    replace(OLD, label="key1", identity_id="/subscriptions/s/x"),
    replace(OLD, label=""),
)


def test_only_sign_ins_of_whoever_lost_a_secret_are_asked_for() -> None:
    (listing,) = key_uses.listings(estate(), [OLD, *OTHERS, OLD], NOW)
    query = parse_qs(urlsplit(listing.address).query)["$filter"][0]
    assert query.split(" and ") == [
        f"servicePrincipalId eq '{PRINCIPAL}'",
        "signInEventTypes/any(t: t eq 'servicePrincipal')",
        "createdDateTime ge 2026-10-26T00:00:00Z",
    ]
    assert 0 < listing.most_pages <= 10
    assert not list(key_uses.listings(estate(), OTHERS, NOW))


def test_what_is_asked_is_bounded() -> None:
    keys = [replace(OLD, identity_id=invent.identifier("many", str(n))) for n in range(1000)]
    assert len(list(key_uses.listings(estate(), keys, NOW))) == key_uses.MOST_PRINCIPALS


# --- what is told ----------------------------------------------------------------------------

TOLD: Sequence[tuple[Any, Any, int, str]] = (
    ([sign_in(20), sign_in(22), sign_in(21)], [], 22, "sign-in to Azure Resource Manager from 203"),
    ([sign_in(20)], [report(23)], 23, "report of app credentials"),
    ([sign_in(24)], [report(23)], 24, "Entra's log of sign-ins"),
    ([sign_in(22, code=7000222), sign_in(19)], [], 19, "sign-in"),  # a refused one is no use
)


@pytest.mark.parametrize(("sign_ins", "reports", "day", "words"), TOLD)
def test_the_latest_use_of_a_secret_counts_whoever_tells_it(
    sign_ins: Any, reports: Any, day: int, words: str
) -> None:
    directory = AzureDirectory(estate(sign_ins, reports), NOW)
    assert isinstance(directory, UseTeller)
    (use,) = directory.uses([OLD, *OTHERS[1:]])
    assert (use.key, use.last.day) == (OLD, day)
    assert words in use.where


@pytest.mark.parametrize("sign_ins", [[], [sign_in(20, LISTED)], [sign_in(20, code=50126)]])
def test_no_use_is_none(sign_ins: Any) -> None:
    assert not list(key_uses.uses(estate(sign_ins), [OLD]))


# --- what follows ----------------------------------------------------------------------------

SCOPE = Scope(ScopeKind.CONTEXT, "c-1", "production", "gh/acme")
WRITTEN = datetime(2026, 11, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sign_ins", "reports", "expected"),
    [
        ([], [], Closure.VERIFIED),
        ([sign_in(5)], [report(9)], Closure.VERIFIED),  # before the rotation
        ([sign_in(20)], [], Closure.USED_AFTER),
        ([], [report(20)], Closure.USED_AFTER),
        ([sign_in(20, LISTED)], [report(20, LISTED)], Closure.VERIFIED),  # the new secret's
    ],
)
def test_a_sign_in_after_the_rotation_reopens_the_row(
    sign_ins: Any, reports: Any, expected: Closure
) -> None:
    directory = AzureDirectory(estate(sign_ins, reports), NOW)
    new = AccessKey(LISTED, "Active", WRITTEN - timedelta(hours=1), Known(None))
    holder = Identity(
        PRINCIPAL, "azure", "tenant", "ci-deploy", "service principal", None, "active", (new,)
    )
    nobody = Exposure(Known(value=False), Known(1), Known(value=False))
    entry = Secret(
        "S-1", "circleci", "context variable", SCOPE, "AZURE_CLIENT_SECRET", WRITTEN, WRITTEN,
        Tail("b" * 32, 4, "other"), nobody, None,
    )  # fmt: skip
    before = Baseline(
        "S-1", "circleci", "c-1", "production", "AZURE_CLIENT_SECRET", Severity.HIGH,
        WRITTEN - timedelta(days=30), None, WRITTEN - timedelta(days=90),
        Tail("a" * 32, 4, "other"), "s", (OLD,),
    )  # fmt: skip
    world = World(
        sights={"S-1": Sight(entry, Severity.HIGH, (), issued=False)},
        reading=Reading((), (), ()),
        identities={PRINCIPAL: holder},
        seal="s",
        now=NOW,
        logged=Logged(uses=tuple(directory.uses([OLD]))),
    )
    (verdict,) = verify(world, {"S-1": before}).verdicts
    assert verdict.closure is expected
    if expected is Closure.USED_AFTER:
        assert GONE in verdict.evidence[0].fact


def test_nothing_but_what_is_needed_is_kept_of_a_sign_in() -> None:
    from auditor.providers.azure.documents import clean  # noqa: PLC0415
    from auditor.tails import KEY_LENGTH, Sealer  # noqa: PLC0415

    told = sign_in(20) | {"userAgent": "x", "appId": "y", "status": {"errorCode": 0, "more": "z"}}
    kept = clean("sign-ins", told, Sealer(b"k" * KEY_LENGTH))
    assert json.loads(json.dumps(kept)) == sign_in(20)
