"""Right-sized custom roles: never more than today, nothing that a log may not show is taken out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from azure_roles import ABOVE, CONTRIBUTOR, GROUP, ME, SUBSCRIPTION, block, given, role
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from auditor.collecting import Snapshot
from auditor.logfields import recorded
from auditor.models import Fact, Gap, Known, Seen, Suggestion, Unknown
from auditor.providers.azure.directory import AzureDirectory
from auditor.providers.azure.engine.documents import Block
from auditor.providers.azure.engine.patterns import covers
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.sensitive import actions
from auditor.providers.azure.suggest import _kept
from auditor.witness import ANYWHERE

SPAN = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
NOW = datetime(2026, 11, 20, tzinfo=UTC)
START = "microsoft.compute/virtualmachines/start/action"


class Memory(Snapshot):
    def __init__(self, documents: dict[str, Any]) -> None:
        self._documents = documents

    def save(self, key: str, document: Any) -> None:
        self._documents[key] = document

    def load(self, key: str) -> Any:
        return self._documents.get(key)

    def keys(self, prefix: str) -> Any:
        return (key for key in self._documents if key.startswith(prefix))


def shown() -> tuple[Any, ...]:
    return tuple(row.shown for row in recorded("azure"))


def row(log: str) -> Any:
    return next(row.shown for row in recorded("azure") if row.log == log)


def logs(*used: str) -> Known[Seen]:
    made = frozenset(one.casefold() for one in used)
    return Known(Seen(*SPAN, made, shown(), log="Azure's activity logs", never="reads"))


def directory(assignments: list[Any], *definitions: Any) -> AzureDirectory:
    told = {
        "service-principals": [{"id": ME, "appId": "a", "displayName": "ci"}],
        "role-assignments": assignments,
        "role-definitions": definitions,
    }
    return AzureDirectory(
        Estate(Memory({f"azure/{kind}/all": {"value": list(v)} for kind, v in told.items()})), NOW
    )


def suggested(
    *blocks: Any, seen: Fact[Seen] | None = None, scope: str = SUBSCRIPTION, **more: Any
) -> Suggestion:
    return directory([given("r", scope, **more)], role("r", *blocks, name="deployer")).suggest(
        ME, seen
    )


def test_what_was_used_stays_with_reads_and_what_no_log_shows() -> None:
    contributor = block(
        "*", notActions=["Microsoft.Authorization/*/Write"], dataActions=["Microsoft.Storage/*"]
    )
    found = suggested(contributor, seen=logs(START, "Add member to group", "sign-in activity"))
    [document] = found.documents
    assert document["Actions"][0] == "*/read"
    assert "*/assign/action" in document["Actions"]
    assert START in document["Actions"]
    assert "*" not in document["Actions"]
    assert not any(" " in action for action in document["Actions"])
    assert document["NotActions"] == ["Microsoft.Authorization/*/Write"]
    assert document["DataActions"] == ["Microsoft.Storage/*"]
    assert document["AssignableScopes"] == [SUBSCRIPTION]
    assert document["IsCustom"] is True
    assert document["Name"] == "deployer of ci (right-sized)"
    told = " ".join(found.why)
    assert f"it made: {START}" in told
    assert "by Azure's activity logs, 2026-08-01 to 2026-11-01" in told
    assert "they cannot show reads" in told
    assert found.gaps == ()


@pytest.mark.parametrize(
    ("given_", "left"),
    [
        (("Microsoft.Compute/virtualMachines/start/action", "Microsoft.Compute/disks/write"),
         ["Microsoft.Compute/virtualMachines/start/action"]),
        (("Microsoft.Compute/*/write", "Microsoft.Compute/*/read"), ["Microsoft.Compute/*/read"]),
        (("Microsoft.Compute/virtualMachines/*",),
         ["Microsoft.Compute/virtualMachines/*/read", "Microsoft.Compute/virtualMachines/read",
          START]),
        (("Microsoft.Network/virtualNetworks/subnets/join/action", "Microsoft.Sql/*/delete"),
         ["Microsoft.Network/virtualNetworks/subnets/join/action"]),
    ],
)  # fmt: skip
def test_patterns_give_way_to_what_was_used(given_: tuple[str, ...], left: list[str]) -> None:
    [document] = suggested(block(*given_), seen=logs(START)).documents
    kept = [one for one in document["Actions"] if one in left or one.endswith("read")]
    assert kept == left


@pytest.mark.parametrize(
    ("blocks", "seen", "why"),
    [
        ((block("*/read"),), logs(START), "stays as it is: the log shows no part"),
        ((block("Microsoft.Sql/servers/write"),), logs(START), "take it away"),
        ((block("*", condition="@Request[x] StringEquals 'y'"),), logs(START), "its condition"),
    ],
)
def test_where_no_role_helps_the_reason_is_said(blocks: Any, seen: Any, why: str) -> None:
    found = suggested(*blocks, seen=seen)
    assert found.documents == ()
    assert why in found.why[0]


def test_blocks_become_roles_of_their_own() -> None:
    found = suggested(block("*"), block("Microsoft.Sql/*"), seen=logs(START))
    assert [one["Name"] for one in found.documents] == [
        "deployer 1 of ci (right-sized)",
        "deployer 2 of ci (right-sized)",
    ]


def test_without_logs_only_what_rules_others_goes_and_the_gap_says_so() -> None:
    gap = Gap("by logs, what it uses", "no writes of anybody", "hunt", "hunts")
    for seen in (None, Unknown(gap)):
        found = suggested(block("*"), seen=seen)
        [document] = found.documents
        assert document["Actions"] == ["*"]
        assert "Microsoft.Authorization/roleAssignments/write" in document["NotActions"]
        assert "Microsoft.Insights/diagnosticSettings/delete" in document["NotActions"]
        assert not any("virtualMachines" in one for one in document["NotActions"])
        assert "its use is not known" in document["Description"]
        assert len(found.gaps) == 1
    assert found.gaps == (gap,)


def test_groups_conditions_unknown_roles_and_what_lies_above_are_told() -> None:
    told = directory(
        [given(CONTRIBUTOR, ABOVE, condition="c"), given("gone")],
        role(CONTRIBUTOR, block("*")),
    )
    why = " ".join(told.suggest(ME, logs(START)).why)
    assert "the role gone stays as it is: what it gives was not read" in why
    assert "reaches more than one subscription" in why
    assert "the condition of the assignment" in why
    assert set(told.resolve(ME).places) == {ANYWHERE, SUBSCRIPTION.rpartition("/")[2]}


def test_places_are_the_subscriptions_of_roles() -> None:
    below = f"{SUBSCRIPTION}/resourceGroups/web"
    assert directory([given("r", below)], role("r", block("*"))).resolve(ME).places == (
        SUBSCRIPTION.rpartition("/")[2],
    )
    assert directory([], role("r", block("*"))).resolve(ME).places == ()
    assert GROUP not in directory([]).identities


@pytest.mark.parametrize(
    ("shown", "asked", "said"),
    [
        (("azure:activity", "azure:signins"), "azure key vault", "no sign-in asked for Microsoft"),
        (("azure:activity", "azure:signins"), "microsoft graph", "no log tells which of these"),
        (("azure:activity",), "azure key vault", "no log tells which of these"),
        ((), "", "no log tells which of these"),
    ],
)
def test_of_application_permissions_sign_ins_tell_whether_any_was_used(
    shown: tuple[str, ...], asked: str, said: str
) -> None:
    graph = "00000003-0000-0000-0000-0000000000ff"
    role_id = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"
    told = {
        "service-principals/all": [{"id": ME, "appId": "a", "displayName": "ci"},
                                   {"id": graph, "appId": "g", "displayName": "Microsoft Graph"}],
        "role-assignments/all": [],
        f"app-roles/{ME}": [{"principalId": ME, "resourceId": graph, "appRoleId": role_id}],
    }  # fmt: skip
    estate = Estate(Memory({f"azure/{kind}": {"value": v} for kind, v in told.items()}))
    places = frozenset({("sign-in activity", asked)})
    seen = Known(Seen(*SPAN, frozenset(), tuple(map(row, shown)), places=places))
    found = AzureDirectory(estate, NOW).suggest(ME, seen if shown else None)
    assert said in " ".join(found.why)
    assert "RoleManagement.ReadWrite.Directory" in " ".join(found.why)


def test_a_log_of_sign_ins_alone_takes_no_change_away() -> None:
    seen = Known(Seen(*SPAN, frozenset(), (row("azure:signins"),)))
    [document] = suggested(block("*"), seen=seen).documents
    assert document["Actions"] == ["*"]


# --- laws ------------------------------------------------------------------------------------

SEGMENTS = ("microsoft.compute", "microsoft.network", "virtualmachines", "subnets", "join", "*")
ENDS = ("read", "write", "delete", "action", "join/action", "assign/action", "*")
NAMES = st.builds(
    lambda parts, end: "/".join((*parts, end)),
    st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3),
    st.sampled_from(ENDS),
)
PATTERNS = st.one_of(NAMES, st.just("*"))
PLAIN = NAMES.filter(lambda name: "*" not in name)


def allows(given_: Any, name: str) -> bool:
    return any(covers(one, name) for one in given_)


@settings(max_examples=300, deadline=None)
@for_all(
    st.lists(PATTERNS, min_size=1, max_size=3), st.frozensets(PLAIN, max_size=4),
    st.frozensets(PLAIN, max_size=2), st.lists(PLAIN, min_size=1, max_size=12),
)  # fmt: skip
def test_never_more_than_today_and_nothing_is_lost_that_a_log_may_not_show(
    given_: list[str], used: frozenset[str], doubtful: frozenset[str], asked: list[str]
) -> None:
    seen = replace(logs(*used).value, doubtful=doubtful)
    kept = [name for one in given_ for name in _kept(one, seen)]
    for name in (*asked, *used, *doubtful):
        if not allows(given_, name):
            assert not allows(kept, name)
        elif not seen.unused(name, managing=True):
            assert allows(kept, name), name
        else:
            assert not allows(kept, name), name


def test_nothing_of_the_data_plane_counts_as_shown() -> None:
    seen = logs().value
    of_data = [one.name for one in actions() if one.data]
    assert [name for name in of_data if seen.shows(name)] == []
    managing = [one.name for one in actions() if not one.data and "*" not in one.name]
    changes = [name for name in managing if not name.endswith("/read")]
    assert sum(map(seen.shows, changes)) > len(changes) * 0.8
    assert Block((), (), (), ()).actions == ()
