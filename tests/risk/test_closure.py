"""Verdicts from both sides: the whole table, and what no combination may ever do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.models import (
    AccessKey,
    Baseline,
    Candidate,
    Closure,
    Confidence,
    Coverage,
    Exposure,
    Gap,
    Identity,
    Incident,
    KeyUse,
    Known,
    Logged,
    Match,
    OldKey,
    Place,
    Scope,
    ScopeKind,
    Secret,
    Severity,
    Storing,
    Tail,
    Unknown,
)
from auditor.risk.absence import Reading
from auditor.risk.closure import Memory, Registry, Sight, World, verify
from auditor.risk.closure.verify import ELSEWHERE

BEFORE = datetime(2026, 1, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 1, 20, 9, tzinfo=UTC)
SCOPE = Scope(ScopeKind.CONTEXT, "ctx-1", "prod", "acme")
UNREAD = Unknown(Gap("entries of context prod", "403", "ask", "ci"))
OPEN = Exposure(Known(value=True), Known(3), Known(value=False))
OLD_END, NEW_END = Tail("a" * 32, 4, "base32"), Tail("b" * 32, 4, "base32")
ALIKE = Tail("c" * 32, 4, "other")
OWNER = "arn:aws:iam::1:user/ci"
OLD = OldKey(OWNER, "1", "aws", "AKIAOLD****")
ROOT = Identity("root", "aws", "1", "root", "root", None, "active", ())
ACCOUNT = Coverage("aws 1", "users", 2, 2)
STORE = Coverage("ci", "contexts", 1, 1)


def entry(**changes: Any) -> Secret:
    made = Secret(
        "S-1", "ci", "context variable", SCOPE, "AWS_KEY", BEFORE, BEFORE, OLD_END, OPEN, None
    )
    return replace(made, **changes)


def key(label: str, status: str = "active", **changes: Any) -> AccessKey:
    return replace(AccessKey(label, status, BEFORE, Known(None)), **changes)


def owner(*keys: AccessKey, complete: bool = True, status: str = "active") -> Identity:
    return Identity(OWNER, "aws", "1", "ci", "user", BEFORE, status, keys, None, complete)


def baseline(**changes: Any) -> Baseline:
    made = Baseline(
        secret_id="S-1",
        source="ci",
        scope_id="ctx-1",
        place="prod",
        name="AWS_KEY",
        severity=Severity.CRITICAL,
        taken=BEFORE + timedelta(days=1),
        created=BEFORE,
        updated=BEFORE,
        tail=OLD_END,
        seal="k1",
        keys=(OLD,),
    )
    return replace(made, **changes)


def reading(
    coverage: tuple[Coverage, ...] = (STORE, ACCOUNT),
    place: Known[int] | Unknown | None = Known(1),  # noqa: B008 (frozen)
    gaps: tuple[Gap, ...] = (),
) -> Reading:
    """What was read; `place` is None where the place itself is gone."""
    places = () if place is None else (Place(SCOPE, ("contexts",), place),)
    return Reading(coverage, places, gaps)


def world(secret: Secret | None, *identities: Identity, **changes: Any) -> World:
    sights = {}
    if secret:
        best = Candidate(OWNER, OLD.label, Confidence.CERTAIN, ())
        sights = {secret.id: Sight(secret, Severity.CRITICAL, (Match("C-1", best),), False)}
    made = World(
        sights,
        reading(),
        {one.id: one for one in (ROOT, *identities)},
        "k1",
        NOW,
    )
    return replace(made, **changes)


def verdict(seen: World, before: Baseline) -> Closure:
    (found,) = verify(seen, {before.secret_id: before}).verdicts
    assert found.evidence, "every verdict says what shows it"
    return found.closure


# What the CI system shows now: the entry, the baseline beside it, what was read.
REFUSED = Gap("SSH keys of context prod", "404", "ask", "ci", (SCOPE.id,))
SHORT = (Coverage("ci", "contexts", 1, None), ACCOUNT)
CI: dict[str, tuple[Secret | None, dict[str, Any], dict[str, Any]]] = {
    "another end": (entry(tail=NEW_END, updated=NOW), {}, {}),
    "another end, no time": (
        entry(tail=NEW_END, updated=None, created=None),
        {"updated": None, "created": None},
        {},
    ),
    "same end, written again": (entry(updated=NOW), {}, {}),
    "deleted and added with the same end": (
        entry(created=NOW, updated=None),
        {"updated": None},
        {},
    ),
    "ends alike, written again": (entry(tail=ALIKE, updated=NOW), {"tail": ALIKE}, {}),
    "no end, written again": (entry(tail=None, updated=NOW), {"tail": None}, {}),
    "sealed with another key, written again": (
        entry(tail=NEW_END, updated=NOW),
        {"seal": "k0"},
        {},
    ),
    "not written": (entry(), {}, {}),
    "sealed with another key, not written": (entry(tail=NEW_END), {"seal": "k0"}, {}),
    "same end, no time of change": (entry(updated=None), {"updated": None}, {}),
    "gone, all read": (None, {}, {}),
    "gone with its place": (None, {}, {"place": None}),
    "gone, its place refused": (None, {}, {"place": UNREAD}),
    "gone, a store of its place refused": (None, {}, {"gaps": (REFUSED,)}),
    "gone with its place, listing cut short": (None, {}, {"place": None, "coverage": SHORT}),
}
# What the provider shows now, as the four fates.
CUT = {"coverage": (STORE, Coverage("aws 1", "users", 1, None))}
PROVIDER: dict[str, tuple[str, tuple[Identity, ...], dict[str, Any]]] = {
    "listed": ("alive", (owner(key(OLD.label)),), {}),
    "of an unheard-of status": ("alive", (owner(key(OLD.label, "resting")),), {}),
    "inactive": ("off", (owner(key(OLD.label, "inactive")),), {}),
    "of a disabled owner": ("off", (owner(key(OLD.label), status="disabled"),), {}),
    "deleted": ("dead", (owner(key("AKIANEW****")),), {}),
    "expired": ("dead", (owner(key(OLD.label, expires=NOW - timedelta(days=1))),), {}),
    "gone with its owner": ("dead", (), {}),
    "of an unreadable list": ("unknown", (owner(complete=False),), {}),
    "of an owner not seen, accounts cut short": ("unknown", (), CUT),
}
N, V, KEEPS, CANNOT = (
    Closure.NOT_ROTATED,
    Closure.VERIFIED,
    Closure.CI_KEEPS_OLD,
    Closure.CANNOT,
)
CHANGED = {"alive": Closure.OLD_ACTIVE, "off": Closure.OLD_OFF, "dead": V}
CHANGED["unknown"] = Closure.CI_ONLY
SAME_AGAIN = {"alive": N, "off": KEEPS, "dead": KEEPS, "unknown": CANNOT}
BLIND = {"alive": N, "off": CANNOT, "dead": CANNOT, "unknown": CANNOT}
KEPT = {"alive": N, "off": KEEPS, "dead": KEEPS, "unknown": N}
GONE = {"alive": Closure.REMOVED_ALIVE, "off": Closure.REMOVED_ALIVE, "dead": Closure.REMOVED_DEAD}
GONE["unknown"] = Closure.REMOVED_UNKNOWN
NEVER = dict.fromkeys(("alive", "off", "dead", "unknown"), CANNOT)
EXPECTED = {
    "another end": CHANGED,
    "another end, no time": CHANGED,
    "same end, written again": SAME_AGAIN,
    "deleted and added with the same end": SAME_AGAIN,
    "ends alike, written again": BLIND,
    "no end, written again": BLIND,
    "sealed with another key, written again": BLIND,
    "not written": KEPT,
    "sealed with another key, not written": KEPT,
    "same end, no time of change": BLIND,
    "gone, all read": GONE,
    "gone with its place": GONE,
    "gone, its place refused": NEVER,
    "gone, a store of its place refused": NEVER,
    "gone with its place, listing cut short": NEVER,
}


def joint(
    secret: Secret | None,
    identities: tuple[Identity, ...],
    here: dict[str, Any],
    there: dict[str, Any],
) -> World:
    ci, aws = (told.get("coverage", (STORE, ACCOUNT)) for told in (here, there))
    read = reading(**{**here, "coverage": (ci[0], aws[1])})
    return world(secret, *identities, reading=read)


@pytest.mark.parametrize("there", PROVIDER)
@pytest.mark.parametrize("here", CI)
def test_every_combination_of_both_sides(here: str, there: str) -> None:
    secret, base, seen = CI[here]
    fate, identities, also = PROVIDER[there]
    found = verdict(joint(secret, identities, seen, also), baseline(**base))
    assert found is EXPECTED[here][fate]


def test_the_table_has_the_combinations_that_were_asked_for() -> None:
    assert len(CI) * len(PROVIDER) >= 40
    assert CI.keys() == EXPECTED.keys()


# --- one case each ---------------------------------------------------------------------------


def test_a_new_key_shows_what_a_blind_rewrite_stored() -> None:
    fresh = key("AKIANEW****", created=NOW - timedelta(hours=2))
    secret = entry(tail=ALIKE, updated=NOW - timedelta(hours=1))
    before = baseline(tail=ALIKE)
    assert verdict(world(secret, owner(fresh)), before) is Closure.VERIFIED
    assert verdict(world(secret, owner(fresh, key(OLD.label))), before) is Closure.OLD_ACTIVE
    later = replace(fresh, created=NOW)  # made after the value was stored: it is not that key
    assert verdict(world(secret, owner(later)), before) is Closure.CANNOT


def test_all_that_it_may_have_been_must_be_dead() -> None:
    either = baseline(keys=(OLD, replace(OLD, label="AKIATWIN****")))
    changed = entry(tail=NEW_END, updated=NOW)
    assert verdict(world(changed, owner()), either) is Closure.VERIFIED
    assert verdict(world(changed, owner(key("AKIATWIN****"))), either) is Closure.CI_ONLY


def test_closing_one_row_of_five_closes_nothing() -> None:
    five = {f"S-{n}": baseline(secret_id=f"S-{n}", name=f"KEY_{n}") for n in range(5)}
    changed = entry(id="S-0", tail=NEW_END, updated=NOW)
    seen = world(changed, owner(key(OLD.label)))
    best = Candidate(OWNER, OLD.label, Confidence.CERTAIN, ())
    sights = {
        f"S-{n}": Sight(entry(id=f"S-{n}"), Severity.HIGH, (Match("C", best),), False)
        for n in range(1, 5)
    }
    found = verify(replace(seen, sights={**seen.sights, **sights}), five).verdicts
    assert [one.closure for one in found] == [Closure.OLD_ACTIVE, N, N, N, N]
    assert any("KEY_1 (S-1)" in fact.fact for fact in found[0].evidence)


def test_what_the_ci_system_issued_dies_with_its_entry() -> None:
    token = baseline(keys=(), issued=True)
    assert verdict(world(None), token) is Closure.REMOVED_DEAD
    assert verdict(world(None), baseline(keys=())) is Closure.REMOVED_UNKNOWN
    assert verdict(world(entry(tail=NEW_END, updated=NOW)), token) is Closure.CI_ONLY


@pytest.mark.parametrize(
    ("there", "closure"),
    [
        ("deleted", Closure.REMOVED_UNKNOWN),
        ("inactive", Closure.REMOVED_UNKNOWN),
        ("listed", Closure.REMOVED_ALIVE),
        ("of an unreadable list", Closure.REMOVED_UNKNOWN),
    ],
)
def test_no_listing_shows_that_nothing_else_accepts_it(there: str, closure: Closure) -> None:
    """An SSH key that CI offers to every host, and that one provider happens to list."""
    _, identities, shown = PROVIDER[there]
    seen = joint(None, identities, {}, shown)
    before = baseline(elsewhere=True)
    assert verdict(seen, before) is closure
    (found,) = verify(seen, {before.secret_id: before}).verdicts
    told = [one.fact for one in found.evidence]
    assert (ELSEWHERE in told) is (there in ("deleted", "inactive"))


def test_a_first_sight_proves_nothing() -> None:
    (found,) = verify(world(entry(), owner(key(OLD.label))), {}).verdicts
    assert found.closure is Closure.NOT_ROTATED
    incident = Incident("i", "I", BEFORE - timedelta(days=9), BEFORE - timedelta(days=5))
    (found,) = verify(world(entry(), owner(), incident=incident), {}).verdicts
    assert found.closure is Closure.CANNOT, "written after the incident, before anybody looked"


def test_a_value_written_before_the_first_run_stays_without_proof() -> None:
    late = baseline(late=True)
    assert verdict(world(entry(), owner()), late) is Closure.CANNOT
    assert verdict(world(entry(tail=NEW_END, updated=NOW), owner()), late) is Closure.VERIFIED


def test_what_is_no_secret_has_no_verdict_and_is_watched_once_it_is_one() -> None:
    seen = world(entry(), owner(key(OLD.label)))
    sight = replace(seen.sights["S-1"], severity=Severity.NONE)
    quiet = replace(seen, sights={"S-1": sight})
    assert verify(quiet, {}).verdicts == ()
    assert verify(quiet, {"S-1": baseline()}).verdicts == ()
    assert verify(quiet, {"S-1": baseline()}).baselines


STORED = Storing("S-1", NOW, "project.env_var.create from 192.0.2.7")
SPAN = {"ci": (BEFORE, NOW)}


def without_times(**changes: Any) -> Secret:
    """Return an entry of a store that keeps no time of a change, as projects are."""
    return entry(**{"created": None, "updated": None, **changes})


def test_the_ci_systems_own_log_is_proof_where_a_store_keeps_no_time() -> None:
    timeless = baseline(created=None, updated=None)
    for fate, expected in SAME_AGAIN.items():
        holder, also = next((who, also) for name, who, also in PROVIDER.values() if name == fate)
        read = reading(coverage=(STORE, also.get("coverage", (STORE, ACCOUNT))[1]))
        seen = world(without_times(), *holder, reading=read)
        assert verdict(seen, timeless) is BLIND[fate], "without a log nobody knows"
        told = replace(seen, logged=Logged(storings=(STORED,), spans=SPAN))
        assert verdict(told, timeless) is expected


def test_a_storing_before_the_first_look_is_none() -> None:
    timeless = baseline(created=None, updated=None)
    early = replace(STORED, last=timeless.taken)
    seen = world(without_times(), owner(), logged=Logged(storings=(early,), spans=SPAN))
    assert verdict(seen, timeless) is Closure.CANNOT
    (found,) = verify(seen, {"S-1": timeless}).verdicts
    assert "to 2026-01-20 09:00 UTC shows none" in found.evidence[0].fact


def test_a_logged_storing_and_a_new_key_before_it_are_a_rotation() -> None:
    timeless = baseline(created=None, updated=None, tail=ALIKE)
    fresh = key("AKIANEW****", created=NOW - timedelta(hours=2))
    seen = world(without_times(tail=ALIKE), owner(fresh), logged=Logged(storings=(STORED,)))
    closure, base = rerun(seen, timeless)
    assert (closure, base.retired) == (Closure.VERIFIED, (OLD,))
    used = KeyUse(OLD, NOW + timedelta(hours=1), "203.0.113.9 s3:GetObject (CloudTrail)")
    reused = replace(seen, logged=replace(seen.logged, uses=(used,)))
    assert rerun(reused, timeless)[0] is Closure.USED_AFTER


# --- from run to run -------------------------------------------------------------------------


def rerun(seen: World, before: Baseline) -> tuple[Closure, Baseline]:
    found = verify(seen, {"S-1": before})
    return found.verdicts[0].closure, found.baselines[0]


def test_a_proof_holds_as_long_as_the_value_is_that_one() -> None:
    renewed = entry(tail=NEW_END, updated=NOW)
    after = owner(key("AKIANEW****", created=NOW))
    closure, base = rerun(world(renewed, after), baseline())
    assert (closure, base.verified, base.retired) == (Closure.VERIFIED, NOW, (OLD,))
    closure, again = rerun(world(renewed, after, now=NOW + timedelta(days=7)), base)
    assert (closure, again.verified, again.retired) == (Closure.VERIFIED, NOW, (OLD,))


@pytest.mark.parametrize("tail", [NEW_END, ALIKE, None, Tail("d" * 32, 4, "base32")])
def test_writing_the_new_value_again_or_yet_another_one_takes_no_proof_back(
    tail: Tail | None,
) -> None:
    renewed = entry(tail=NEW_END, updated=NOW)
    after = owner(key("AKIANEW****", created=NOW))
    _, base = rerun(world(renewed, after), baseline())
    again = entry(tail=tail, updated=NOW + timedelta(days=3))
    closure, base = rerun(world(again, after, now=NOW + timedelta(days=4)), base)
    assert (closure, base.verified, base.retired) == (Closure.VERIFIED, NOW, (OLD,))
    revived = owner(key("AKIANEW****", created=NOW), key(OLD.label))
    assert not rerun(world(again, revived, now=NOW + timedelta(days=5)), base)[0].done


def test_putting_the_old_value_back_is_seen() -> None:
    renewed = entry(tail=NEW_END, updated=NOW)
    _, base = rerun(world(renewed, owner(key("AKIANEW****"))), baseline())
    back = entry(updated=NOW + timedelta(days=1))
    closure, _ = rerun(world(back, owner(key("AKIANEW****"), key(OLD.label))), base)
    assert not closure.done


def test_the_old_side_is_kept_until_the_proof() -> None:
    half = entry(tail=NEW_END, updated=NOW)
    closure, base = rerun(world(half, owner(key(OLD.label))), baseline())
    assert closure is Closure.OLD_ACTIVE
    assert base == baseline()
    closure, _ = rerun(world(half, owner()), base)
    assert closure is Closure.VERIFIED


def test_a_vanished_entry_stays_watched_until_its_credential_is_dead() -> None:
    closure, base = rerun(world(None, owner(key(OLD.label))), baseline())
    assert closure is Closure.REMOVED_ALIVE
    closure, _ = rerun(world(None, owner()), base)
    assert closure is Closure.REMOVED_DEAD


def test_a_later_incident_takes_the_proof_back() -> None:
    renewed = entry(tail=NEW_END, updated=NOW)
    after = owner(key("AKIANEW****", created=NOW))
    best = Candidate(OWNER, "AKIANEW****", Confidence.CERTAIN, ())
    sight = Sight(renewed, Severity.HIGH, (Match("C", best),), False)
    seen = replace(world(renewed, after), sights={"S-1": sight})
    _, base = rerun(seen, baseline())
    second = Incident("two", "Two", NOW + timedelta(days=30), NOW + timedelta(days=40))
    later = replace(seen, incident=second, now=NOW + timedelta(days=41))
    assert rerun(later, base)[0] is Closure.NOT_ROTATED


def test_a_use_of_the_old_one_after_its_rotation_reopens_the_row() -> None:
    renewed = entry(tail=NEW_END, updated=NOW)
    after = owner(key("AKIANEW****", created=NOW))
    _, base = rerun(world(renewed, after), baseline())
    late = KeyUse(OLD, NOW + timedelta(days=2), "203.0.113.9 s3:GetObject (CloudTrail)")
    seen = world(renewed, after, now=NOW + timedelta(days=3), logged=Logged(uses=(late,)))
    found = verify(seen, {"S-1": base}).verdicts[0]
    assert found.closure is Closure.USED_AFTER
    assert "203.0.113.9" in found.evidence[0].fact
    early = replace(late, last=NOW - timedelta(days=2))
    assert rerun(replace(seen, logged=Logged(uses=(early,))), base)[0] is Closure.VERIFIED


def test_who_stood_behind_an_unchanged_value_may_be_learnt_later() -> None:
    closure, base = rerun(world(entry(), owner(key(OLD.label))), baseline(keys=()))
    assert (closure, base.keys) == (Closure.NOT_ROTATED, (OLD,))
    changed = entry(tail=NEW_END, updated=NOW)
    _, base = rerun(world(changed, owner(key(OLD.label))), baseline(keys=()))
    assert base.keys == (), "what stands behind the new value was not behind the old one"


# --- laws ------------------------------------------------------------------------------------


@given(
    here=st.sampled_from(sorted(CI)),
    there=st.sampled_from(sorted(PROVIDER)),
    unread=st.booleans(),
)
def test_reading_less_never_closes_a_row(here: str, there: str, unread: bool) -> None:
    """Whatever is not read, nothing that was open becomes done."""
    secret, base, seen = CI[here]
    _, identities, also = PROVIDER[there]
    full = joint(secret, identities, seen, also)
    blind = replace(
        full,
        reading=reading(coverage=(), place=UNREAD),
        identities={} if unread else full.identities,
    )
    before = baseline(**base)
    if verdict(blind, before).done:
        assert verdict(full, before).done


# --- candidates that an earlier run saw ----------------------------------------------------------

RIVAL = OldKey("arn:aws:iam::2:user/root", "2", "aws", "AKIARIV****")
FITS = Match("C-1", Candidate(OWNER, OLD.label, Confidence.HIGH, ()))


@pytest.mark.parametrize(
    ("secret", "read", "lost"),
    [
        (entry(), False, True),
        (entry(), True, False),  # its account was read and has no such user: gone, not unread
        (entry(updated=NOW), False, False),  # another value is stored since
    ],
)
def test_a_rival_whose_account_refuses_is_not_forgotten(
    secret: Secret, read: bool, lost: bool
) -> None:
    rival = Candidate(RIVAL.identity_id, RIVAL.label, Confidence.LOW, ())
    both = replace(FITS, runners_up=(rival,))
    sight = Sight(entry(), Severity.CRITICAL, (both,), issued=False)
    stranger = replace(ROOT, id=RIVAL.identity_id, account="2", keys=(key(RIVAL.label),))
    everybody = {OWNER: owner(key(OLD.label)), stranger.id: stranger}
    world = World({"S-1": sight}, Reading((STORE,), (), ()), everybody, "seal", BEFORE)
    base = verify(world, {}).baselines[0]
    assert {one.identity_id for one in base.keys} == {OWNER, RIVAL.identity_id}
    now = {OWNER: owner(key(OLD.label)), "other": replace(ROOT, id="other", account="2")}
    listed = Coverage("aws 2", "users", 1, 1 if read else None)
    registry = Registry(now, Reading((ACCOUNT, listed), (), ()), NOW)
    memory = Memory({"S-1": base}, registry, "seal")
    told = memory.lost(secret, FITS)
    assert bool(told) == lost
    assert RIVAL.identity_id in told or not lost
    assert memory.lost(secret, both) == ""
