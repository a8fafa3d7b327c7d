"""Trust in the CI system's own tokens: identity pool providers that let in more than they should.

https://circleci.com/docs/openid-connect-tokens/
https://cloud.google.com/iam/docs/workload-identity-federation
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.models import Evidence, Severity, Weakness, weakness_id
from auditor.providers.gcp.documents import entries, is_complete, text
from auditor.providers.gcp.estate import PROVIDER_ASSET, Estate, asset_data
from auditor.providers.gcp.gaps import SOURCE

_ISSUER = re.compile(r"https://(?:oidc\.circleci\.com|[\w.-]*circleci[\w.-]*)/org/[\w-]+/?$")
_PROJECT_CLAIM = re.compile(r"project|google\.subject\s*==|assertion\.sub\s*==")
_CALL = "gcloud iam workload-identity-pools providers list"


@dataclass(frozen=True, slots=True)
class Trusted:
    """An identity pool provider that is switched on and takes the CI system's own tokens."""

    name: str
    """projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"""
    issuer: str
    condition: str


def pool_of(provider: str) -> str:
    """Return the name of a provider's pool."""
    return provider.partition("/providers/")[0]


def trusted(estate: Estate) -> Iterator[Trusted]:
    """Yield the providers that take tokens of CircleCI."""
    for document in estate.of("assets").values():
        for asset in entries(document, "assets"):
            if text(asset, "assetType") != PROVIDER_ASSET:
                continue
            data = asset_data(asset)
            issuer = text(data.get("oidc"), "issuerUri")
            if _ISSUER.match(issuer) and data.get("disabled") is not True:
                yield Trusted(text(data, "name"), issuer, text(data, "attributeCondition"))


def pools(estate: Estate) -> tuple[str, ...]:
    """Return the names of these providers and of their pools."""
    names = [one.name for one in trusted(estate)]
    return tuple(sorted({*names, *map(pool_of, names)} - {""}))


def weaknesses(estate: Estate) -> Iterator[Weakness]:
    """Yield a weakness for each provider for CircleCI that lets in every project of it."""
    for one in trusted(estate):
        if not (one.condition and _PROJECT_CLAIM.search(one.condition)):
            yield _weakness(estate, one)


def _weakness(estate: Estate, one: Trusted) -> Weakness:
    name, condition, issuer = one.name, one.condition, one.issuer
    whole = sorted(_holders(estate, f"principalSet://iam.googleapis.com/{pool_of(name)}/*"))
    evidence = [Evidence(f"issuer {issuer}", _CALL)]
    evidence.append(Evidence(f"attribute condition: {condition or 'none'}", _CALL))
    evidence += [
        Evidence(f"every identity of the pool has {held}", "SearchAllIamPolicies") for held in whole
    ]
    return Weakness(
        id=weakness_id("gcp", "circleci-pool", name),
        severity=_severity(estate, whole),
        what=f"identity pool provider {name} lets in every project of the CircleCI organisation",
        why="its attribute condition "
        + ("names no project" if condition else "is missing")
        + ("; what the whole pool may do, any of their builds may do" if whole else ""),
        fix="set an attribute condition on the project, such as "
        "assertion['oidc.circleci.com/project-id'] == 'UUID', and bind roles to attributes",
        source=SOURCE,
        evidence=tuple(evidence),
    )


def _severity(estate: Estate, whole: list[str]) -> Severity:
    """Return how bad it is: unknown where nobody could read what the pool may do."""
    if whole:
        return Severity.HIGH
    read = all(map(is_complete, estate.of("policies").values()))
    return Severity.MEDIUM if read else Severity.UNKNOWN


def _holders(estate: Estate, member: str) -> Iterator[str]:
    for binding in estate.by_member.get(member, ()):
        yield f"{binding.role} on {binding.resource}"
