"""What the doctor says of a healthy organisation, and of one where something is refused."""

from __future__ import annotations

import time

import pytest
from gcp_lab import Lab

from auditor.models import Check, Health
from auditor.providers.gcp import PROVIDER
from auditor.providers.gcp.parts import PARTS


def of(checks: list[Check], health: Health) -> list[Check]:
    return [one for one in checks if one.health is health]


def test_a_healthy_organisation_is_entered_and_all_is_permitted(lab: Lab) -> None:
    before = len(lab.calls())
    found = lab.examine()
    assert {one.health for one in found} == {Health.OK}
    says = [one.says for one in found]
    (scope,) = lab.settings["scopes"]
    assert (
        says[0]
        == f"entered as whoever the credentials are of (AnonymousCredentials), reading {scope}"
    )
    assert "12 of 12 sorts of reading are permitted" in says[1]
    assert "keeps Admin Activity logs 400 days, all other logs 30 days" in says[2]
    # Of the small quota of guardrails no more than two reads are spent.
    made = lab.calls()[before:]
    assert sum("Policies/List" in call or "BoundaryPolicies/" in call for call in made) == 2
    assert len(made) <= 15


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("*/SearchAllIamPolicies/*", "policies"),
        ("*/ListServiceAccountKeys/*", "keys"),
        ("*/ListRoles/organizations/*", "roles"),
        ("*.Policies/ListPolicies/*", "deny"),
        ("*.PrincipalAccess*/List*", "boundaries"),
        ("*/ListBuckets/*", "logs"),
        ("*/ListSinks/*", "logs"),
        ("*/ListLogEntries/*", "uses"),
        ("*/activities:query*", "activity"),
        ("*/insights*", "insights"),
        ("*searchTransitiveGroups*", "groups"),
    ],
)
def test_each_refusal_names_the_grant_and_what_stays_unknown(
    lab: Lab, path: str, part: str
) -> None:
    lab.faults.deny(path)
    (told,) = of(lab.examine(), Health.WARN)
    assert told.says.startswith(PARTS[part].what)
    assert "PermissionDenied" in told.says
    assert f"grant {PARTS[part].permission} to the audit's identity" in told.fix
    assert PARTS[part].leaves in told.fix


def test_who_may_read_nothing_is_not_let_in(lab: Lab) -> None:
    lab.faults.deny("/google.*")
    (told,) = lab.examine()
    assert told.health is Health.FAIL
    assert "cannot be entered" in told.says
    assert "gcp-audit-role.yaml" in told.fix


def test_without_a_scope_there_is_nothing_to_ask(lab: Lab) -> None:
    (told,) = lab.examine(scopes=())
    assert told.health is Health.FAIL
    assert "no scope is set" in told.says


def test_without_accounts_what_could_not_be_tried_is_said(lab: Lab) -> None:
    lab.faults.deny("*/ListAssets/*")
    told = of(lab.examine(), Health.WARN)
    assert told[0].says.startswith("no service account was seen")
    assert {PARTS["assets"].what, PARTS["audit-configs"].what} == {
        one.says.partition(" of organizations/")[0] for one in told[1:]
    }


def test_a_server_that_does_not_answer_is_given_up(lab: Lab) -> None:
    began = time.monotonic()
    (told,) = lab.examine(endpoint="http://127.0.0.1:1", timeout=1)
    assert told.health is Health.FAIL
    assert time.monotonic() - began < 15


def test_exports_need_nobody() -> None:
    assert not list(PROVIDER.examine(PROVIDER.settings(export="folder")))
