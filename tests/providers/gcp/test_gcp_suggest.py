"""Right-sized custom roles of Google Cloud: by Google's insights, by logs, and without either."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from gcp_estate import CRM, FOLDER, NOW, ORG_OWNER, bound, email, member, role
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collecting import Memory
from auditor.logfields import recorded
from auditor.models import Fact, Gap, Known, Seen, Suggestion, Unknown
from auditor.providers.gcp.directory import GcpDirectory
from auditor.providers.gcp.estate import read_estate
from auditor.providers.gcp.sensitive import table
from auditor.providers.gcp.suggest import MOST
from auditor.witness import ANYWHERE

SPAN = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
CI = email("ci")
POLICY, KEYS = "resourcemanager.projects.setIamPolicy", "iam.serviceAccountKeys.create"
GET, PUT = "storage.objects.get", "storage.objects.create"
DEPLOYER = role("roles/deployer", POLICY, KEYS, GET, PUT)


def logs(*used: str, doubtful: tuple[str, ...] = ()) -> Known[Seen]:
    made, only = (frozenset(map(str.casefold, some)) for some in (used, doubtful))
    shown = tuple(row.shown for row in recorded("gcp"))
    return Known(Seen(*SPAN, made, shown, only, log="admin activity logs", never="reads"))


def insight(role_: str, *exercised: str, inferred: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "lastRefreshTime": "2026-11-10T00:00:00Z",
        "observationPeriod": "7776000s",
        "content": {
            "member": member("ci"), "role": role_, "currentTotalPermissionsCount": "4",
            "exercisedPermissions": [{"permission": one} for one in exercised],
            "inferredPermissions": [{"permission": one} for one in inferred],
        },
    }  # fmt: skip


def directory(bindings: list[Any], roles: list[Any], insights: list[Any]) -> GcpDirectory:
    snapshot = Memory()
    snapshot.save("gcp/policies/all", {"results": [ORG_OWNER, *bindings]})
    snapshot.save("gcp/roles/all", {"roles": roles})
    snapshot.save("gcp/insights/web-prod-site", {"insights": insights})
    return GcpDirectory(read_estate(snapshot), NOW)


def suggested(
    *roles: Any, seen: Fact[Seen] | None = None, insights: tuple[Any, ...] = (), **more: Any
) -> Suggestion:
    bindings = [bound(roles[0]["name"], member("ci"), **more)]
    return directory(bindings, list(roles), list(insights)).suggest(CI, seen)


def test_what_logs_prove_unused_goes_and_the_rest_stays() -> None:
    found = suggested(DEPLOYER, seen=logs(POLICY))
    [document] = found.documents
    assert document["includedPermissions"] == sorted([POLICY, GET, PUT])
    assert document["stage"] == "GA"
    assert document["title"] == f"deployer of {CI} (right-sized)"
    assert "the logs show 1 of 4 permissions unused" in found.why[0]
    assert "by admin activity logs, 2026-08-01 to 2026-11-01" in found.why
    assert "they cannot show reads" in found.why
    assert found.gaps == ()


def test_googles_own_insights_go_first_and_what_logs_show_is_kept() -> None:
    told = insight("roles/deployer", GET, inferred=(PUT,))
    found = suggested(DEPLOYER, seen=logs(KEYS), insights=(told,))
    assert found.documents[0]["includedPermissions"] == sorted([GET, PUT, KEYS])
    assert "Google's insights show 3 of 4" in found.why[0]
    assert suggested(DEPLOYER, insights=(told,)).gaps == ()
    none = insight("roles/deployer")
    found = suggested(DEPLOYER, insights=(none,))
    assert found.documents == ()
    assert "take it away" in found.why[0]


@pytest.mark.parametrize("known", [True, False])
def test_without_either_what_rules_others_goes_and_the_gap_says_so(known: bool) -> None:
    gap = Gap("by logs, what it uses", "too short", "hunt again", "hunts")
    found = suggested(DEPLOYER, seen=Unknown(gap) if known else None)
    assert found.documents[0]["includedPermissions"] == sorted([KEYS, GET, PUT])
    assert len(found.gaps) == 1
    assert not known or found.gaps == (gap,)


def test_an_existing_narrower_role_is_named_and_huge_ones_have_none() -> None:
    small = role("roles/small", POLICY, GET, PUT)
    found = suggested(DEPLOYER, small, seen=logs(POLICY))
    assert "the role roles/small is enough, too" in found.why[0]
    many = [f"service.things.do{n}" for n in range(MOST + 1)]
    found = suggested(role("roles/huge", KEYS, *many), seen=logs())
    assert found.documents == ()
    assert "no custom role holds more than 3,000" in found.why[0]


def test_conditions_unknown_roles_and_places_are_told() -> None:
    found = suggested(
        DEPLOYER, seen=logs(), when="request.time < timestamp('2030-01-01T00:00:00Z')"
    )
    assert any(one.startswith("keep the condition request.time") for one in found.why)
    above = bound("roles/gone", member("ci"), resource=f"{CRM}{FOLDER}")
    told = directory([above, bound("roles/deployer", member("ci"))], [DEPLOYER], [])
    assert "roles/gone stays as it is" in " ".join(told.suggest(CI, logs()).why)
    assert set(told.resolve(CI).places) == {ANYWHERE, "web-prod-site"}


NAMES = st.sampled_from([POLICY, KEYS, GET, PUT, "compute.instances.create", "a.b.list"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(NAMES, min_size=1, unique=True), st.lists(NAMES, unique=True),
    st.lists(NAMES, unique=True), st.none() | st.lists(NAMES, unique=True),
)  # fmt: skip
def test_never_more_than_today_and_nothing_that_a_log_shows_is_lost(
    held: list[str], used: list[str], doubtful: list[str], exercised: list[str] | None
) -> None:
    insights = () if exercised is None else (insight("roles/r", *exercised),)
    seen = logs(*used, doubtful=tuple(doubtful))
    found = suggested(role("roles/r", *held), seen=seen, insights=insights)
    if not found.documents:
        return
    left = set(found.documents[0]["includedPermissions"])
    assert left < set(held)
    for name in set(held) - left:
        assert name not in {*used, *doubtful, *(exercised or ())}
        assert exercised is not None or seen.value.shows(name)


def test_what_the_table_names_are_changes_that_are_logged_as_such() -> None:
    seen = logs().value
    assert not seen.shows("iam.serviceAccounts.actAs")
    assert not seen.shows("iam.serviceAccounts.getAccessToken")
    assert not seen.shows("storage.objects.setIamPolicy")
    assert any(seen.shows(name) for name in table().permissions)
