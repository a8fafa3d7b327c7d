"""Turns what policies of resources grant to an identity by name into policies of that identity.

Within one account such a grant is enough by itself, whatever the identity's own policies say.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.models import Fact, Json, Known


def granted_by_resources(
    policies: Mapping[str, Fact[Json]],
) -> Mapping[str, Mapping[str, Json]]:
    """Return, by identity and then by resource, what the resource allows it: policy documents.

    Those that allow everybody, or leave it to the account, name nobody and are left out.
    """
    found: dict[str, dict[str, list[Json]]] = defaultdict(lambda: defaultdict(list))
    versions: dict[str, Json] = {}
    for resource, fact in policies.items():
        document = fact.value if isinstance(fact, Known) else None
        if isinstance(document, dict):
            versions[resource] = document.get("Version")
            for arn, statement in _grants(resource, document):
                found[arn][resource].append(statement)
    return {
        arn: {
            resource: {"Version": versions[resource], "Statement": statements}
            for resource, statements in by_resource.items()
        }
        for arn, by_resource in found.items()
    }


def _grants(resource: str, document: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    """Yield each identity that a statement names, with the statement as if it were its own."""
    for statement in _listed(document.get("Statement")):
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        named = _listed(principal.get("AWS")) if isinstance(principal, dict) else []
        own = {key: value for key, value in statement.items() if key != "Principal"}
        if "NotResource" not in own and own.get("Resource", "*") in ("*", ["*"]):
            own["Resource"] = _all_of(resource)
        for arn in named:
            if isinstance(arn, str) and (":user/" in arn or ":role/" in arn):
                yield arn, own


def _all_of(resource: str) -> list[str]:
    """Return the patterns of a resource and of what is in it: "*" in its policy is no more."""
    in_it = resource.split(":")[2] in ("s3", "lambda")
    between = "/" if ":s3:" in resource else ":"
    return [resource, f"{resource}{between}*"] if in_it else [resource]


def _listed(value: Json) -> list[Any]:
    return value if isinstance(value, list) else [value]
