"""Whom builds become that log in without a key, and what the configuration of jobs tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gcp_estate import (
    ORG_OWNER,
    SCOPE,
    account,
    asked,
    bound,
    directory,
    email,
    export,
    key,
    role,
    secret,
)

from auditor.classify.catalogue import kinds
from auditor.classify.groups import group, with_mentions
from auditor.classify.names import classify
from auditor.models import (
    CapabilityName,
    Confidence,
    Credential,
    Match,
    NoMatch,
    Rotate,
    Secret,
    Severity,
    Use,
)
from auditor.providers.gcp.directory import GcpDirectory
from auditor.risk.severity import assess
from auditor.risk.standing import Standing

POOL = "projects/111/locations/global/workloadIdentityPools/ci-pool"
PROVIDER = f"{POOL}/providers/builds"
ISSUER = "https://oidc.circleci.com/org/6b1c0d5e-3f0a-4b7e-9d55-0c0f6f7a8b21"
SET = f"principalSet://iam.googleapis.com/{POOL}/*"
USER = "roles/iam.workloadIdentityUser"
OTHER = {"name": PROVIDER, "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"}}


def at(name: str) -> str:
    return f"//iam.googleapis.com/projects/web-prod-site/serviceAccounts/{email(name)}"


def read(folder: Path, *results: dict[str, Any], **more: Any) -> GcpDirectory:
    told = {"name": PROVIDER, "oidc": {"issuerUri": ISSUER}}
    files: dict[str, Any] = {
        "policies": [ORG_OWNER, *results],
        "roles": [
            role("roles/owner", "resourcemanager.projects.setIamPolicy"),
            role(USER, "iam.serviceAccounts.getAccessToken"),
            role("roles/storage.objectViewer", "storage.objects.get"),
        ],
        "accounts": [account("ci"), account("etl")],
        "provider": told,
    }
    return directory(export(folder, **files | more))


def keyless(name: str = "GCP_WORKLOAD_IDENTITY_PROVIDER", tail: str = "") -> tuple[Any, Any]:
    """Return the credential of a variable and the entries, as classify makes them of names."""
    one = secret(name, tail)
    secrets = {one.id: one}
    (credential,) = group([one], {one.id: classify(one.id, one.name)})
    return credential, secrets


def ask(found: GcpDirectory, tail: str = "", *mentions: str) -> Match | NoMatch:
    credential, secrets = keyless(tail=tail)
    return found.identify(replace(credential, mentions=mentions), secrets, None)


BECOMES_CI = bound(USER, SET, resource=at("ci"))
BECOMES_ETL = bound(USER, SET, resource=at("etl"))


def test_the_one_account_that_the_pool_becomes(tmp_path: Path) -> None:
    owner = bound("roles/owner", f"serviceAccount:{email('ci')}")
    told = read(tmp_path, BECOMES_CI, owner)
    found = ask(told, "ilds")
    assert isinstance(found, Match)
    assert (found.best.identity_id, found.best.confidence) == (email("ci"), Confidence.MEDIUM)
    assert not found.best.key
    facts = " ".join(one.fact for one in found.best.evidence)
    assert "no key is stored" in facts
    assert f"{PROVIDER} trusts {ISSUER}" in facts
    assert "none: every project" in facts
    names = {one.name for one in told.resolve(found.best.identity_id).capabilities}
    assert CapabilityName.ESCALATE in names or CapabilityName.ADMIN in names


def test_of_several_the_configuration_tells(tmp_path: Path) -> None:
    told = read(tmp_path, BECOMES_CI, BECOMES_ETL)
    guessed = ask(told)
    assert isinstance(guessed, Match)
    assert guessed.best.confidence is Confidence.LOW
    assert {one.identity_id for one in guessed.candidates} == {email("ci"), email("etl")}
    named = ask(told, "", email("etl"))
    assert isinstance(named, Match)
    assert (named.best.identity_id, named.best.confidence) == (email("etl"), Confidence.HIGH)
    assert [one.identity_id for one in named.runners_up] == [email("ci")]


def test_what_the_pool_holds_itself_is_an_identity(tmp_path: Path) -> None:
    told = read(tmp_path, bound("roles/storage.objectViewer", SET))
    found = ask(told)
    assert isinstance(found, Match)
    assert found.best.identity_id == SET
    assert told.resolve(SET).capabilities[0].name is CapabilityName.READ_DATA


@pytest.mark.parametrize(
    ("tail", "results", "more", "words", "searched"),
    [
        ("nope", [BECOMES_CI], {}, "ends as none of the pools", False),
        ("", [], {}, "it can log in, and then do nothing", True),
        ("", [BECOMES_CI], {"provider": OTHER}, "no pool that was read trusts", False),
        ("", [BECOMES_CI], {"provider": {"name": PROVIDER, "disabled": True}}, "no pool", False),
    ],
)
def test_nobody_is_said_to_be_nobody_with_the_reason(
    tmp_path: Path,
    tail: str,
    results: list[dict[str, Any]],
    more: dict[str, Any],
    words: str,
    searched: bool,
) -> None:
    found = ask(read(tmp_path, *results, **more), tail)
    assert isinstance(found, NoMatch)
    assert words in found.gap.why
    assert found.searched is searched
    assert "no key is stored" in found.evidence[0].fact


def test_a_person_names_whom(tmp_path: Path) -> None:
    credential, secrets = keyless()
    found = read(tmp_path, BECOMES_CI).identify(credential, secrets, email("etl"))
    assert isinstance(found, Match)
    assert (found.best.identity_id, found.best.confidence) == (email("etl"), Confidence.CERTAIN)


def scored(one: Secret, credential: Credential) -> Any:
    judged = classify(one.id, one.name)
    return assess(
        one,
        judged,
        credential,
        Standing(),
        kind=kinds()[judged.kind],
        incident=None,
        now=one.created,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("name", ["GCP_WORKLOAD_IDENTITY_PROVIDER", "OIDC_WIP_ID", "WIF_PROVIDER"])
def test_its_row_says_that_there_is_no_key(name: str) -> None:
    credential, secrets = keyless(name)
    told = scored(secrets[credential.parts[0].secret_id], credential)
    assert (told.severity, told.rotate) == (Severity.NONE, Rotate.NOTHING)
    assert "no key is stored" in told.reasons[0].text
    assert told.advice.startswith("No key to rotate. ")


# --- keys, and what the configuration tells of them ------------------------------------------


def test_a_key_whose_account_jobs_name_ranks_first(tmp_path: Path) -> None:
    told = read(tmp_path, keys=[key("ci", "1" * 40), key("etl", "2" * 40)])
    credential, secrets = asked()
    plain = told.identify(credential, secrets)
    assert isinstance(plain, Match)
    assert (plain.best.identity_id, plain.best.confidence) == (email("ci"), Confidence.LOW)
    named = told.identify(replace(credential, mentions=(email("etl"),)), secrets)
    assert isinstance(named, Match)
    assert (named.best.identity_id, named.best.confidence) == (email("etl"), Confidence.MEDIUM)
    assert any("jobs with this variable name" in one.fact for one in named.best.evidence)
    assert len(named.runners_up) == 1  # a job that names one account may hold the key of another


def test_what_nobody_knows_is_no_evidence(tmp_path: Path) -> None:
    told = read(tmp_path, keys=[key("ci", "1" * 40), key("etl", "2" * 40)])
    credential, secrets = asked()
    other = told.identify(
        replace(credential, mentions=("x@other.iam.gserviceaccount.com",)), secrets
    )
    assert other == told.identify(credential, secrets)


def test_only_jobs_that_name_an_entry_tell_of_it() -> None:
    credential, secrets = asked()
    use = Use(SCOPE.id, "p-1", "web", "deploy", ("GCLOUD_SERVICE_KEY",), None, False, ("a@b",))
    others = [
        replace(use, names=("OTHER",), mentions=("c@d",)),
        replace(use, scope_id="c-2", mentions=("e@f",)),
    ]
    (found,) = with_mentions([credential], secrets, [use, *others])
    assert found.mentions == ("a@b",)
