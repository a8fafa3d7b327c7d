"""Laws that hold for every policy and every question."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from auditor.providers.gcp.engine import Allowed, AllowedIf, Denied, Verdict, evaluate

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CRM = "//cloudresourcemanager.googleapis.com/"
CHAIN = [
    "//storage.googleapis.com/b",
    f"{CRM}projects/p",
    f"{CRM}folders/1",
    f"{CRM}organizations/9",
]
SELF = "serviceAccount:ci@p.iam.gserviceaccount.com"
ROLES: dict[str, Any] = {
    "roles/owner": ["a.b.get", "c.d.delete"],
    "roles/viewer": ["a.b.get"],
    "roles/dark": None,
}
members = st.sampled_from(
    [
        SELF,
        "allUsers",
        "group:g@x.example",
        "user:u@x.example",
        "projectOwner:p",
        "deleted:" + SELF + "?uid=1",
        "principalSet://goog/group/g@x.example",
    ]
)
conditions = st.sampled_from(
    [
        "",
        "true",
        "false",
        "request.time < timestamp('2020-01-01T00:00:00Z')",
        "x.y == 'z'",
        "((",
        "resource.name.startsWith('projects/_/buckets/b')",
    ]
)


def condition(text: str) -> dict[str, Any] | None:
    return {"expression": text} if text else None


bindings = st.builds(
    lambda at, role, who, when: {
        "resource": at,
        "role": role,
        "members": who,
        "condition": condition(when),
    },
    st.sampled_from([*CHAIN, f"{CRM}projects/other"]),
    st.sampled_from([*ROLES, "roles/unheard-of"]),
    st.lists(members, min_size=1, max_size=2),
    conditions,
)
principals = st.lists(
    st.sampled_from(
        [
            "principalSet://goog/public:all",
            "principalSet://goog/group/g@x.example",
            "principal://iam.googleapis.com/projects/-/serviceAccounts/ci@p.iam.gserviceaccount.com",
        ]
    ),
    max_size=2,
)
patterns = st.lists(
    st.sampled_from(["a.googleapis.com/*", "a.googleapis.com/b.get", "c.d.*"]), max_size=2
)
rules = st.fixed_dictionaries(
    {
        "deniedPrincipals": principals,
        "exceptionPrincipals": principals,
        "deniedPermissions": patterns,
        "exceptionPermissions": patterns,
        "denialCondition": conditions.map(condition),
    }
)
denies = st.builds(
    lambda at, rule: {"resource": at, "name": "d", "rules": [{"denyRule": rule}]},
    st.sampled_from(CHAIN),
    rules,
)
boundaries = st.builds(
    lambda at, when: {"name": "b", "rules": [{"resources": at}], "condition": condition(when)},
    st.lists(st.sampled_from(CHAIN), max_size=2),
    conditions,
)
questions = st.fixed_dictionaries(
    {
        "permission": st.sampled_from(["a.b.get", "c.d.delete"]),
        "bindings": st.lists(bindings, max_size=4),
        "deny": st.lists(denies, max_size=2),
        "boundaries": st.lists(boundaries, max_size=2),
        "groups": st.sampled_from([None, [], ["group:g@x.example"]]),
    }
)


def ask(question: dict[str, Any], chain: list[str] = CHAIN) -> Verdict:
    return evaluate(SELF, resource=chain[0], ancestors=chain[1:], roles=ROLES, now=NOW, **question)


def width(verdict: Verdict) -> int:
    return {Denied: 0, AllowedIf: 1, Allowed: 2}[type(verdict)]


@given(questions, denies)
def test_a_deny_never_widens(question: dict[str, Any], more: dict[str, Any]) -> None:
    denied = ask(question | {"deny": [*question["deny"], more]})
    assert width(denied) <= width(ask(question))


@given(questions, bindings)
def test_a_binding_never_narrows(question: dict[str, Any], more: dict[str, Any]) -> None:
    granted = ask(question | {"bindings": [*question["bindings"], more]})
    assert width(granted) >= width(ask(question))


@given(questions)
def test_a_first_boundary_never_widens(question: dict[str, Any]) -> None:
    free = ask(question | {"boundaries": []})
    assert width(ask(question)) <= width(free)


@given(questions)
def test_what_is_allowed_above_is_allowed_below(question: dict[str, Any]) -> None:
    """Inheritance is monotone, but for conditions that ask about the resource itself."""
    plain = question | {"deny": [], "boundaries": []}
    plain["bindings"] = [b | {"condition": None} for b in question["bindings"]]
    assert width(ask(plain)) >= width(ask(plain, CHAIN[1:]))


@given(questions, st.randoms(use_true_random=False))
def test_the_order_of_policies_does_not_matter(
    question: dict[str, Any], chance: random.Random
) -> None:
    other = dict(question)
    for field in ("bindings", "deny", "boundaries"):
        other[field] = chance.sample(question[field], len(question[field]))
    other["bindings"] = [
        b | {"members": chance.sample(b["members"], len(b["members"]))} for b in other["bindings"]
    ]
    assert ask(other) == ask(question)


@given(questions)
def test_knowing_more_only_decides_what_was_open(question: dict[str, Any]) -> None:
    unknown = ask(question | {"groups": None})
    for groups in ([], ["group:g@x.example"]):
        known = ask(question | {"groups": groups})
        if not isinstance(unknown, AllowedIf):
            assert width(known) == width(unknown)


@given(questions)
def test_every_answer_tells_what_decided(question: dict[str, Any]) -> None:
    told = ask(question).to_json()
    assert set(told) == {"verdict", "blocked_by", "binding", "rules", "conditions"}
    assert (told["verdict"] == "Denied") == bool(told["blocked_by"])
    assert (told["verdict"] == "AllowedIf") == bool(told["conditions"])
    assert told["verdict"] == "Denied" or told["binding"]
