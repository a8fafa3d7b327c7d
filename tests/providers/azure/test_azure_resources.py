"""Whose keys of storage accounts, registries and DevOps organisations a variable holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure_export as lab
import pytest

from auditor.collecting import Collecting, Memory, Silent
from auditor.models import (
    CapabilityName,
    Confidence,
    Credential,
    Exposure,
    Known,
    Match,
    NoMatch,
    OldKey,
    Part,
    Scope,
    ScopeKind,
    Secret,
    Severity,
)
from auditor.providers.azure import PROVIDER
from auditor.providers.azure.directory import AzureDirectory
from auditor.providers.azure.resources import SORTS
from auditor.risk.absence import Reading
from auditor.risk.closure.baselines import Sight, first
from auditor.risk.closure.provider import Fate, Registry
from auditor.tails import KEY_LENGTH, Sealer

NOW = datetime(2023, 3, 1, tzinfo=UTC)
WRITTEN = datetime(2022, 6, 1, tzinfo=UTC)
SCOPE = Scope(ScopeKind.CONTEXT, "c-1", "production", "gh/acme")
SEALER = Sealer(b"k" * KEY_LENGTH)
STORAGE, REGISTRY, DEVOPS = "azure-storage-key", "azure-registry", "azure-devops-token"
LATER = "2023-02-01T00:00:00Z"


def path(kind: str, name: str) -> str:
    return f"{lab.SCOPE}/resourceGroups/Data/providers/{kind}/{name}"


def account(name: str, made: str = "2021-04-06", **more: Any) -> dict[str, Any]:
    """Return a storage account as `az storage account list` prints it."""
    times = {"key1": None, "key2": None} | more.pop("keys", {})
    return {
        "id": path("Microsoft.Storage/storageAccounts", name),
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "creationTime": f"{made}T09:00:00.1234567+00:00",
        "keyCreationTime": times,
        "allowSharedKeyAccess": None,
        **more,
    }


def registry(name: str, admin: bool = True) -> dict[str, Any]:
    """Return a registry as the API lists it."""
    return {
        "id": path("Microsoft.ContainerRegistry/registries", name),
        "name": name,
        "type": "Microsoft.ContainerRegistry/registries",
        "properties": {
            "loginServer": f"{name}.azurecr.io".lower(),
            "creationDate": "2020-05-18T09:00:00Z",
            "adminUserEnabled": admin,
        },
    }


def organization(name: str) -> dict[str, Any]:
    """Return an organisation as `az resource list` prints it."""
    kind = "microsoft.visualstudio/account"
    return {"id": path(kind, name), "name": name, "type": kind, "kind": None}


FILES: Mapping[str, Any] = {
    "storage.json": [
        account("acmedata"),
        account("stagedata", "2022-08-01"),
        account("acmelogs", keys={"key1": "2022-01-01T00:00:00Z", "key2": LATER}),
        account("acmevault", allowSharedKeyAccess=False),
    ],
    "acr.json": {"value": [registry("AcmeImages"), registry("acmeclosed", admin=False)]},
    "devops.json": [organization("acme-rockets")],
}


def directory_of(
    folder: Path, changed: Mapping[str, Any] | None = None, *, live: bool = False
) -> AzureDirectory:
    """Return the directory of an export; `live`: as if its subscription had been listed."""
    snapshot = Memory()
    settings = PROVIDER.settings(export=str(lab.write(folder, **{**FILES, **(changed or {})})))
    PROVIDER.collect(settings, Collecting(snapshot, SEALER, Silent(), NOW))
    for sort in SORTS if live else ():
        if document := snapshot.documents.get(f"azure/{sort}/export"):
            snapshot.save(f"azure/{sort}/{lab.SUBSCRIPTION}", document)
    return PROVIDER.read(settings, snapshot)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> AzureDirectory:
    return directory_of(tmp_path_factory.mktemp("azure"))


def secret(name: str, value: str, written: datetime | None = WRITTEN) -> Secret:
    nobody = Exposure(Known(value=False), Known(1), Known(value=False))
    tail = SEALER.seal(value) if value else None
    return Secret(
        name, "circleci", "context variable", SCOPE, name, written, written, tail, nobody, None
    )


def ask(
    directory: AzureDirectory,
    kind: str,
    *,
    name: str = "THE_KEY",
    owner: str | None = None,
    written: datetime | None = WRITTEN,
    **beside: str,
) -> Match | NoMatch:
    """Ask whose a key is, with what stands beside it by part."""
    held = {"secret": secret(name, "Aw==", written)}
    held |= {part: secret(part.upper(), value, written) for part, value in beside.items()}
    parts = tuple(Part(part, one.id) for part, one in held.items())
    credential = Credential("C-1", kind, "Azure", "azure", SCOPE, "", parts)
    return directory.identify(credential, {one.id: one for one in held.values()}, owner)


def best(found: Match | NoMatch) -> tuple[str, str, Confidence]:
    assert isinstance(found, Match), found
    return found.best.identity_id.rpartition("/")[2], found.best.key, found.best.confidence


# --- who it is -------------------------------------------------------------------------------

FOUND: Sequence[tuple[str, Mapping[str, Any], tuple[str, str, Confidence]]] = (
    (STORAGE, {"account": "acmelogs"}, ("acmelogs", "", Confidence.MEDIUM)),
    # stagedata ends so too, and is younger than the value
    (STORAGE, {"account": "acmedata"}, ("acmedata", "", Confidence.MEDIUM)),
    (
        STORAGE,
        {"account": "acmedata", "name": "STAGEDATA_KEY"},
        ("acmedata", "", Confidence.MEDIUM),
    ),
    (
        STORAGE,
        {"account": "acmelogs", "name": "ACME_LOGS_KEY"},
        ("acmelogs", "", Confidence.HIGH),
    ),
    (STORAGE, {"name": "ACMELOGS_KEY"}, ("acmelogs", "", Confidence.LOW)),
    (STORAGE, {"owner": "acmevault"}, ("acmevault", "", Confidence.CERTAIN)),
    (REGISTRY, {"user": "acmeimages"}, ("acmeimages", "admin user", Confidence.MEDIUM)),
    (REGISTRY, {"user": "AcmeImages"}, ("acmeimages", "admin user", Confidence.MEDIUM)),
    (
        REGISTRY,
        {"user": "acmeimages", "host": "acmeimages"},
        ("acmeimages", "admin user", Confidence.HIGH),
    ),
    (
        REGISTRY,
        {"user": "push-token", "host": "acmeimages"},
        ("acmeimages", "a login that is not named", Confidence.MEDIUM),
    ),
    (REGISTRY, {"user": lab.app_id(1)}, (lab.object_id(1), "", Confidence.HIGH)),
    (DEVOPS, {"organization": "acme-rockets"}, ("acme-rockets", "", Confidence.MEDIUM)),
    (
        DEVOPS,
        {"organization": "https://dev.azure.com/acme-rockets/"},
        ("acme-rockets", "", Confidence.MEDIUM),
    ),
)


@pytest.mark.parametrize(("kind", "told", "expected"), FOUND)
def test_the_name_beside_a_key_tells_whose_it_is(
    kind: str, told: Mapping[str, Any], expected: Any, directory: AzureDirectory
) -> None:
    assert best(ask(directory, kind, **told)) == expected


def test_an_account_younger_than_the_value_stays_possible_where_only_the_entry_is_dated(
    directory: AzureDirectory,
) -> None:
    found = ask(directory, STORAGE, account="acmedata", written=None)
    assert isinstance(found, Match)
    assert len(found.candidates) == 2
    assert found.best.confidence is Confidence.LOW


def test_a_user_name_that_ends_as_both_is_either(tmp_path: Path) -> None:
    tail = lab.app_id(1)[-4:]
    name = f"acme{tail}"
    both = directory_of(tmp_path, {"acr.json": {"value": [registry(name)]}})
    found = ask(both, REGISTRY, user=name)
    assert isinstance(found, Match)
    assert {one.confidence for one in found.candidates} == {Confidence.LOW}
    ends = [one.identity_id.rpartition("/")[2] for one in found.candidates]
    assert ends == [name, lab.object_id(1)]


NOBODY: Sequence[tuple[str, Mapping[str, Any], str]] = (
    (STORAGE, {}, "no name of a storage account beside it"),
    (STORAGE, {"account": "somethingelse"}, "no storage account that was listed ends so"),
    (STORAGE, {"account": "https://acmedata.blob.core.windows.net"}, "no end of the name"),
    (STORAGE, {"name": "DATA_KEY"}, "no name of a storage account"),
    (REGISTRY, {"host": "acmeimages.azurecr.io"}, "no end of the name of a container registry"),
    (REGISTRY, {"user": "push-token"}, "no container registry that was listed ends so"),
    (DEVOPS, {}, "no name of a DevOps organisation"),
    (STORAGE, {"owner": "nobody"}, "which nothing that was read holds"),
)


@pytest.mark.parametrize(("kind", "told", "why"), NOBODY)
def test_nobody_is_never_nowhere(
    kind: str, told: Mapping[str, Any], why: str, directory: AzureDirectory
) -> None:
    """Azure hides subscriptions that the audit may not read, so no listing is ever the whole."""
    found = ask(directory, kind, **told)
    assert isinstance(found, NoMatch)
    assert not found.searched
    assert why in found.gap.why
    assert found.gap.fix


def test_what_was_not_listed_is_told_with_the_permission(tmp_path: Path) -> None:
    directory = directory_of(tmp_path, {"storage.json": None})
    found = ask(directory, STORAGE, account="acmedata")
    assert isinstance(found, NoMatch)
    assert "storage accounts: it was not read" in found.gap.why
    assert "Microsoft.Storage/storageAccounts/read" in found.gap.fix


# --- what it may do --------------------------------------------------------------------------


def identity_of(directory: AzureDirectory, name: str) -> str:
    return next(one.id for one in directory.identities.values() if one.name == name)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("acmedata", {"read-data", "write-data", "destroy"}),
        ("AcmeImages", {"supply-chain", "read-data", "destroy"}),
    ],
)
def test_a_key_may_do_all_within_its_resource(
    name: str, names: set[str], directory: AzureDirectory
) -> None:
    id_ = identity_of(directory, name)
    found = directory.resolve(id_)
    assert {one.name.value for one in found.capabilities} == names
    assert all(one.limited and one.resources == (id_,) for one in found.capabilities)
    assert not found.gaps


def test_what_a_devops_token_may_do_is_unknown_with_the_cure(directory: AzureDirectory) -> None:
    found = directory.resolve(identity_of(directory, "acme-rockets"))
    assert not found.capabilities
    assert "Personal access tokens" in found.gaps[0].fix


def test_who_may_list_keys_is_told_apart_from_who_holds_one(directory: AzureDirectory) -> None:
    scanner = directory.resolve(lab.object_id(lab.FOREIGN))
    assert scanner.capabilities[0].name is CapabilityName.READ_SECRETS


# --- whether it was replaced -----------------------------------------------------------------


def fate(before: AzureDirectory, after: AzureDirectory, kind: str, **beside: Any) -> Fate:
    """Return what became of the credential that a variable held by `before`, as of `after`."""
    answer = ask(before, kind, **beside)
    sight = Sight(secret("THE_KEY", "Aw=="), Severity.HIGH, (answer,), issued=False)
    base = first(sight, before.identities, seal="s", now=NOW, incident=None)
    assert all(isinstance(key, OldKey) for key in base.keys)
    reading = Reading(after.coverage, (), ())
    return Registry(after.identities, reading, NOW).look_up(base.keys).fate


RENEWED = "2023-02-20T10:00:00Z"
FATES: Sequence[tuple[Mapping[str, Any], Fate]] = (
    ({}, Fate.ALIVE),
    ({"keys": {"key1": RENEWED}}, Fate.UNKNOWN),  # which of both it was, nobody knows
    ({"keys": {"key1": RENEWED, "key2": RENEWED}}, Fate.DEAD),
    ({"allowSharedKeyAccess": False}, Fate.OFF),
    # Azure fills in the time of keys that are as old as their account: that renews nothing
    ({"keys": dict.fromkeys(("key1", "key2"), "2021-04-06T09:00:01Z")}, Fate.ALIVE),
)


@pytest.mark.parametrize(("changed", "expected"), FATES)
def test_a_storage_key_is_dead_when_both_were_renewed(
    changed: Mapping[str, Any], expected: Fate, directory: AzureDirectory, tmp_path: Path
) -> None:
    accounts = [account("acmedata", **changed), *FILES["storage.json"][1:]]
    after = directory_of(tmp_path, {"storage.json": accounts})
    assert fate(directory, after, STORAGE, account="acmedata") is expected


def test_a_key_that_was_younger_than_the_value_never_counted(
    directory: AzureDirectory, tmp_path: Path
) -> None:
    keys = {"key1": RENEWED, "key2": LATER}
    accounts = [account("acmelogs", keys=keys), *FILES["storage.json"][:2]]
    after = directory_of(tmp_path, {"storage.json": accounts})
    assert fate(directory, after, STORAGE, account="acmelogs") is Fate.DEAD


@pytest.mark.parametrize(("admin", "expected"), [(True, Fate.UNKNOWN), (False, Fate.OFF)])
def test_of_a_registry_only_a_switched_off_admin_user_is_proof(
    admin: bool, expected: Fate, directory: AzureDirectory, tmp_path: Path
) -> None:
    after = directory_of(tmp_path, {"acr.json": {"value": [registry("AcmeImages", admin)]}})
    assert fate(directory, after, REGISTRY, user="acmeimages") is expected
    # another login of it lives on whatever becomes of its admin user
    assert fate(directory, after, REGISTRY, user="other", host="acmeimages") is Fate.UNKNOWN


def test_a_deleted_account_is_proof_only_where_all_were_listed(
    directory: AzureDirectory, tmp_path: Path
) -> None:
    others: dict[str, Any] = {"storage.json": FILES["storage.json"][1:]}
    after = directory_of(tmp_path, others, live=True)
    assert fate(directory, after, STORAGE, account="acmedata") is Fate.DEAD
    others["devops.json"] = None
    unread = directory_of(tmp_path / "unread", others, live=True)
    assert fate(directory, unread, STORAGE, account="acmedata") is Fate.UNKNOWN
    exported = directory_of(tmp_path / "exported", others)
    assert fate(directory, exported, STORAGE, account="acmedata") is Fate.UNKNOWN


def test_a_key_whose_time_is_not_told_any_more_is_not_dead(
    directory: AzureDirectory, tmp_path: Path
) -> None:
    accounts = [account("acmelogs"), *FILES["storage.json"][:2]]
    after = directory_of(tmp_path, {"storage.json": accounts})
    assert fate(directory, after, STORAGE, account="acmelogs") is Fate.UNKNOWN


ODD: Sequence[dict[str, Any]] = (
    {"keyCreationTime": None},
    {"keyCreationTime": [1, "2"]},
    {"keyCreationTime": {"key1": 7, "key2": "yesterday"}},
    {"creationTime": "never", "allowSharedKeyAccess": "no"},
    {"name": 5},
    {"id": None},
    {"id": "acmedata"},
    {"properties": []},
)


@pytest.mark.parametrize("changed", ODD)
def test_an_odd_account_is_never_dead_and_the_rest_goes_on(
    changed: dict[str, Any], directory: AzureDirectory, tmp_path: Path
) -> None:
    accounts = [{**account("acmedata"), **changed}, *FILES["storage.json"][1:]]
    after = directory_of(tmp_path, {"storage.json": accounts})
    assert identity_of(after, "acmelogs")
    assert fate(directory, after, STORAGE, account="acmedata") in (Fate.ALIVE, Fate.UNKNOWN)


def test_what_accepts_no_keys_is_contained(directory: AzureDirectory) -> None:
    held = directory.identities[identity_of(directory, "acmevault")]
    assert held.status.startswith("disabled")
    assert {key.status for key in held.keys} == {"disabled"}
