"""The packaged scenario is repeatable, hangs together, and tells every story it has to tell."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.demo import generate, invent, load
from auditor.demo.accounts import access_keys
from auditor.demo.estate import Context, Principal, Project, Scenario, Variable

SCENARIO = load()
KEYS = access_keys(SCENARIO.accounts)
INCIDENT = "2023-01-05"


def contexts() -> Iterator[Context]:
    return (c for organization in SCENARIO.organizations for c in organization.contexts)


def projects() -> Iterator[Project]:
    return (p for organization in SCENARIO.organizations for p in organization.projects)


def places() -> list[Context | Project]:
    return [*contexts(), *projects()]


def variables() -> list[Variable]:
    return [variable for place in places() for variable in place.variables]


def context(name: str) -> Context:
    return next(c for c in contexts() if c.name == name)


def project(name: str) -> Project:
    return next(p for p in projects() if p.name == name)


def user(name: str) -> Principal:
    return next(u for account in SCENARIO.accounts for u in account.users if u.name == name)


def holds(place: Context | Project, key: str) -> bool:
    return KEYS[key].pair.id in {variable.value for variable in place.variables}


def document(name: str) -> str:
    policies = (p for account in SCENARIO.accounts for p in account.policies)
    return str(next(p.document for p in policies if p.name == name))


# --- the file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scenario.toml", "aws.toml", "stores.toml"])
def test_the_files_stay_readable(name: str) -> None:
    text = resources.files("auditor.demo").joinpath(name).read_text("utf-8")
    assert len(text.splitlines()) < 400


def test_size_is_that_of_a_small_company() -> None:
    assert len(list(contexts())) == 17
    assert len(list(projects())) == 40
    assert 240 <= len(variables()) <= 320


def test_loading_twice_gives_the_same() -> None:
    assert load() == SCENARIO


def test_every_id_is_a_uuid_of_its_own() -> None:
    ids = [place.id for place in places()]
    ids += [restriction.id for c in contexts() for restriction in c.restrictions]
    assert len({UUID(id_) for id_ in ids}) == len(ids)


def test_no_place_has_a_name_twice() -> None:
    for place in places():
        names = Counter(variable.name for variable in place.variables)
        assert max(names.values()) == 1, place.name


def test_every_key_is_stored_but_those_of_people() -> None:
    values = {variable.value for variable in variables()}
    values |= {p.legacy_keys.id for p in projects() if p.legacy_keys}
    nowhere = {name for name, key in KEYS.items() if key.pair.id not in values}
    assert nowhere == {"ci-deploy-api/1", "ines.varga/1", "auditor/1", "ops-breakglass/1"}


def test_a_key_is_made_before_it_is_stored() -> None:
    made = {key.pair.id: key.created for key in KEYS.values()}
    for variable in variables():
        written = variable.updated or variable.created
        if variable.value in made and written:
            assert made[variable.value] < datetime.fromisoformat(written)


# --- the stories ------------------------------------------------------------------------------


def test_an_administrators_key_is_in_an_unrestricted_context() -> None:
    assert holds(context("org-global"), "ci-admin/1")
    assert context("org-global").restrictions == ()
    assert [policy.name for policy in user("ci-admin").attached] == ["AdministratorAccess"]


def test_a_least_privilege_key_reaches_one_bucket_and_one_repository() -> None:
    place = context("site-deploy")
    assert holds(place, "ci-deploy-site/1")
    assert {restriction.kind for restriction in place.restrictions} == {"project"}
    assert [policy.name for policy in user("ci-deploy-site").attached] == ["SiteDeploy"]
    text = document("SiteDeploy")
    assert len(re.findall("arn:aws:s3:::", text)) == len(re.findall(":repository/", text)) == 1


def test_an_old_twin_of_a_rotated_key_is_still_active() -> None:
    old, new = user("ci-deploy-api").keys
    assert (old.status, new.status) == ("Active", "Active")
    assert old.created < new.created
    assert holds(context("api-deploy"), "ci-deploy-api/2")
    assert not any(holds(place, "ci-deploy-api/1") for place in places())


def test_exactly_one_tail_fits_two_keys() -> None:
    tails = Counter(key.pair.id[-4:] for key in KEYS.values())
    twice = [tail for tail, count in tails.items() if count > 1]
    holders = {name for name, key in KEYS.items() if key.pair.id[-4:] in twice}
    assert holders == {"etl-reader/1", "ops-breakglass/1"}
    assert holds(project("telemetry-etl"), "etl-reader/1")


@pytest.mark.parametrize(
    ("place", "key", "status"),
    [
        ("partner-portal", "agency-bot/1", "Active"),
        ("flight-sim-classic", "old-bot/1", "Deleted"),
        ("ground-station", "retired-ci/1", "Inactive"),
    ],
)
def test_keys_that_lead_nowhere(place: str, key: str, status: str) -> None:
    assert holds(project(place), key)
    assert KEYS[key].status == status


def test_one_account_is_reached_by_each_way() -> None:
    assert [a.reached_by for a in SCENARIO.accounts] == ["credentials", "role", "nothing"]


def test_somebody_is_denied() -> None:
    assert [c.name for c in contexts() if c.denied] == ["finance-payments"]
    assert [p.name for p in projects() if p.denied] == ["guidance-core"]


def test_one_project_hands_its_secrets_to_forks() -> None:
    assert [p.name for p in projects() if p.fork_builds and p.fork_secrets] == ["mission-website"]
    assert [p.name for p in projects() if p.fork_builds and not p.fork_secrets] == ["press-kit"]


def test_one_project_has_keys_of_the_old_integration() -> None:
    assert [p.name for p in projects() if p.legacy_keys] == ["launchpad-monolith"]


def test_every_kind_of_restriction_is_there() -> None:
    kinds = {restriction.kind for c in contexts() for restriction in c.restrictions}
    assert kinds == {"project", "group", "expression"}


def test_all_members_is_the_organisation_itself() -> None:
    (restriction,) = context("everyone-tools").restrictions
    assert restriction.value == SCENARIO.organizations[0].id


def test_restrictions_name_projects_that_exist() -> None:
    known = {p.id for p in projects()}
    restrictions = [r for c in contexts() for r in c.restrictions if r.kind == "project"]
    assert {restriction.value for restriction in restrictions} <= known


def test_hostile_names_are_there() -> None:
    names = [variable.name for variable in variables()] + [c.name for c in contexts()]
    assert '=HYPERLINK("http://x","y")' in names
    assert max(map(len, names)) == 1000
    assert any("🚀" in name and "نشر" in name for name in names)


def test_dates_are_of_every_kind() -> None:
    written = [variable.updated or variable.created for variable in variables()]
    times = sorted(time for time in written if time and time[0] == "2")
    assert times[0] < INCIDENT < times[-1]
    assert None in written
    assert any(time.startswith("#joda/inst ") for time in written if time)
    assert any(re.search(r"\.\d{9}Z$", time) for time in written if time)


def test_listings_differ() -> None:
    assert {p.followed for p in projects()} == {p.building for p in projects()} == {True, False}
    assert sum(p.stopped for p in projects()) == 1
    assert [o.name for o in SCENARIO.organizations if o.id is None] == ["otto-lift"]


def test_two_projects_share_a_name_and_nothing_else() -> None:
    first, second = (p for p in projects() if p.name == "telemetry-etl")
    assert not set(first.slugs) & set(second.slugs)
    assert re.fullmatch(r"circleci/\w{22}/\w{22}", second.slug)


def test_values_are_shared_where_the_file_says_so() -> None:
    tokens = {variable.value for variable in variables() if variable.name == "NPM_TOKEN"}
    urls = [variable.value for variable in variables() if variable.name == "DATABASE_URL"]
    assert len(tokens) == 1
    assert len(set(urls)) == len(urls) > 1


# --- what is invented -------------------------------------------------------------------------


def account_of(key_id: str) -> int:
    """Read the account out of an access key id, as facts say AWS wrote it in."""
    number = int.from_bytes(base64.b32decode(key_id[4:])[:6])
    return (number & 0x7FFFFFFFFF80) >> 7


@pytest.mark.parametrize(
    ("key_id", "account"),
    [("ASIAY34FZKBOKMUTVV7A", 609629065308), ("AKIARZPUZDIKGB2VALC4", 123456789012)],
)
def test_the_decoder_of_this_test_is_right(key_id: str, account: int) -> None:
    assert account_of(key_id) == account


@given(
    st.integers(0, 10**12 - 1), st.text(), st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", max_size=4)
)
def test_key_ids_are_of_their_account_and_tail(account: int, name: str, tail: str) -> None:
    key_id = invent.access_key_id(f"{account:012}", name, tail=tail)
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key_id)
    assert key_id.endswith(tail)
    assert account_of(key_id) == account


def test_a_made_organisation_has_the_size_asked_for() -> None:
    made: Scenario = generate(3, 5, 7, 2)
    (organization,) = made.organizations
    assert [len(c.variables) for c in organization.contexts] == [5, 5, 5]
    assert [len(p.variables) for p in organization.projects] == [2] * 7
    assert made.accounts == ()
