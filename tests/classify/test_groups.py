from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.groups import group
from auditor.classify.names import classify
from auditor.models import (
    Credential,
    Exposure,
    Known,
    Role,
    Scope,
    ScopeKind,
    Secret,
    secret_id,
)

PROJECT, CONTEXT, LEGACY = "project variable", "context variable", "legacy AWS key"
KEY, SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


def entry(name: str, store: str = PROJECT, scope: str = "p1") -> Secret:
    place = Scope(ScopeKind.PROJECT, scope, scope, "example")
    exposure = Exposure(Known(False), Known(1), Known(False))
    id_ = secret_id("circleci", store, scope, name)
    return Secret(id_, "circleci", store, place, name, None, None, None, exposure, None)


def grouped(secrets: Sequence[Secret]) -> tuple[Credential, ...]:
    return group(secrets, {each.id: classify(each.id, each.name) for each in secrets})


def shown(secrets: Sequence[Secret]) -> list[str]:
    """Return each credential as one line: kind, then part=name in order."""
    names = {each.id: each.name for each in secrets}
    return [
        " ".join(
            [
                credential.kind,
                *(f"{part.name}={names[part.secret_id]}" for part in credential.parts),
            ]
        )
        for credential in grouped(secrets)
    ]


@pytest.mark.parametrize(
    ("names", "credentials"),
    [
        ([KEY, SECRET], [f"aws-access-key id={KEY} secret={SECRET}"]),
        ([SECRET, KEY], [f"aws-access-key id={KEY} secret={SECRET}"]),
        ([SECRET], [f"aws-access-key secret={SECRET}"]),
        ([KEY], [f"aws-access-key id={KEY}"]),
        (
            ["AWS_REGION", KEY, "AWS_ACCOUNT_ID", SECRET],
            [f"aws-access-key id={KEY} secret={SECRET} account=AWS_ACCOUNT_ID region=AWS_REGION"],
        ),
        (
            ["AWS_ACCESS_KEY", KEY, "AWS_SECRET_KEY", SECRET],
            [
                f"aws-access-key id={KEY} secret={SECRET}",
                "aws-access-key id=AWS_ACCESS_KEY secret=AWS_SECRET_KEY",
            ],
        ),
        (
            ["PROD_" + KEY, "STAGING_" + KEY, "PROD_" + SECRET, "STAGING_" + SECRET],
            [
                f"aws-access-key id=PROD_{KEY} secret=PROD_{SECRET}",
                f"aws-access-key id=STAGING_{KEY} secret=STAGING_{SECRET}",
            ],
        ),
        (["AWS_SESSION_TOKEN"], ["aws-access-key session=AWS_SESSION_TOKEN"]),
        (["AWS_REGION", "AWS_ACCOUNT_ID"], []),
        (["DB_USER", "DB_HOST"], []),
        (
            ["DB_USER", "DB_PASSWORD"],
            ["database-credential secret=DB_PASSWORD user=DB_USER"],
        ),
        (
            ["BILLING_USERNAME", "BILLING_PASSWORD", "SHOP_PASSWORD"],
            [
                "generic-password secret=BILLING_PASSWORD user=BILLING_USERNAME",
                "generic-password secret=SHOP_PASSWORD",
            ],
        ),
        (
            ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"],
            ["openai-api-key secret=OPENAI_API_KEY", "anthropic-api-key secret=ANTHROPIC_API_KEY"],
        ),
        (["FOO_BAR", "LOG_LEVEL"], []),
    ],
)
def test_entries_that_are_of_use_together(names: list[str], credentials: list[str]) -> None:
    assert shown([entry(name) for name in names]) == credentials


def test_stores_and_scopes_are_kept_apart() -> None:
    places = [(PROJECT, "p1"), (LEGACY, "p1"), (PROJECT, "p2"), (CONTEXT, "c1")]
    secrets = [entry(name, *place) for place in places for name in (KEY, SECRET)]
    found = grouped(secrets)
    assert [(each.scope.id, len(each.parts)) for each in found] == [
        ("p1", 2),
        ("p1", 2),
        ("p2", 2),
        ("c1", 2),
    ]
    assert len({each.id for each in found}) == 4


def test_the_secret_of_another_scope_is_not_borrowed() -> None:
    found = grouped([entry(KEY, CONTEXT, "c1"), entry(SECRET, PROJECT, "p1")])
    assert [(each.part("id") is None, each.part("secret") is None) for each in found] == [
        (False, True),
        (True, False),
    ]


def test_a_credential_knows_who_can_tell_whose_it_is() -> None:
    (found,) = grouped([entry(KEY), entry(SECRET)])
    assert (found.vendor, found.provider, found.stem) == ("AWS", "aws", "")


LEADS = [KEY, SECRET, "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "PROD_" + KEY, "AWS_SESSION_TOKEN"]
OTHERS = ["AWS_REGION", "GITHUB_TOKEN", "GH_TOKEN", "DB_USER", "PASSPHRASE", "FOO", "MYTOKEN"]
NAMES = st.lists(st.sampled_from([*LEADS, *OTHERS]), unique=True)


@given(NAMES)
def test_every_secret_is_in_a_credential_whatever_the_order(names: list[str]) -> None:
    secrets = [entry(name) for name in names]
    found = grouped(secrets)
    held = {part.secret_id for credential in found for part in credential.parts}
    assert {s.id for s in secrets if classify(s.id, s.name).role is Role.SECRET} <= held
    turned = grouped(secrets[::-1])
    assert {each.id: set(each.parts) for each in turned} == {
        each.id: set(each.parts) for each in found
    }


def test_companions_of_two_logins_are_told_apart_by_their_spelling() -> None:
    names = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "ARM_CLIENT_ID", "ARM_CLIENT_SECRET")
    found = [set(line.split()) for line in shown([*map(entry, (*names, "AZURE_TENANT_ID"))])]
    kind = "azure-service-principal"
    assert {kind, "secret=ARM_CLIENT_SECRET", "id=ARM_CLIENT_ID", "tenant=AZURE_TENANT_ID"} in found
    assert {kind, "secret=AZURE_CLIENT_SECRET", "id=AZURE_CLIENT_ID", "tenant=AZURE_TENANT_ID"} in (
        found
    )
