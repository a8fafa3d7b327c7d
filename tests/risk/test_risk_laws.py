"""Laws of the severity: knowing less, or a credential able to do more, never ranks lower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

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
from auditor.risk.table import table

NOW = datetime(2023, 1, 20, tzinfo=UTC)
GAP = Gap("something", "denied", "grant it", "lab")
NOT_READ = Unknown(GAP)
SCOPE = Scope(ScopeKind.PROJECT, "p-1", "site", "acme")
INCIDENT = Incident("i", "i", NOW - timedelta(days=35), NOW - timedelta(days=15))
PEOPLE = ("a", "b", "c")


@dataclass(frozen=True)
class Case:
    """All inputs of one assessment."""

    secret: Secret
    classification: Classification
    credential: Credential | None
    standing: Standing
    kind: Kind | None
    incident: Incident | None

    def assess(self) -> Assessment:
        return assess(
            self.secret,
            self.classification,
            self.credential,
            self.standing,
            kind=self.kind,
            incident=self.incident,
            now=NOW,
        )

    @property
    def rank(self) -> int:
        return self.assess().severity.rank


flags = st.one_of(st.booleans().map(Known), st.just(NOT_READ))
counts = st.one_of(st.integers(0, 3000).map(Known), st.just(NOT_READ))
exposures = st.builds(Exposure, flags, counts, flags)
moments = st.one_of(st.none(), st.integers(-10, 4000).map(lambda days: NOW - timedelta(days=days)))
secrets = st.builds(
    Secret,
    id=st.just("S-1"),
    source=st.just("ci"),
    store=st.just("project variable"),
    scope=st.just(SCOPE),
    name=st.text(max_size=5),
    created=moments,
    updated=moments,
    tail=st.none(),
    exposure=exposures,
    url=st.none(),
)
kinds = st.builds(
    Kind,
    id=st.just("k"),
    title=st.just("a kind"),
    vendor=st.just("lab"),
    provider=st.sampled_from([None, "lab"]),
    impact=st.sampled_from(sorted(table().impacts)),
    oidc=st.booleans(),
    rotates=st.sampled_from([(), ("id",)]),
    note=st.sampled_from(["", "A note."]),
    console=st.just(""),
    revoke=st.sampled_from(["", "in its console"]),
)
classifications = st.builds(
    Classification,
    secret_id=st.just("S-1"),
    role=st.sampled_from(Role),
    vendor=st.just("lab"),
    kind=st.just("k"),
    part=st.sampled_from(["", "id", "secret", "region"]),
    stem=st.just(""),
    rule=st.just("rule"),
    confidence=st.sampled_from(Confidence),
    published=st.booleans(),
)


# --- what providers say ------------------------------------------------------------------------


def capabilities(who: str) -> st.SearchStrategy[Capability]:
    return st.builds(
        Capability,
        identity_id=st.just(who),
        name=st.sampled_from(CapabilityName),
        path=st.just(()),
        actions=st.just(()),
        resources=st.just(()),
        limited=st.booleans(),
        conditional=st.booleans(),
    )


def resolutions(who: str) -> st.SearchStrategy[Resolution]:
    found = st.lists(capabilities(who), max_size=5).map(tuple)
    gaps = st.sampled_from([(), (), (GAP,), (GAP, GAP)])
    return st.builds(Resolution, st.just(who), st.just(()), found, gaps)


def identities(who: str) -> st.SearchStrategy[Identity]:
    keys = st.sampled_from(["Active", "Inactive", "?"]).map(
        lambda status: (AccessKey("KEY****", status, None, NOT_READ),)
    )
    status = st.sampled_from(["active", "no active access key", "quarantined by it"])
    return st.builds(
        lambda keys, status: Identity(who, "lab", "1", who, "user", None, status, keys),
        keys,
        status,
    )


def candidate(who: str, confidence: Confidence = Confidence.LOW) -> Candidate:
    return Candidate(who, "KEY****", confidence, ())


@st.composite
def matches(draw: st.DrawFn) -> Standing:
    ids = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3))
    best = candidate(ids[0], draw(st.sampled_from(Confidence)))
    match = Match("C-1", best, tuple(map(candidate, ids[1:])))
    resolved = draw(st.sets(st.sampled_from(PEOPLE)))
    known = draw(st.sets(st.sampled_from(PEOPLE)))
    return Standing(
        match,
        {one: draw(resolutions(one)) for one in sorted(resolved)},
        {one: draw(identities(one)) for one in sorted(known)},
    )


nobody = st.booleans().map(lambda searched: Standing(NoMatch("C-1", searched, GAP)))
standings = st.one_of(matches(), nobody, st.just(Standing()))


@st.composite
def cases(draw: st.DrawFn, said: st.SearchStrategy[Standing] = standings) -> Case:
    kind = draw(st.one_of(st.none(), kinds))
    parts = (Part("secret", "S-1"),)
    provider = kind.provider if kind else None
    held = Credential("C-1", "k", "lab", provider, SCOPE, "", parts)
    return Case(
        draw(secrets),
        draw(classifications),
        draw(st.sampled_from([held, None])),
        draw(said),
        kind,
        draw(st.sampled_from([None, INCIDENT])),
    )


@st.composite
def key_cases(draw: st.DrawFn) -> Case:
    """Draw a case in which what the providers say decides."""
    case = draw(cases(matches()))
    kind = replace(draw(kinds), provider="lab")
    told = replace(case.classification, role=Role.SECRET)
    held = Credential("C-1", "k", "lab", "lab", SCOPE, "", (Part("secret", "S-1"),))
    return replace(case, kind=kind, classification=told, credential=held)


# --- the laws ----------------------------------------------------------------------------------


@given(cases())
def test_the_score_is_explained_to_the_point(case: Case) -> None:
    got = case.assess()
    assert 0 <= got.score <= 100
    assert sum(one.points for one in got.reasons) == got.score
    assert all(one.text for one in got.reasons)
    assert got.advice


@given(cases())
def test_score_and_severity_agree(case: Case) -> None:
    got = case.assess()
    if got.severity is Severity.NONE:
        assert (got.score, got.rotate) == (0, Rotate.NOTHING)
    elif got.severity is Severity.UNKNOWN:
        assert table().level(got.score) is Severity.HIGH
    else:
        assert table().level(got.score) is got.severity


@given(cases())
def test_the_same_input_gives_the_same_output(case: Case) -> None:
    assert case.assess() == case.assess()


@given(cases())
def test_no_secret_is_ever_none_and_no_unclassified_ever_low(case: Case) -> None:
    severity = case.assess().severity
    if case.classification.role is Role.SECRET:
        assert severity is not Severity.NONE
    if case.classification.role is Role.UNCLASSIFIED:
        assert severity is Severity.UNKNOWN


@given(cases())
def test_knowing_less_of_the_exposure_never_ranks_lower(case: Case) -> None:
    before = case.assess()
    for less in exposures_with_less(case.secret.exposure):
        after = replace(case, secret=replace(case.secret, exposure=less)).assess()
        assert after.severity.rank >= before.severity.rank
        assert after.score >= before.score


def exposures_with_less(exposure: Exposure) -> Iterator[Exposure]:
    yield replace(exposure, unrestricted=NOT_READ)
    yield replace(exposure, fork_builds=NOT_READ)
    yield replace(exposure, project_count=NOT_READ)


@given(cases())
def test_not_knowing_when_it_was_written_never_ranks_lower(case: Case) -> None:
    dateless = replace(case.secret, created=None, updated=None)
    assert replace(case, secret=dateless).rank >= case.rank


@given(key_cases(), st.sampled_from(PEOPLE))
def test_a_further_gap_never_ranks_lower(case: Case, who: str) -> None:
    found = dict(case.standing.resolutions)
    if who in found:
        found[who] = replace(found[who], gaps=(*found[who].gaps, GAP))
    assert with_resolutions(case, found).rank >= case.rank


@given(key_cases(), st.sampled_from(PEOPLE).flatmap(capabilities))
def test_a_further_capability_never_ranks_lower(case: Case, more: Capability) -> None:
    found = dict(case.standing.resolutions)
    if own := found.get(more.identity_id):
        found[own.identity_id] = replace(own, capabilities=(*own.capabilities, more))
    assert with_resolutions(case, found).rank >= case.rank


@given(key_cases(), st.sampled_from(PEOPLE))
def test_a_further_candidate_never_ranks_lower(case: Case, who: str) -> None:
    match = case.standing.match
    assert isinstance(match, Match)
    more = replace(match, runners_up=(*match.runners_up, candidate(who)))
    after = replace(case, standing=replace(case.standing, match=more))
    assert after.rank >= case.rank


@given(key_cases())
def test_which_candidate_is_likeliest_does_not_decide_how_bad_it_is(case: Case) -> None:
    match = case.standing.match
    assert isinstance(match, Match)
    *others, last = match.candidates
    turned = replace(match, best=last, runners_up=tuple(others))
    after = replace(case, standing=replace(case.standing, match=turned)).assess()
    assert (after.severity, after.score) == (case.assess().severity, case.assess().score)


@given(key_cases(), st.sampled_from(PEOPLE))
def test_an_unread_identity_never_ranks_below_unknown(case: Case, who: str) -> None:
    """What made it critical may be the very thing that is no longer known: then it is Unknown."""
    match = case.standing.match
    assert isinstance(match, Match)
    found = {one: said for one, said in case.standing.resolutions.items() if one != who}
    after = with_resolutions(case, found)
    assert after.rank >= min(case.rank, Severity.UNKNOWN.rank)
    if who in {one.identity_id for one in match.candidates}:
        assert after.rank >= Severity.UNKNOWN.rank


@given(key_cases(), st.one_of(nobody, st.just(Standing())))
def test_a_credential_of_nobody_is_unknown(case: Case, said: Standing) -> None:
    assert replace(case, standing=said).rank == Severity.UNKNOWN.rank


@given(key_cases())
def test_not_knowing_a_status_never_ranks_lower(case: Case) -> None:
    """Except that nobody then knows that the provider found the key in public."""
    leaked = [
        one
        for one in case.standing.identities.values()
        if one.status.startswith(table().compromised.statuses)
    ]
    if not leaked:
        after = replace(case, standing=replace(case.standing, identities={}))
        assert after.rank >= case.rank


def with_resolutions(case: Case, found: dict[str, Resolution]) -> Case:
    return replace(case, standing=replace(case.standing, resolutions=found))
