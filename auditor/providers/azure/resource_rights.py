"""What a key of a resource may do: all that the resource holds, and nothing beyond it.

https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage
https://learn.microsoft.com/azure/container-registry/container-registry-authentication
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.models import CapabilityName, Gap, Grant, Resolution
from auditor.providers.azure.gaps import SOURCE
from auditor.providers.azure.resources import DEVOPS, REGISTRY, STORAGE, Resource
from auditor.providers.azure.rights import Right, capabilities

_RIGHTS = {
    STORAGE: (
        "an account key opens it, and signs every SAS token of it",
        (
            (CapabilityName.READ_DATA, "reads every blob, file, queue and table of the account"),
            (CapabilityName.WRITE_DATA, "writes every blob, file, queue and table of the account"),
            (CapabilityName.DESTROY, "deletes what the account holds"),
        ),
        "all data of the account",
    ),
    REGISTRY: (
        "a login of it pushes and pulls; its admin user may do both everywhere in it",
        (
            (CapabilityName.SUPPLY_CHAIN, "replaces images that others run"),
            (CapabilityName.READ_DATA, "pulls every image"),
            (CapabilityName.DESTROY, "deletes images"),
        ),
        "push, pull and delete",
    ),
}
_TOKEN = Gap(
    what="scopes of the Azure DevOps token",
    why="Azure Resource Manager knows the organisation alone, not the tokens of its people",
    fix="ask its owner (User settings > Personal access tokens), or an administrator of the "
    "organisation for the token audit; until then it may do all that its owner may",
    source=SOURCE,
)


def resolve(resource: Resource) -> Resolution:
    """Return what whoever holds a key of a resource may do, at most."""
    if resource.sort == DEVOPS:
        return Resolution(resource.id, (), (), (_TOKEN,))
    _, _, worded = _RIGHTS[resource.sort]
    via = f"keys of the {resource.title}"
    return Resolution(
        identity_id=resource.id,
        grants=(Grant(resource.id, (worded,), (resource.id,), "Allow", via),),
        capabilities=capabilities(resource.id, _rights(resource)),
    )


def _rights(resource: Resource) -> Iterator[Right]:
    how, given, worded = _RIGHTS[resource.sort]
    for capability, reason in given:
        yield Right(
            capability=capability,
            tier=1,
            steps=(resource.title, how),
            reasons=(reason,),
            actions=(worded,),
            resource=resource.id,
            limited=True,
        )
