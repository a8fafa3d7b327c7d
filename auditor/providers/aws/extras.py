"""Takes further exported files beside an account's details: limits, use, policies of resources.

Each becomes the document that reading live would have left. What a reply is about is in the reply
where AWS puts it there, and else in the name of its file.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from auditor.models import Json
from auditor.providers.aws.documents import document_key, entries, text
from auditor.providers.aws.files import Reply
from auditor.providers.aws.resources import resource_of
from auditor.providers.aws.surroundings import RCP, SCP, UNTOLD, policy_document

GUARDRAILS, USE = "guardrails", "get-service-last-accessed-details"
PROVIDER = "get-open-id-connect-provider"
POLICY, ATTRIBUTES = "get-policy", "get-attributes"
EXTRAS = (GUARDRAILS, USE, PROVIDER, POLICY, ATTRIBUTES)
"""The kinds of replies that are read here."""

_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):.+")
_LAST = 5
"""Which part of an ARN is the last one: "user/ci"."""
_LIMITS = {"ServiceControlPolicies": SCP, "ResourceControlPolicies": RCP}


def owner_of(reply: Reply) -> str:
    """Return the account that a reply is about where it tells, else ""."""
    found = _ARN.fullmatch(_told_subject(reply))
    return found[1] if found else text(reply.document, "AccountId")


def is_about_nothing(reply: Reply, principals: Iterable[str]) -> bool:
    """Return whether nobody can tell which identity or which resource a reply is about."""
    return reply.kind in (USE, POLICY, ATTRIBUTES) and not _subject(reply, principals)


def extra_documents(
    account: str, replies: Iterable[Reply], principals: Iterable[str], providers: Json | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the documents of an account's further replies.

    `principals` are the ARNs of its identities, `providers` the list of its identity providers.
    """
    by_kind: dict[str, list[Reply]] = defaultdict(list)
    for reply in replies:
        by_kind[reply.kind].append(reply)
    for reply in by_kind[GUARDRAILS]:
        yield document_key(account, "guardrails"), _path(account, reply.document)
    for reply in by_kind[USE]:
        arn = _subject(reply, principals)
        name = arn.split(":", _LAST)[-1]
        yield document_key(account, "last-accessed", name), {"Arn": arn, **reply.document}
    if by_kind[PROVIDER]:
        listed = entries(providers, "OpenIDConnectProviderList")
        told = [_provider(account, reply.document) for reply in by_kind[PROVIDER]]
        found = {text(provider, "Arn"): provider for provider in (*listed, *told)}
        yield (
            document_key(account, "oidc-providers"),
            {"OpenIDConnectProviderList": list(found.values())},
        )
    policies: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for reply in (*by_kind[POLICY], *by_kind[ATTRIBUTES]):
        arn = _told_subject(reply)
        entry = {"Arn": arn, "Policy": _policy(reply.document)}
        policies[arn.split(":")[2]].append(entry)
    for service, of_service in policies.items():
        yield document_key(account, f"resource-policies/{service}"), {"Policies": of_service}


def _path(account: str, document: Mapping[str, Json]) -> dict[str, Any]:
    """Return the levels as the organization would tell them; what is not told is not known."""
    given = {kind: document.get(name, "") for name, kind in _LIMITS.items()}
    levels = {kind: told for kind, told in given.items() if _are_levels(told)}
    path: list[dict[str, Any]] = [
        {"Id": f"level-{number}"} for number in range(max(map(len, levels.values()), default=1))
    ]
    for kind, told in levels.items():
        for level, policies in zip(path, told, strict=False):
            level[kind] = [{"Content": policy} for policy in policies]
    path[0]["PolicyTypes"] = [
        {"Type": kind, "Status": "ENABLED" if kind in levels else UNTOLD}
        for kind, told in given.items()
        if told is not None
    ]
    return {"AccountId": account, "Path": path}


def _are_levels(told: Json) -> bool:
    return isinstance(told, list) and bool(told) and all(isinstance(one, list) for one in told)


def _provider(account: str, document: Mapping[str, Json]) -> dict[str, Any]:
    arn = f"arn:aws:iam::{account}:oidc-provider/{text(document, 'Url')}"
    return {"Arn": arn, **document}


# --- what a reply is about -------------------------------------------------------------------


def _subject(reply: Reply, principals: Iterable[str]) -> str:
    """Return the ARN of what a reply is about, by itself or by its file's name, else ""."""
    stem = PurePosixPath(reply.file).stem.lower()
    named = (arn for arn in principals if arn.rpartition("/")[2].lower() == stem)
    return _told_subject(reply) or next(named, "")


def _told_subject(reply: Reply) -> str:
    return _SUBJECTS.get(reply.kind, lambda _: "")(reply.document)


def _user_of_services(document: Json) -> str:
    found = (text(e, "LastAuthenticatedEntity") for e in entries(document, "ServicesLastAccessed"))
    return next(filter(None, found), "")


def _resource(document: Json) -> str:
    """Return the resource of a policy: AWS names it, or all that the policy says is of one."""
    if arn := text(document, "ARN"):
        return arn
    policy = policy_document(document.get("Policy")) or {}
    statements = policy.get("Statement")
    named = {
        resource_of(resource)
        for statement in (statements if isinstance(statements, list) else [statements])
        if isinstance(statement, dict)
        for resource in _texts(statement.get("Resource"))
    } - {""}
    return named.pop() if len(named) == 1 else ""


def _attributed(document: Json) -> str:
    attributes = document.get("Attributes")
    return text(attributes, "QueueArn") or text(attributes, "TopicArn")


_SUBJECTS: Mapping[str, Callable[[Json], str]] = {
    USE: _user_of_services,
    POLICY: _resource,
    ATTRIBUTES: _attributed,
}


def _policy(document: Mapping[str, Json]) -> Json:
    holder: Mapping[str, Json] = document.get("Attributes") or document
    return holder.get("Policy", holder.get("ResourcePolicy"))


def _texts(value: Json) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, str)]
