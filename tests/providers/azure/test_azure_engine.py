"""What Azure role assignments allow: cases from the documentation, and laws."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest
from azure_roles import (
    ABOVE,
    BUILT_IN,
    CONTRIBUTOR,
    GROUP,
    ME,
    SUBSCRIPTION,
    USER_ACCESS,
    WRITE_ROLES,
    block,
    denial,
    given,
    role,
)
from hypothesis import given as for_all
from hypothesis import strategies as st

from auditor.providers.azure.engine import Allowed, AllowedIf, Denied, Malformed, Verdict, evaluate
from auditor.providers.azure.engine.conditions import holds, parse
from auditor.providers.azure.engine.patterns import covers, overlaps
from auditor.providers.azure.engine.scopes import contains

READ = "Microsoft.Compute/virtualMachines/read"
GUARDED = (
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
    "ForAnyOfAnyValues:GuidEquals {8311e382-0749-4cb8-b61a-304f252e45ec}))"
)


def ask(
    action: str | None,
    assignments: Sequence[Any],
    definitions: Sequence[Any] = BUILT_IN,
    *,
    data: str | None = None,
    scope: str = SUBSCRIPTION,
    ids: Sequence[str] = (ME, GROUP),
    deny: Sequence[Any] = (),
    parents: dict[str, str] | None = None,
) -> Verdict:
    return evaluate(ids, action, data, scope, assignments, definitions, deny, parents)


# --- across assignments ----------------------------------------------------------------------


def test_contributor_alone_writes_no_role_assignment() -> None:
    verdict = ask(WRITE_ROLES, [given(CONTRIBUTOR)])
    assert isinstance(verdict, Denied)
    assert verdict.left_out == (given(CONTRIBUTOR)["id"],)


@pytest.mark.parametrize("turn", [1, -1])
def test_contributor_and_user_access_administrator_write_role_assignments(turn: int) -> None:
    both = [given(CONTRIBUTOR), given(USER_ACCESS, to=GROUP)][::turn]
    verdict = ask(WRITE_ROLES, both)
    assert isinstance(verdict, Allowed)
    assert verdict.way.role == USER_ACCESS
    assert verdict.way.principal == GROUP
    assert verdict.way.action == "Microsoft.Authorization/*"


def test_a_block_takes_nothing_from_another_block_of_the_same_role() -> None:
    both = role("two", block("*", notActions=["*/write"]), block("Microsoft.Web/sites/write"))
    found = ask("microsoft.web/sites/write", [given("two")], [both])
    assert isinstance(found, Allowed)
    assert found.way.block == 2


NAMES = st.sampled_from(["a", "b", "ab", "write", "read"])
ACTIONS = st.lists(NAMES, min_size=2, max_size=4).map("/".join)
PATTERNS = st.one_of(
    st.just("*"),
    st.lists(st.one_of(NAMES, st.sampled_from(["*", "a*", "*b"])), min_size=2, max_size=4).map(
        "/".join
    ),
)
BLOCKS = st.builds(
    lambda gives, takes: block(*gives, notActions=takes),
    st.lists(PATTERNS, max_size=3),
    st.lists(PATTERNS, max_size=3),
)
ROLES = st.lists(st.lists(BLOCKS, min_size=1, max_size=2), min_size=1, max_size=4)


def by_hand(action: str, roles: Sequence[Sequence[dict[str, Any]]]) -> bool:
    """Return the rule, written a second time as it is documented."""

    def any_of(patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    return any(
        any_of(one["actions"]) and not any_of(one["notActions"])
        for blocks in roles
        for one in blocks
    )


@for_all(ACTIONS, ROLES)
def test_access_is_the_union_over_blocks_of_what_each_gives(
    action: str, roles: list[list[dict[str, Any]]]
) -> None:
    definitions = [role(f"r{n}", *blocks) for n, blocks in enumerate(roles)]
    found = ask(action, [given(f"r{n}") for n in range(len(roles))], definitions)
    assert isinstance(found, Allowed) == by_hand(action, roles)
    assert isinstance(found, Denied) != by_hand(action, roles)


@for_all(PATTERNS.filter(lambda asked: "/" in asked), ROLES, BLOCKS)
def test_a_further_assignment_never_takes_anything_away(
    asked: str, roles: list[list[dict[str, Any]]], more: dict[str, Any]
) -> None:
    definitions = [role(f"r{n}", *blocks) for n, blocks in enumerate([*roles, [more]])]
    assignments = [given(f"r{n}") for n in range(len(definitions))]
    order = [Denied, AllowedIf, Allowed]
    before, after = ask(asked, assignments[:-1], definitions), ask(asked, assignments, definitions)
    assert order.index(type(after)) >= order.index(type(before))


@for_all(ACTIONS, PATTERNS, ROLES)
def test_a_pattern_is_never_denied_where_one_of_its_actions_is_allowed(
    action: str, pattern: str, roles: list[list[dict[str, Any]]]
) -> None:
    if not covers(pattern, action):
        return
    definitions = [role(f"r{n}", *blocks) for n, blocks in enumerate(roles)]
    assignments = [given(f"r{n}") for n in range(len(roles))]
    one, whole = ask(action, assignments, definitions), ask(pattern, assignments, definitions)
    assert not (isinstance(one, Allowed) and isinstance(whole, Denied))
    assert not (isinstance(one, Denied) and isinstance(whole, Allowed))


@for_all(PATTERNS, PATTERNS, ACTIONS)
def test_patterns_agree_with_what_they_match(one: str, other: str, action: str) -> None:
    matched = [fnmatchcase(action, pattern) for pattern in (one, other)]
    assert [covers(pattern, action) for pattern in (one, other)] == matched
    if covers(one, other) and matched[1]:
        assert matched[0]
    if all(matched):
        assert overlaps(one, other)
    assert overlaps(one, other) == overlaps(other, one)


def test_no_pattern_takes_long() -> None:
    hostile = "*a" * 200 + "b"
    assert not covers(hostile, "a" * 2000)
    assert covers("*a" * 200, "a" * 2000)


# --- actions and planes ----------------------------------------------------------------------


def test_a_wildcard_in_the_middle_is_met_by_a_wildcard_in_the_middle() -> None:
    pattern = "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"
    operator = role("operator", block(pattern))
    assert isinstance(ask(pattern, [given("operator")], [operator]), Allowed)
    assert isinstance(ask("*/assign/action", [given("operator")], [operator]), AllowedIf)
    assert isinstance(ask("*/listKeys/action", [given("operator")], [operator]), Denied)


def test_data_actions_are_another_plane() -> None:
    blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
    reader = role("reader", block("*", dataActions=["*/read"], notDataActions=["*/blobs/*"]))
    owner = role("owner", block("*"))
    assert isinstance(ask(None, [given("owner")], [owner], data=blobs), Denied)
    assert isinstance(ask(None, [given("reader")], [reader], data=blobs), Denied)
    other = "Microsoft.Storage/storageAccounts/queueServices/queues/messages/read"
    assert isinstance(ask(None, [given("reader")], [reader], data=other), Allowed)
    assert isinstance(ask(other, [given("reader")], [reader]), Allowed)


def test_an_assignment_without_its_definition_is_never_clean() -> None:
    verdict = ask(READ, [given("gone")], [])
    assert isinstance(verdict, AllowedIf)
    assert verdict.ways[0].conditions == ("its role definition is not known",)


def test_other_peoples_assignments_give_nothing() -> None:
    assert isinstance(ask(READ, [given(CONTRIBUTOR, to="somebody")]), Denied)


# --- scopes ----------------------------------------------------------------------------------

RESOURCE_GROUP = f"{SUBSCRIPTION}/resourceGroups/web"
MACHINE = f"{RESOURCE_GROUP}/providers/Microsoft.Compute/virtualMachines/one"


@pytest.mark.parametrize(
    ("upper", "scope", "expected"),
    [
        ("/", SUBSCRIPTION, True),
        (SUBSCRIPTION, MACHINE.upper(), True),
        (RESOURCE_GROUP, MACHINE, True),
        (RESOURCE_GROUP, f"{SUBSCRIPTION}/resourceGroups/web2", False),
        (MACHINE, RESOURCE_GROUP, False),
        (RESOURCE_GROUP, SUBSCRIPTION, False),
        (ABOVE, SUBSCRIPTION, None),
        (SUBSCRIPTION, ABOVE, False),
        (f"{SUBSCRIPTION}/", SUBSCRIPTION, True),
    ],
)
def test_what_lies_below_what(upper: str, scope: str, expected: bool | None) -> None:
    assert contains(upper, scope) is expected


def test_management_groups_are_climbed_as_far_as_they_are_known() -> None:
    root = "/providers/microsoft.management/managementgroups/root"
    known = {SUBSCRIPTION: ABOVE.lower(), ABOVE.lower(): root}
    assert contains(root, MACHINE, known) is True
    assert contains(ABOVE, MACHINE, known) is True
    assert contains(f"{root}2", MACHINE, known) is None
    assert contains(f"{root}2", MACHINE, known | {root: "/"}) is False
    assert contains(root, SUBSCRIPTION, {SUBSCRIPTION: SUBSCRIPTION}) is None


def test_a_management_group_nobody_placed_is_a_condition() -> None:
    verdict = ask(READ, [given(CONTRIBUTOR, scope=ABOVE)])
    assert isinstance(verdict, AllowedIf)
    assert "lies below" in verdict.ways[0].conditions[0]
    placed = ask(READ, [given(CONTRIBUTOR, scope=ABOVE)], parents={SUBSCRIPTION: ABOVE})
    assert isinstance(placed, Allowed)


# --- deny assignments ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deny", "kind"),
    [
        (denial(block("*")), Denied),
        (denial(block("*", notActions=["*/read"])), Allowed),
        (denial(block("*/write")), Allowed),
        (denial(block("*"), excludePrincipals=[{"id": GROUP}]), Allowed),
        (denial(block("*"), principals=[{"id": GROUP}]), Denied),
        (denial(block("*"), principals=[{"id": "else"}]), Allowed),
        (denial(block("*", condition="@Resource[x] StringEquals 'y'")), AllowedIf),
        (denial(block("*"), scope=RESOURCE_GROUP), Allowed),
        (denial(block("*"), scope=ABOVE), AllowedIf),
        (denial(block("*"), doNotApplyToChildScopes=True), Denied),
        (denial(block(dataActions=["*"])), Allowed),
    ],
)
def test_deny_assignments_win_where_they_apply(deny: Any, kind: type) -> None:
    assert isinstance(ask(READ, [given(CONTRIBUTOR)], deny=[deny]), kind)


def test_a_denial_for_its_own_scope_leaves_what_lies_below() -> None:
    deny = denial(block("*"), doNotApplyToChildScopes=True)
    assert isinstance(ask(READ, [given(CONTRIBUTOR)], deny=[deny], scope=MACHINE), Allowed)


@for_all(ACTIONS, ROLES, BLOCKS)
def test_a_denial_never_gives_anything(
    action: str, roles: list[list[dict[str, Any]]], taken: dict[str, Any]
) -> None:
    definitions = [role(f"r{n}", *blocks) for n, blocks in enumerate(roles)]
    assignments = [given(f"r{n}") for n in range(len(roles))]
    before = ask(action, assignments, definitions)
    after = ask(action, assignments, definitions, deny=[denial(taken)])
    assert isinstance(after, Denied) == (isinstance(before, Denied) or by_hand(action, [[taken]]))


# --- conditions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        (GUARDED, AllowedIf),
        ("!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})", Denied),
        ("ActionMatches{'Microsoft.Authorization/*'}", Allowed),
        ("NOT ActionMatches{'Microsoft.Compute/*'} && Exists @Principal[x:y]", AllowedIf),
        ("nonsense(", AllowedIf),
        ("(" * 500 + ")" * 500, AllowedIf),
    ],
)
def test_conditions_of_assignments_and_definitions(condition: str, kind: type) -> None:
    on_assignment = ask(WRITE_ROLES, [given(USER_ACCESS, condition=condition)])
    assert isinstance(on_assignment, kind)
    guarded = role("guarded", block("*", condition=condition))
    assert isinstance(ask(WRITE_ROLES, [given("guarded")], [guarded]), kind)


def test_a_condition_about_other_actions_is_no_condition() -> None:
    assert isinstance(ask(READ, [given(USER_ACCESS, condition=GUARDED)]), Allowed)


def test_both_conditions_must_hold() -> None:
    guarded = role("guarded", block("*", condition="Exists @Principal[x:y]"))
    verdict = ask(WRITE_ROLES, [given("guarded", condition=GUARDED)], [guarded])
    assert isinstance(verdict, AllowedIf)
    assert verdict.ways[0].conditions == (GUARDED, "Exists @Principal[x:y]")


@pytest.mark.parametrize(
    "condition",
    [
        GUARDED,
        "@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'it''s'",
        "@Environment[utcNow] DateTimeGreaterThan '2023-05-01T13:00:00.000Z'",
        "'a' StringEquals @Resource[x]",
        "@Principal[a:b] ForAnyOfAllValues:StringLike {'x*', 'y'} AND SubOperationMatches{'List'}",
        "@Environment[isPrivateLink] BoolEquals true || @Request[n] NumericLessThan 5",
    ],
)
def test_the_language_of_conditions_is_read(condition: str) -> None:
    parsed = parse(condition)
    assert parsed is not None
    assert holds(parsed, WRITE_ROLES) is None


@for_all(st.text(alphabet="(){},!'@[]&|aOR AND", max_size=60))
def test_no_condition_breaks_the_reader(condition: str) -> None:
    parse(condition)


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assignment", "definition", "words"),
    [
        ("x", role("r"), "assignments 1: it is not an object"),
        ({}, role("r"), "assignments 1, principalId: it is missing"),
        (given("r", scope="here"), role("r"), "assignments 1, scope"),
        (given("r") | {"condition": 5}, role("r"), "assignments 1, condition: it is not a text"),
        (given("r"), None, "definitions 1: it is not an object"),
        (given("r"), {"name": "r"}, "definitions 1, permissions: it is not a list"),
        (given("r"), role("r", {"actions": "*"}), "definitions 1, permissions 1, actions"),
        (given("r"), {"permissions": []}, "definitions 1, name: it is missing"),
    ],
)
def test_what_is_malformed_is_said(assignment: Any, definition: Any, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        ask(READ, [assignment], [definition])


def test_the_shape_of_the_api_is_read_too() -> None:
    flat, inner = given(CONTRIBUTOR), dict(BUILT_IN[0])
    assignment = {"id": flat.pop("id"), "properties": flat}
    kind = {"type": inner.pop("roleType"), "roleName": inner.pop("roleName")}
    definition = {
        "id": inner["id"],
        "name": inner["name"],
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": kind | {"permissions": inner["permissions"]},
    }
    assert isinstance(ask(READ, [assignment], [definition]), Allowed)
