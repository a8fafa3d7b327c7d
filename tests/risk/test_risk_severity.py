"""One entry's severity, score, reasons and confidence, rule by rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from auditor.models import (
    AccessKey,
    Assessment,
    Candidate,
    Capability,
    CapabilityName,
    Classification,
    Confidence,
    Credential,
    Exposure,
    Gap,
    Identity,
    Incident,
    Kind,
    Known,
    Match,
    NoMatch,
    Part,
    Resolution,
    Role,
    Rotate,
    Scope,
    ScopeKind,
    Secret,
    Severity,
    Unknown,
)
from auditor.risk.severity import assess
from auditor.risk.standing import Standing

NOW = datetime(2023, 1, 20, tzinfo=UTC)
EARLY = datetime(2022, 11, 1, tzinfo=UTC)
LATE = datetime(2023, 1, 10, tzinfo=UTC)
INCIDENT = Incident(
    "i", "an incident", datetime(2022, 12, 16, tzinfo=UTC), datetime(2023, 1, 5, tzinfo=UTC)
)
GAP = Gap("policies of account 1", "AccessDenied", "grant it", "lab 1")
NOT_READ = Unknown(GAP)
SCOPE = Scope(ScopeKind.CONTEXT, "ctx-1", "deploy", "acme")
QUIET = Exposure(Known(value=False), Known(1), Known(value=False))

KEY = Kind("lab-key", "key of the lab", "lab", "lab", "cloud", True, ("id",), "", "", "its console")
NPM = Kind("npm-token", "npm token", "npm", None, "supply-chain", False, (), "", "", "npm")
ADMIN, DATA, LOOK = (
    CapabilityName.ADMIN,
    CapabilityName.READ_DATA,
    CapabilityName.READ_CONFIG,
)
MIX = Kind("mix", "token", "acme", None, "quality", False, (), "", "", "")

UNSEARCHED = Standing(NoMatch("C-1", searched=False, gap=GAP))
SEARCHED = Standing(NoMatch("C-1", searched=True, gap=GAP))


def secret(exposure: Exposure = QUIET, updated: datetime | None = LATE) -> Secret:
    return Secret("S-1", "ci", "context variable", SCOPE, "X", None, updated, None, exposure, None)


def named(
    role: Role = Role.SECRET,
    part: str = "secret",
    confidence: Confidence = Confidence.HIGH,
    *,
    published: bool = False,
) -> Classification:
    return Classification("S-1", role, "lab", "k", part, "", "rule", confidence, published)


def credential(holds: str = "S-1") -> Credential:
    return Credential("C-1", KEY.id, "lab", KEY.provider, SCOPE, "", (Part("secret", holds),))


def can(
    who: str, *names: CapabilityName, limited: bool = False, conditional: bool = False
) -> Resolution:
    found = (Capability(who, name, (), (), (), limited, conditional) for name in names)
    return Resolution(who, (), tuple(found))


def candidate(who: str, confidence: Confidence = Confidence.HIGH) -> Candidate:
    return Candidate(who, f"KEY-{who}****", confidence, ())


def identity(who: str, key_status: str = "Active", status: str = "active") -> Identity:
    key = AccessKey(f"KEY-{who}****", key_status, None, NOT_READ)
    return Identity(who, "lab", "1", who, "user", None, status, (key,))


def standing(*resolutions: Resolution, who: Iterable[str] = (), **status: str) -> Standing:
    """Return the standing of a key that fits everybody resolved and `who` besides."""
    ids = [*(one.identity_id for one in resolutions), *who]
    confidence = Confidence.LOW if len(ids) > 1 else Confidence.HIGH
    first, *others = (candidate(one, confidence) for one in ids)
    known = {one: identity(one, status.get(one, "Active")) for one in ids}
    by_id = {one.identity_id: one for one in resolutions}
    return Standing(Match("C-1", first, tuple(others)), by_id, known)


def of_key(
    said: Standing, entry: Secret | None = None, told: Classification | None = None
) -> Assessment:
    return assess(
        entry or secret(), told or named(), credential(), said, kind=KEY, incident=INCIDENT, now=NOW
    )


def of_kind(
    kind: Kind | None, entry: Secret | None = None, told: Classification | None = None
) -> Assessment:
    return assess(
        entry or secret(), told or named(), None, Standing(), kind=kind, incident=INCIDENT, now=NOW
    )


def said(assessment: Assessment) -> str:
    return "\n".join(one.text for one in assessment.reasons)


# --- roles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.CONFIG, Role.PUBLIC, Role.IDENTIFIER])
@pytest.mark.parametrize("published", [True, False])
def test_what_is_no_secret_needs_nothing(role: Role, published: bool) -> None:
    got = of_kind(NPM, told=named(role, "region", published=published))
    assert (got.severity, got.score, got.rotate) == (Severity.NONE, 0, Rotate.NOTHING)
    assert got.reasons[0].text.startswith("its name says")
    assert got.confidence is Confidence.HIGH


def test_an_identifier_replaced_with_its_secret_shares_its_assessment() -> None:
    admin = standing(can("a", ADMIN))
    own, other = of_key(admin), of_key(admin, told=named(Role.IDENTIFIER, "id"))
    assert (other.severity, other.score, other.reasons) == (own.severity, own.score, own.reasons)
    assert other.rotate is own.rotate is Rotate.NOW
    words = f"It is replaced together with its secret: {own.advice}"
    assert other.advice.casefold() == words.casefold()


@pytest.mark.parametrize(
    ("part", "held"), [("id", None), ("id", credential("S-other")), ("account", credential())]
)
def test_an_identifier_that_nothing_replaces_is_harmless(
    part: str, held: Credential | None
) -> None:
    told = named(Role.IDENTIFIER, part)
    got = assess(secret(), told, held, Standing(), kind=KEY, incident=None, now=NOW)
    assert got.severity is Severity.NONE


def test_what_nobody_can_classify_is_unknown_and_checked_by_hand() -> None:
    got = of_kind(None, told=named(Role.UNCLASSIFIED, ""))
    assert (got.severity, got.rotate) == (Severity.UNKNOWN, Rotate.CHECK)
    assert got.confidence is Confidence.NONE


# --- kinds that no provider is asked about ----------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "confidence", "severity", "sure"),
    [
        (NPM, Confidence.HIGH, Severity.HIGH, Confidence.MEDIUM),
        (NPM, Confidence.LOW, Severity.HIGH, Confidence.LOW),
        (MIX, Confidence.HIGH, Severity.LOW, Confidence.MEDIUM),
        (replace(MIX, impact="generic"), Confidence.HIGH, Severity.MEDIUM, Confidence.LOW),
        (None, Confidence.MEDIUM, Severity.MEDIUM, Confidence.LOW),
    ],
)
def test_a_kind_alone_gives_the_points(
    kind: Kind | None, confidence: Confidence, severity: Severity, sure: Confidence
) -> None:
    got = of_kind(kind, told=named(confidence=confidence))
    assert (got.severity, got.confidence) == (severity, sure)


def test_of_a_kind_that_a_provider_happens_to_list_the_worse_counts() -> None:
    alone = of_kind(MIX)

    def listed(standing_: Standing) -> Assessment:
        return assess(
            secret(),
            named(),
            replace(credential(), provider=None),
            standing_,
            kind=MIX,
            incident=INCIDENT,
            now=NOW,
        )

    assert listed(standing(can("a", ADMIN))).severity is Severity.CRITICAL
    assert listed(standing(can("a", LOOK))).score >= alone.score
    assert listed(SEARCHED).score == listed(UNSEARCHED).score == alone.score
    # Switched off where it is listed, it may be accepted elsewhere.
    assert listed(standing(can("a", LOOK), a="Inactive")).score >= alone.score
    blind = replace(can("a", LOOK), gaps=(GAP,))
    assert listed(standing(blind)).severity is Severity.UNKNOWN


def test_a_published_secret_is_high_at_least() -> None:
    got = of_kind(MIX, told=named(published=True))
    assert (got.severity, got.score) == (Severity.HIGH, 55)
    assert "everybody can read" in max(got.reasons, key=lambda one: one.points).text
    assert got.advice.startswith("Keep it out of what builds publish")
    worse = of_kind(NPM, told=named(published=True))
    assert worse.score > of_kind(NPM).score


# --- identities ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said_of_it", "severity"),
    [
        (standing(can("a", ADMIN)), Severity.CRITICAL),
        (standing(can("a", ADMIN, limited=True)), Severity.HIGH),
        (standing(can("a", CapabilityName.ESCALATE)), Severity.CRITICAL),
        (standing(can("a", CapabilityName.READ_SECRETS)), Severity.HIGH),
        (standing(can("a", CapabilityName.SUPPLY_CHAIN, limited=True)), Severity.MEDIUM),
        (standing(can("a", LOOK)), Severity.LOW),
        (standing(can("a")), Severity.LOW),
        (standing(can("a", LOOK), can("b", ADMIN)), Severity.CRITICAL),
        (standing(can("a", DATA), who=["b"]), Severity.UNKNOWN),
        (standing(can("a", ADMIN), who=["b"]), Severity.CRITICAL),
        (standing(who=["a"]), Severity.UNKNOWN),
        (standing(replace(can("a"), gaps=(GAP,))), Severity.UNKNOWN),
        (standing(replace(can("a", ADMIN), gaps=(GAP,))), Severity.CRITICAL),
        (Standing(), Severity.UNKNOWN),
        (UNSEARCHED, Severity.UNKNOWN),
        (SEARCHED, Severity.UNKNOWN),
    ],
)  # fmt: skip
def test_the_worst_ability_of_all_candidates_decides(
    said_of_it: Standing, severity: Severity
) -> None:
    assert of_key(said_of_it).severity is severity


@pytest.mark.parametrize(
    ("said_of_it", "words", "confidence"),
    [
        (standing(can("a", ADMIN)), "can do everything", Confidence.HIGH),
        (standing(can("a"), can("b")), "it fits 2 credentials", Confidence.LOW),
        (standing(who=["a"]), "was not read", Confidence.LOW),
        (standing(replace(can("a"), gaps=(GAP,))), "account 1: AccessDenied", Confidence.LOW),
        (standing(replace(can("a"), gaps=(GAP, GAP))), "AccessDenied, and 1 more", Confidence.LOW),
        (standing(replace(can("a", ADMIN), gaps=(GAP,))), "AccessDenied", Confidence.HIGH),
        (Standing(), "is not configured", Confidence.NONE),
        (UNSEARCHED, "not be found: AccessDenied", Confidence.NONE),
        (SEARCHED, "no configured account knows", Confidence.LOW),
    ],
)  # fmt: skip
def test_the_reasons_say_what_is_known_and_what_is_not(
    said_of_it: Standing, words: str, confidence: Confidence
) -> None:
    got = of_key(said_of_it)
    assert words in said(got)
    assert got.confidence is confidence


def test_an_open_question_is_the_first_thing_to_read() -> None:
    got = of_key(standing(replace(can("a", CapabilityName.WRITE_DATA), gaps=(GAP,))))
    assert "AccessDenied" in got.reasons[0].text
    assert got.reasons[0].points == max(one.points for one in got.reasons)
    assert "change the company's data" in said(got)


def test_an_open_question_counts_no_less_than_what_is_known() -> None:
    reaching = can("a", CapabilityName.ORG_REACH)
    assert (
        of_key(standing(replace(reaching, gaps=(GAP,)))).score == of_key(standing(reaching)).score
    )


def test_who_could_not_be_listed_or_looked_at_again_leaves_it_open() -> None:
    low = standing(can("a", LOOK))
    assert isinstance(low.match, Match)
    unlisted = replace(low, match=replace(low.match, unlisted=(GAP,)))
    lost = replace(low, lost="b was not seen")
    for open_, words in ((unlisted, "a worse identity may fit"), (lost, "b was not seen")):
        got = of_key(open_)
        assert got.severity is Severity.UNKNOWN
        assert words in got.reasons[0].text
    critical = standing(can("a", ADMIN))
    assert of_key(replace(critical, lost="b")).severity is Severity.CRITICAL


def test_a_key_known_nowhere_is_removed() -> None:
    assert of_key(SEARCHED).rotate is Rotate.REMOVE


def test_a_tie_between_lesser_identities_is_checked_by_hand() -> None:
    tie = standing(can("a", DATA), can("b"))
    assert of_key(tie).rotate is Rotate.CHECK
    assert "KEY-a" not in of_key(tie).advice


def test_the_advice_names_the_key_to_revoke() -> None:
    got = of_key(standing(can("a", ADMIN)))
    assert "revoke the old one, KEY-a**** of a in account 1" in got.advice
    assert got.advice.endswith("its console")
    assert "OIDC" in got.advice
    lesser = of_key(standing(can("a", DATA)))
    assert lesser.rotate is Rotate.OIDC


@pytest.mark.parametrize(
    ("weaker", "points"), [({}, 60), ({"limited": True}, 36), ({"conditional": True}, 48)]
)
def test_limits_and_conditions_take_points(weaker: Mapping[str, bool], points: int) -> None:
    assert of_key(standing(can("a", CapabilityName.READ_SECRETS, **weaker))).score == points


def test_limits_leave_the_least() -> None:
    both = can("a", CapabilityName.READ_SECRETS, limited=True, conditional=True)
    assert of_key(standing(both)).score == 30


def test_further_abilities_add_a_little() -> None:
    few = of_key(standing(can("a", CapabilityName.READ_SECRETS)))
    more = of_key(standing(can("a", CapabilityName.READ_SECRETS, CapabilityName.DEPLOY)))
    every = of_key(standing(can("a", *list(CapabilityName)[2:])))
    assert few.score < more.score <= few.score + 2
    assert "besides: deploy" in said(more)
    assert every.score <= 75 + 8


# --- credentials that are switched off, or known to be leaked -----------------------------------


def test_a_switched_off_key_is_contained_and_not_dead() -> None:
    off = of_key(standing(can("a", ADMIN), a="Inactive"))
    assert off.severity not in (Severity.NONE, Severity.CRITICAL)
    assert off.rotate is Rotate.REVOKE
    assert "contained, not deleted" in said(off)


def test_a_switched_off_key_of_a_harmless_user_is_still_low() -> None:
    assert of_key(standing(can("a"), a="Inactive")).severity is Severity.LOW


def test_a_switched_off_twin_does_not_hide_the_live_one() -> None:
    twins = standing(can("a", ADMIN), can("b", ADMIN), a="Inactive")
    got = of_key(twins)
    assert (got.severity, got.rotate) == (Severity.CRITICAL, Rotate.NOW)


def test_an_unread_switched_off_key_is_unknown() -> None:
    got = of_key(standing(who=["a"], a="Inactive"))
    assert (got.severity, got.rotate) == (Severity.UNKNOWN, Rotate.REVOKE)
    assert "switched off" in said(got)


def test_keys_that_share_a_label_must_all_be_off() -> None:
    read = standing(can("a", ADMIN), a="Inactive")
    live = replace(identity("a").keys[0], status="Active")
    person = replace(read.identities["a"], keys=(*read.identities["a"].keys, live))
    got = of_key(replace(read, identities={"a": person}))
    assert got.severity is Severity.CRITICAL


@pytest.mark.parametrize("key_status", ["Active", "Inactive"])
def test_a_key_its_provider_found_in_public_is_critical(key_status: str) -> None:
    read = standing(can("a", LOOK))
    person = identity("a", key_status, "quarantined by the provider")
    got = of_key(replace(read, identities={"a": person}))
    assert got.severity is Severity.CRITICAL
    assert "found in public" in said(got)


# --- exposure --------------------------------------------------------------------------------

YES = Known(value=True)


@pytest.mark.parametrize(
    ("exposure", "updated", "added", "words"),
    [
        (QUIET, LATE, 0, ""),
        (QUIET, EARLY, 6, "not rewritten since the incident"),
        (replace(QUIET, unrestricted=YES), LATE, 9, "any member or project"),
        (replace(QUIET, unrestricted=NOT_READ), LATE, 9, "who may use it is not known"),
        (replace(QUIET, fork_builds=YES), LATE, 18, "a stranger can read it"),
        (replace(QUIET, fork_builds=NOT_READ), LATE, 18, "counts as if they did"),
        (replace(QUIET, project_count=Known(2)), LATE, 1, "2 projects can reach it"),
        (replace(QUIET, project_count=Known(14)), LATE, 3, "14 projects can reach it"),
        (replace(QUIET, project_count=Known(500)), LATE, 6, "500 projects can reach it"),
        (replace(QUIET, project_count=NOT_READ), LATE, 6, "how many projects"),
        (QUIET, datetime(2020, 6, 1, tzinfo=UTC), 6 + 1, "for 2 years or more"),
        (QUIET, datetime(2010, 6, 1, tzinfo=UTC), 6 + 3, "for 5 years or more"),
        (QUIET, None, 6 + 3, "its age is not known"),
        (QUIET, datetime(2023, 1, 10), 0, ""),  # noqa: DTZ001 (taken for UTC)
    ],
)
def test_exposure_raises_the_score_by_a_share(
    exposure: Exposure, updated: datetime | None, added: int, words: str
) -> None:
    got = of_kind(NPM, secret(exposure, updated))
    assert got.score == 60 + added
    assert words in said(got)


def test_exposure_that_was_not_read_makes_it_less_sure() -> None:
    read = standing(can("a", ADMIN))
    assert of_key(read, secret(replace(QUIET, fork_builds=YES))).confidence is Confidence.HIGH
    assert (
        of_key(read, secret(replace(QUIET, fork_builds=NOT_READ))).confidence is Confidence.MEDIUM
    )


def test_only_an_incident_makes_high_urgent() -> None:
    assert of_kind(NPM, secret(updated=EARLY)).rotate is Rotate.NOW
    assert of_kind(NPM, secret(updated=LATE)).rotate is Rotate.ROTATE
    got = assess(secret(updated=EARLY), named(), None, Standing(), kind=NPM, incident=None, now=NOW)
    assert got.rotate is Rotate.ROTATE


def test_equal_facts_share_their_reasons() -> None:
    admin = standing(can("a", ADMIN))
    assert of_key(admin).reasons is of_key(admin).reasons
    assert of_key(admin).advice is of_key(admin).advice
