"""Whose client id a variable holds, and whom federated credentials let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure_export as lab
import pytest

from auditor.collecting import Collecting, Memory, Silent
from auditor.models import (
    Confidence,
    Credential,
    Exposure,
    Known,
    Match,
    NoMatch,
    Part,
    Scope,
    ScopeKind,
    Secret,
    Severity,
)
from auditor.providers.azure import PROVIDER
from auditor.providers.azure.directory import AzureDirectory
from auditor.tails import KEY_LENGTH, Sealer

NOW = datetime(2023, 1, 10, tzinfo=UTC)
WRITTEN = datetime(2022, 6, 1, tzinfo=UTC)
SCOPE = Scope(ScopeKind.CONTEXT, "c-1", "production", "gh/acme")
SEALER = Sealer(b"k" * KEY_LENGTH)


@dataclass
class Tenant:
    """A directory read from an export, and questions to it."""

    directory: AzureDirectory

    def ask(
        self, owner: str | None = None, written: datetime | None = WRITTEN, **parts: str | None
    ) -> Match | NoMatch:
        """Ask whose a credential is whose parts end as the values given do."""
        secrets = {name: _secret(name, value, written) for name, value in parts.items()}
        credential = Credential(
            "C-1",
            "azure-service-principal",
            "Azure",
            "azure",
            SCOPE,
            "AZURE",
            tuple(Part(name, name) for name in parts),
        )
        return self.directory.identify(credential, secrets, owner)


def _secret(name: str, value: str | None, written: datetime | None) -> Secret:
    tail = SEALER.seal(value) if value else None
    nobody = Exposure(Known(value=False), Known(1), Known(value=False))
    return Secret(
        name, "circleci", "context variable", SCOPE, f"AZURE_{name.upper()}", None, written, tail,
        nobody, None,
    )  # fmt: skip


def tenant_of(folder: Path) -> Tenant:
    snapshot = Memory()
    settings = PROVIDER.settings(export=str(folder))
    PROVIDER.collect(settings, Collecting(snapshot, SEALER, Silent(), NOW))
    return Tenant(PROVIDER.read(settings, snapshot))


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    return tenant_of(lab.write(tmp_path_factory.mktemp("azure")))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Tenant]:
    def build(files: Mapping[str, Any]) -> Tenant:
        return tenant_of(lab.write(tmp_path, **files))

    return build


def facts(match: Match | NoMatch) -> str:
    assert isinstance(match, Match)
    return " / ".join(evidence.fact for evidence in match.best.evidence)


def twin(number: int, of: int, **more: Any) -> dict[str, Any]:
    """Return a principal whose client id ends as that of another does."""
    other = lab.app_id(number)[:-4] + lab.app_id(of)[-4:]
    changes = {"appId": other[:2] + "b" + other[3:], "displayName": f"twin-{number}", **more}
    return lab.principal(number, **changes)


# --- hits ------------------------------------------------------------------------------------


def test_the_client_id_names_the_service_principal(tenant: Tenant) -> None:
    match = tenant.ask(id=lab.app_id(1), secret="x", tenant=lab.TENANT)
    assert isinstance(match, Match)
    assert match.best.identity_id == lab.object_id(1)
    assert match.best.confidence is Confidence.HIGH
    assert not match.runners_up
    told = facts(match)
    assert "the tenant beside it ends as" in told
    assert "client secret 5ec00000-0000-4000-8000-000000000001 was valid when" in told
    assert "called like one of a CI system" in told
    assert lab.app_id(1)[-4:] not in told


def test_ids_are_found_in_capitals_too(tenant: Tenant) -> None:
    match = tenant.ask(id=lab.app_id(10).upper(), secret="x")
    assert isinstance(match, Match)
    assert match.best.identity_id == lab.object_id(10)


def test_a_subscription_beside_it_speaks_for_whoever_has_a_role_there(tenant: Tenant) -> None:
    told = facts(tenant.ask(id=lab.app_id(1), subscription=lab.SUBSCRIPTION))
    assert "it has a role in the subscription production" in told


@pytest.mark.parametrize(
    ("parts", "confidence", "words"),
    [
        ({"tenant": lab.OTHER_TENANT}, Confidence.LOW, "it is of another tenant"),
        ({"written": datetime(2021, 1, 1, tzinfo=UTC)}, Confidence.LOW, "after the variable was"),
        ({"written": None}, Confidence.HIGH, "it can log in"),
        ({"written": datetime(2022, 3, 1, 10, tzinfo=UTC)}, Confidence.HIGH, "was valid when"),
    ],
)
def test_what_speaks_against_a_hit_lowers_the_confidence(
    parts: dict[str, Any], confidence: Confidence, words: str, tenant: Tenant
) -> None:
    match = tenant.ask(id=lab.app_id(1), **parts)
    assert isinstance(match, Match)
    assert match.best.confidence is confidence
    assert words in facts(match)


def test_of_two_that_fit_neither_is_dropped(changed: Callable[..., Tenant]) -> None:
    files = lab.files()
    principals = [*files["sp.json"], twin(50, 1, accountEnabled=False)]
    match = changed({"sp.json": principals}).ask(id=lab.app_id(1))
    assert isinstance(match, Match)
    assert match.best.identity_id == lab.object_id(1)
    assert match.best.confidence is Confidence.MEDIUM
    assert [one.identity_id for one in match.runners_up] == [lab.object_id(50)]


def test_a_foreign_principal_is_found_and_its_secrets_are_unknown(tenant: Tenant) -> None:
    match = tenant.ask(id=lab.app_id(lab.FOREIGN))
    assert isinstance(match, Match)
    assert not tenant.directory.identities[match.best.identity_id].keys_complete


# --- nobody ----------------------------------------------------------------------------------


def test_an_id_of_nobody_was_searched(tenant: Tenant) -> None:
    found = tenant.ask(id="00000000-0000-0000-0000-00000000beef")
    assert isinstance(found, NoMatch)
    assert found.searched


def test_an_id_of_nobody_is_open_where_not_all_were_listed(
    changed: Callable[..., Tenant],
) -> None:
    found = changed({"sp.json": None}).ask(id=lab.app_id(1))
    assert isinstance(found, NoMatch)
    assert not found.searched
    assert "az ad sp list --all" in found.gap.fix


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"secret": "abc"}, "no client id beside it"),
        ({"id": None}, "shows no tail"),
        ({"id": "abc"}, "too short"),
        ({"id": "a.b/"}, "something else"),
        ({"user": "alice@acme.example"}, "a user's login"),
    ],
)
def test_what_cannot_be_compared_is_said(parts: dict[str, Any], words: str, tenant: Tenant) -> None:
    found = tenant.ask(**parts)
    assert isinstance(found, NoMatch)
    assert not found.searched
    assert words in found.gap.why


# --- what a person said ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "parts", "confidence"),
    [
        (lab.object_id(1), {"id": lab.app_id(1)}, Confidence.CERTAIN),
        (lab.app_id(1).upper(), {"secret": "x"}, Confidence.CERTAIN),
        (lab.object_id(1), {"id": lab.app_id(2)}, Confidence.MEDIUM),
        ("Alice@acme.example", {"user": "alice@acme.example"}, Confidence.CERTAIN),
    ],
)
def test_a_person_names_an_identity(
    owner: str, parts: dict[str, Any], confidence: Confidence, tenant: Tenant
) -> None:
    match = tenant.ask(owner, **parts)
    assert isinstance(match, Match)
    assert match.best.confidence is confidence
    assert match.best.evidence[0].source == "configuration"


def test_a_name_that_nobody_has_is_said_without_its_tail(tenant: Tenant) -> None:
    found = tenant.ask("00000000-0000-0000-0000-00000000beef", secret="x")
    assert isinstance(found, NoMatch)
    assert "which nothing that was read holds" in found.gap.why
    assert "beef" not in found.gap.why


# --- federated credentials -------------------------------------------------------------------

ORG = "org/0c1c0000-0000-4000-8000-000000000001"
PROJECT = f"{ORG}/project/9f3c0000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, None),
        ({"issuer": "https://token.actions.example"}, None),
        ({"subject": None, "claimsMatchingExpression": f"'{PROJECT}/user/*'"}, None),
        ({"subject": None, "claimsMatchingExpression": f"'{ORG}/*'"}, Severity.HIGH),
        ({"subject": None, "claimsMatchingExpression": f"'{ORG}/project/*'"}, Severity.HIGH),
        ({"subject": ""}, Severity.HIGH),
        (
            {"issuer": "https://oidc.circleci.com", "subject": "", "x": "*"},
            Severity.CRITICAL,
        ),
    ],
)
def test_federated_credentials_for_circleci_are_judged(
    changes: dict[str, Any], severity: Severity | None, changed: Callable[..., Tenant]
) -> None:
    address = f"applications('{lab.application_id(3)}')/federatedIdentityCredentials"
    document = {"@odata.context": lab.GRAPH_URL + address, "value": [lab.FEDERATED | changes]}
    found = changed({"federated/3.json": document}).directory
    assert [one.severity for one in found.weaknesses] == ([severity] if severity else [])
    if severity:
        assert found.weaknesses[0].identity_id == lab.object_id(3)
        assert "project" in found.weaknesses[0].fix


def test_who_may_log_in_without_a_secret_is_told(tenant: Tenant) -> None:
    found = [
        one for one in tenant.directory.resolve(lab.object_id(3)).grants if one.effect == "Trust"
    ]
    assert found[0].condition == lab.FEDERATED["subject"]
