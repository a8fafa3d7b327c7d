"""Trust in the CI system's own tokens: identity pool providers that let in more than they should.

https://circleci.com/docs/openid-connect-tokens/
https://cloud.google.com/iam/docs/workload-identity-federation
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.models import Evidence, Severity, Weakness, weakness_id
from auditor.providers.gcp.documents import entries, is_complete, text
from auditor.providers.gcp.estate import PROVIDER_ASSET, Estate, asset_data
from auditor.providers.gcp.gaps import SOURCE

_ISSUER = re.compile(r"https://(?:oidc\.circleci\.com|[\w.-]*circleci[\w.-]*)/org/[\w-]+/?$")
_PROJECT_CLAIM = re.compile(r"project|google\.subject\s*==|assertion\.sub\s*==")
_CALL = "gcloud iam workload-identity-pools providers list"


def weaknesses(estate: Estate) -> Iterator[Weakness]:
    """Yield a weakness for each provider for CircleCI that lets in every project of it."""
    for document in estate.of("assets").values():
        for asset in entries(document, "assets"):
            if text(asset, "assetType") == PROVIDER_ASSET and (data := asset_data(asset)):
                yield from _of_provider(estate, data)


def _of_provider(estate: Estate, data: dict[str, Any]) -> Iterator[Weakness]:
    issuer = text(data.get("oidc"), "issuerUri")
    if not _ISSUER.match(issuer) or data.get("disabled") is True:
        return
    condition, name = text(data, "attributeCondition"), text(data, "name")
    if condition and _PROJECT_CLAIM.search(condition):
        return
    pool = name.partition("/providers/")[0]
    whole = sorted(_holders(estate, f"principalSet://iam.googleapis.com/{pool}/*"))
    evidence = [Evidence(f"issuer {issuer}", _CALL)]
    evidence.append(Evidence(f"attribute condition: {condition or 'none'}", _CALL))
    evidence += [
        Evidence(f"every identity of the pool has {one}", "SearchAllIamPolicies") for one in whole
    ]
    yield Weakness(
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
