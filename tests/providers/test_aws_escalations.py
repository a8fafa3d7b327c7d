"""Every row of the escalation table leads where it says, and nowhere without its target."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.models import Capability
from auditor.providers.aws.analysis.escalations import Kind, Row, rows

OWN = "111122223333"
OTHER = "444455556666"
IAM = f"arn:aws:iam::{OWN}"
CI = f"{IAM}:user/ci"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
HARMLESS = {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}


def doc(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def inline(kind: str, *statements: Any) -> dict[str, Any]:
    return {f"{kind}PolicyList": [{"PolicyName": "p", "PolicyDocument": doc(*statements)}]}


def trust(**principal: Any) -> dict[str, Any]:
    action = "sts:AssumeRoleWithSAML" if "Federated" in principal else "sts:AssumeRole"
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {"AssumeRolePolicyDocument": doc(statement)}


def role(name: str, *statements: Any, by: dict[str, Any], **more: Any) -> dict[str, Any]:
    arn = f"{IAM}:role/{name}"
    return {"RoleName": name, "Arn": arn, **inline("Role", *statements), **by, **more}


def managed(name: str, *documents: Any) -> dict[str, Any]:
    """Return a managed policy: its default version, then those that are kept."""
    versions = [
        {"VersionId": f"v{n}", "IsDefaultVersion": n == 0, "Document": document}
        for n, document in enumerate(documents)
    ]
    return {"Arn": f"{IAM}:policy/{name}", "DefaultVersionId": "v0", "PolicyVersionList": versions}


def attached(name: str) -> dict[str, Any]:
    policy = {"PolicyName": name, "PolicyArn": f"{IAM}:policy/{name}"}
    return {"AttachedManagedPolicies": [policy]}


class Lab:
    """An account in which `ci`, or the role `me`, fulfils one row, or misses its target."""

    def __init__(self, row: Row, *, missing: bool) -> None:
        self.row = row
        self.missing = missing
        self.users: dict[str, dict[str, Any]] = {"ci": {}}
        self.roles: list[dict[str, Any]] = []
        self.groups: list[dict[str, Any]] = []
        self.policies: list[dict[str, Any]] = []
        self.statements: list[Any] = [allow(*row.actions)] if row.actions else []
        self.is_role = row.on == "role" and row.kind in (Kind.SELF, Kind.BOUNDARY)

    def resolve(self, world: Any) -> list[Capability]:
        getattr(self, f"_{self.row.kind.value}")()
        if self.is_role:
            me = role("me", *self.statements, by=trust(AWS=f"arn:aws:iam::{OTHER}:root"))
            self.roles.append(me | self.own)
        else:
            self.users["ci"] = inline("User", *self.statements) | self.users["ci"]
        world.write(
            users=self.users, RoleDetailList=self.roles, GroupDetailList=self.groups,
            Policies=self.policies,
        )  # fmt: skip
        world.save("oidc-providers", {"OpenIDConnectProviderList": []})
        asked = f"{IAM}:role/me" if self.is_role else CI
        return list(world.directory().resolve(asked).capabilities)

    own: dict[str, Any] = {}  # noqa: RUF012 (of the role "me", where it is the one)

    def may(self, on: str, *actions: str) -> None:
        """Allow the target actions on what the row must reach, or on another of its kind."""
        wanted = f"{on}-of-nobody" if self.missing else on
        self.statements.append(allow(*(actions or self.row.target), on=wanted))

    def _self(self) -> None:
        match self.row.on:
            case "user" | "role":
                self.may(f"{IAM}:role/me" if self.is_role else CI)
            case "group":
                self.groups.append({"GroupName": "dev", "Arn": f"{IAM}:group/dev"})
                self.users["ci"] = {"GroupList": ["dev"]}
                self.may(f"{IAM}:group/dev")
            case _:
                self.users["ci"] = attached("mine")
                self.policies.append(managed("mine", doc(HARMLESS), doc(ALL)))
                self.may(f"{IAM}:policy/mine")

    def _boundary(self) -> None:
        self.statements.append(ALL)
        limits = allow(*self.row.target) if not self.missing else HARMLESS
        self.policies.append(managed("limit", doc(limits)))
        bounded = {"PermissionsBoundary": {"PermissionsBoundaryArn": f"{IAM}:policy/limit"}}
        self.own = bounded
        self.users["ci"] = {} if self.is_role else bounded

    def _other(self) -> None:
        if self.row.on == "user":
            self.users["boss"] = inline("User", ALL)
            self.may(f"{IAM}:user/boss")
        elif self.row.on == "group":
            group = {"GroupName": "admins", "Arn": f"{IAM}:group/admins"}
            self.groups.append(group | inline("Group", ALL))
            self.may(f"{IAM}:group/admins")
        else:
            by = trust(AWS=f"{IAM}:root" if "sts:AssumeRole" in self.row.target else CI + "x")
            self.roles.append(role("boss", ALL, by=by))
            self.may(f"{IAM}:role/boss")

    def _become(self) -> None:
        self.roles.append(role("worker", HARMLESS, by=trust(AWS=CI), **attached("theirs")))
        self.policies.append(managed("theirs", doc(HARMLESS), doc(ALL)))
        self.may(f"{IAM}:role/worker" if self.row.on == "role" else f"{IAM}:policy/theirs")

    def _remake(self) -> None:
        if self.row.on == "user":
            self.users["bob"] = {}
            self.may(f"{IAM}:user/bob")
            return
        by = trust(Service="none.amazonaws.com")
        self.roles.append(role("worker", HARMLESS, by=by, **attached("theirs")))
        self.policies.append(managed("theirs", doc(HARMLESS)))
        self.may(f"{IAM}:role/worker")
        if self.row.policy:
            self.may(f"{IAM}:policy/theirs", *self.row.policy)

    def _new(self) -> None:
        for number, action in enumerate(self.row.target):
            kind = "group" if "Group" in action else "role" if "Role" in action else "user"
            prefix = f"x{number}" if self.missing else "ci"
            self.statements.append(allow(action, on=f"{IAM}:{kind}/{prefix}-*"))

    def _pass(self) -> None:
        self.roles.append(role("boss", ALL, by=trust(Service=self.row.service[0])))
        self.may(f"{IAM}:role/boss", "iam:PassRole")

    def _existing(self) -> None:
        host = "nothing.amazonaws.com" if self.missing else self.row.service[0]
        self.roles.append(role("boss", ALL, by=trust(Service=host)))

    def _strengthen(self) -> None:
        by = trust(Service="ec2.amazonaws.com")
        self.roles.append(role("worker", HARMLESS, by=by, **attached("theirs")))
        self.policies.append(managed("theirs", doc(HARMLESS)))
        on = "policy/theirs" if self.row.policy else "role/worker"
        self.may(f"{IAM}:{on}", *(self.row.target or self.row.policy))

    def _federated(self) -> None:
        provider = f"{IAM}:saml-provider/idp"
        self.roles.append(role("boss", ALL, by=trust(Federated=provider)))
        self.may(provider)


def escalations(found: list[Capability]) -> dict[str, Capability]:
    return {
        "if" if one.conditional else "sure": one for one in found if one.name.value == "escalate"
    }


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_row_leads_to_an_administrator(world: Any, row: Row) -> None:
    found = escalations(Lab(row, missing=False).resolve(world))
    possible = row.kind in (Kind.EXISTING, Kind.STRENGTHEN)
    assert list(found) == ["if" if possible else "sure"]
    path = "\n".join(next(iter(found.values())).path)
    assert f"so it {row.how.split('{')[0].split(',')[0]}".rstrip() in path
    for action in row.needed:
        assert action in path


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_row_that_misses_its_target_leads_nowhere(world: Any, row: Row) -> None:
    found = escalations(Lab(row, missing=True).resolve(world))
    # What may not be passed may still be what runs there already.
    assert not found or (row.kind is Kind.PASS and list(found) == ["if"])


@pytest.mark.parametrize("row", [row for row in rows() if row.kind is Kind.PASS][::9])
@pytest.mark.parametrize("service", ["service", "another.amazonaws.com"])
def test_the_service_a_role_is_passed_to_counts(world: Any, row: Row, service: str) -> None:
    lab = Lab(row, missing=False)
    host = row.service[0] if service == "service" else service
    condition = {"StringEquals": {"iam:PassedToService": host}}
    lab.may = lambda on, *actions: lab.statements.append(  # type: ignore[method-assign]
        allow(*actions, on=on, Condition=condition)
    )
    assert ("sure" in escalations(lab.resolve(world))) is (service == "service")


# --- chains ----------------------------------------------------------------------------------


def test_a_chain_of_roles_is_told_to_its_end(world: Any) -> None:
    hop = [f"{IAM}:role/hop{number}" for number in range(3)]
    roles = [
        role("hop0", allow("sts:AssumeRole", on=hop[1]), by=trust(AWS=CI)),
        role("hop1", allow("sts:AssumeRole", on=hop[2]), by=trust(AWS=hop[0])),
        role("hop2", ALL, by=trust(AWS=f"{IAM}:root")),
    ]
    world.write(users={"ci": {}}, RoleDetailList=roles)
    found = list(world.directory().resolve(CI).capabilities)
    assert [(one.name.value, one.conditional) for one in found] == [
        ("escalate", False),
        ("impersonate", False),
    ]
    assert found[0].path == (
        "user ci: the trust policy of role hop0 allows sts:AssumeRole",
        "so it assumes role hop0",
        "role hop0 -> inline policy p allows sts:AssumeRole on arn:aws:iam::111122223333:role/hop1",
        "so it assumes role hop1",
        "role hop1 -> inline policy p allows sts:AssumeRole on arn:aws:iam::111122223333:role/hop2",
        "so it assumes role hop2",
        "role hop2 is an administrator: inline policy p allows * on *",
    )


@pytest.mark.parametrize(
    ("by", "mine", "reached"),
    [
        # named in the trust: in one account that is enough
        (trust(AWS=CI), [], True),
        # the account is trusted: its own policies decide
        (trust(AWS=f"{IAM}:root"), [], False),
        (trust(AWS=OWN), [allow("sts:AssumeRole", on=f"{IAM}:role/boss")], True),
        (trust(AWS=f"{IAM}:root"), [allow("sts:*", on=f"{IAM}:role/other")], False),
        (trust(AWS=CI), [{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}], False),
        (trust(AWS=f"{IAM}:user/other"), [allow("sts:AssumeRole")], False),
        (trust(AWS=f"arn:aws:iam::{OTHER}:root"), [allow("sts:AssumeRole")], False),
        (trust(Service="ec2.amazonaws.com"), [allow("sts:AssumeRole")], False),
    ],
)
def test_both_sides_of_a_role_decide(world: Any, by: Any, mine: Any, reached: bool) -> None:
    world.write(
        users={"ci": inline("User", *mine) if mine else {}},
        RoleDetailList=[role("boss", ALL, by=by)],
    )
    assert bool(escalations(list(world.directory().resolve(CI).capabilities))) is reached


def test_a_condition_of_the_trust_makes_it_conditional(world: Any) -> None:
    by = trust(AWS=CI)
    statement = by["AssumeRolePolicyDocument"]["Statement"][0]
    statement["Condition"] = {"StringEquals": {"sts:ExternalId": "x"}}
    world.write(users={"ci": {}}, RoleDetailList=[role("boss", ALL, by=by)])
    found = escalations(list(world.directory().resolve(CI).capabilities))
    assert list(found) == ["if"]
    assert "only if StringEquals sts:ExternalId = x" in found["if"].path


def test_who_cannot_be_told_from_a_malformed_trust_is_not_let_in(world: Any) -> None:
    by = {"AssumeRolePolicyDocument": {"Statement": "nonsense"}}
    world.write(
        users={"ci": inline("User", allow("sts:AssumeRole"))},
        RoleDetailList=[role("boss", ALL, by=by)],
    )
    directory = world.directory()
    assert not escalations(list(directory.resolve(CI).capabilities))
    assert "who may assume role boss" in [gap.what for gap in directory.gaps]


def test_two_who_only_reach_each_other_lead_nowhere(world: Any) -> None:
    a, b = f"{IAM}:role/a", f"{IAM}:role/b"
    world.write(
        users={"ci": {}},
        RoleDetailList=[role("a", HARMLESS, by=trust(AWS=[b, CI])),
                        role("b", HARMLESS, by=trust(AWS=a))],
    )  # fmt: skip
    found = world.directory().resolve(CI).capabilities
    assert [one.name.value for one in found] == ["impersonate"]
