"""What stands around the identities of an account: its organization, resources, use, providers.

Every answer is a fact of the snapshot, and unknown, with the reason, where nothing was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from auditor import nesting
from auditor.collecting import Snapshot
from auditor.models import Fact, Gap, Json, Known, Unknown, Usage
from auditor.providers.aws import gaps, parts
from auditor.providers.aws.documents import document_key, entries, is_complete, parse_time, text

Levels: TypeAlias = tuple[tuple[Json, ...], ...]
"""Policy documents by level: the root's, each organizational unit's, the account's own.

Every level must allow; what any document of a level allows, the level allows.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
"""

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
UNTOLD = "UNTOLD"
"""The status of a type of policies of which an export does not tell."""
_TRACKED = timedelta(days=400)
"""How far back AWS tells when a service was last used, at least.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""


@dataclass(frozen=True, slots=True)
class Guardrails:
    """What an organization lets an account do at most.

    None where nothing limits it: no organization, the policy type is not switched on, or it is
    the management account. Service-linked roles are not limited either: drop these for them.
    """

    scps: Fact[Levels | None]
    rcps: Fact[Levels | None]


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An identity provider that the account trusts; `url` without its scheme, as policies do."""

    arn: str
    url: str
    clients: tuple[str, ...]
    """The audiences that it takes tokens for."""


@dataclass(frozen=True, slots=True)
class LastAccessed:
    """When an identity last called each service that it may call, and actions where AWS tells.

    `Usage.what` is a service ("s3") or an action ("s3:GetObject"). Attempts that were denied count
    as use. Resource policies and guardrails are not considered by AWS.
    """

    usage: tuple[Usage, ...]
    as_of: datetime

    def unused_services(self, days: int = 90) -> tuple[str, ...]:
        """Return the services that the identity is granted and did not call for so many days."""
        limit = self.as_of - timedelta(days=days)
        services = (used for used in self.usage if ":" not in used.what)
        return tuple(used.what for used in services if used.last is None or used.last < limit)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The surroundings of one account, as far as they were read."""

    organization_id: Fact[str | None]
    """Such as o-a1b2c3d4e5; None for an account of its own."""
    is_management: Fact[bool]
    """Whether it is its organization's management account."""
    guardrails: Guardrails
    oidc_providers: Fact[tuple[OidcProvider, ...]]
    resource_policies: Mapping[str, Fact[Json]]
    """Policy documents by the ARN of their resource: None for a resource without one.

    Only resources that were asked for are in it.
    """
    last_accessed: Mapping[str, Fact[LastAccessed]]
    """By the ARN of a user or a role; only those that were asked for are in it."""
    foreign: frozenset[str]
    """The ARNs of those resources that are known to be of another account."""
    gaps: tuple[Gap, ...]
    """What could not be read of all this: one gap for each refusal, whatever it struck."""


def read_surroundings(account: str, names: Iterable[str], snapshot: Snapshot) -> Surroundings:
    """Return the surroundings of an account from its documents, whose names are given."""
    names = list(names)
    organization = snapshot.load(document_key(account, "organization"))
    use = dict(_documents_of_use(account, names, snapshot))
    policies = dict(_documents_of_policies(account, names, snapshot))
    found = Surroundings(
        organization_id=_organization_id(account, organization),
        is_management=_is_management(account, organization),
        guardrails=_guardrails(account, organization, snapshot),
        oidc_providers=_oidc(account, snapshot.load(document_key(account, "oidc-providers"))),
        resource_policies={
            text(entry, "Arn"): _resource_policy(account, service, entry)
            for service, listed in policies.items()
            for entry in listed
        },
        last_accessed={arn: _accessed(account, document) for arn, document in use.items()},
        foreign=frozenset(
            text(entry, "Arn")
            for listed in policies.values()
            for entry in listed
            if entry.get("Own") is False
        ),
        gaps=(),
    )
    return replace(found, gaps=tuple(_gaps(account, found, use, policies)))


def _gaps(
    account: str, found: Surroundings, use: Mapping[str, Json], policies: Mapping[str, list[Json]]
) -> Iterator[Gap]:
    limits = (found.organization_id, found.guardrails.scps, found.guardrails.rcps)
    facts: tuple[Fact[Any], ...] = (*limits, found.oidc_providers)
    yield from dict.fromkeys(fact.gap for fact in facts if isinstance(fact, Unknown))
    unknown = {
        arn.rpartition("/")[2]: use[arn]
        for arn, fact in found.last_accessed.items()
        if isinstance(fact, Unknown)
    }
    yield from gaps.gaps_of_each(account, parts.LAST_ACCESSED, unknown)
    for service, listed in policies.items():
        refused = {text(entry, "Arn"): entry for entry in listed}
        refused = {
            arn: entry
            for arn, entry in refused.items()
            if isinstance(found.resource_policies[arn], Unknown)
        }
        yield from gaps.gaps_of_each(account, parts.resource_policies_of(service), refused)


# --- organization ----------------------------------------------------------------------------


def _organization_id(account: str, document: Json | None) -> Fact[str | None]:
    if _alone(document):
        return Known(None)
    found = text(_organization(document), "Id")
    return Known(found) if found else Unknown(gaps.gap_of(account, parts.ORGANIZATION, document))


def _is_management(account: str, document: Json | None) -> Fact[bool]:
    if _alone(document):
        return Known(value=False)
    found = text(_organization(document), "MasterAccountId")
    gap = gaps.gap_of(account, parts.ORGANIZATION, document)
    return Known(found == account) if found else Unknown(gap)


def _alone(document: Json | None) -> bool:
    """Return whether AWS said that the account is in no organization."""
    return isinstance(document, dict) and document.get("Organization", "") is None


def _organization(document: Json | None) -> Json:
    return document.get("Organization") if isinstance(document, dict) else None


def _guardrails(account: str, organization: Json | None, snapshot: Snapshot) -> Guardrails:
    document = snapshot.load(document_key(account, "guardrails"))
    id_ = _organization_id(account, organization)
    if isinstance(id_, Unknown):
        if is_complete(document):  # exported without the organization itself
            return Guardrails(_levels(account, document, SCP), _levels(account, document, RCP))
        return Guardrails(id_, id_)
    alone = id_.value is None
    only_bills = text(_organization(organization), "FeatureSet") == "CONSOLIDATED_BILLING"
    if alone or only_bills or _is_management(account, organization) == Known(value=True):
        return Guardrails(Known(None), Known(None))
    return Guardrails(_levels(account, document, SCP), _levels(account, document, RCP))


def _levels(account: str, document: Json | None, kind: str) -> Fact[Levels | None]:
    path = entries(document, "Path")
    if not is_complete(document) or not path or not isinstance(path[0].get("PolicyTypes"), list):
        return Unknown(gaps.gap_of(account, parts.GUARDRAILS, document))
    states = {
        text(entry, "Type"): text(entry, "Status") for entry in entries(path[0], "PolicyTypes")
    }
    if states.get(kind) == UNTOLD:
        return Unknown(gaps.gap_of(account, parts.GUARDRAILS, None))
    if states.get(kind) != "ENABLED":
        return Known(None)
    levels = tuple(
        tuple(_content(policy) for policy in entries(level, kind))
        for level in path
        if kind in level
    )
    if any(policy is None for level in levels for policy in level):
        return Unknown(gaps.gap_of(account, parts.GUARDRAILS, _BROKEN))
    return Known(levels)


_BROKEN = {"error": "Broken", "message": "a policy of the organization is not JSON"}


def _content(policy: Mapping[str, Json]) -> Json:
    """Return the document of a policy, None where it cannot be read."""
    return policy_document(policy.get("Content"))


def policy_document(content: Json) -> Json:
    """Return a policy that a reply holds as an object, or as a text of JSON; else None."""
    if isinstance(content, dict):
        return content
    try:
        found = nesting.loads(content) if isinstance(content, str) else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


# --- identity providers ----------------------------------------------------------------------


def _oidc(account: str, document: Json | None) -> Fact[tuple[OidcProvider, ...]]:
    if not is_complete(document):
        return Unknown(gaps.gap_of(account, parts.OIDC, document))
    found = entries(document, "OpenIDConnectProviderList")
    refused = next((entry for entry in found if "error" in entry), None)
    if refused is not None:
        return Unknown(gaps.gap_of(account, parts.OIDC, refused))
    return Known(tuple(_provider(entry) for entry in found))


def _provider(entry: Mapping[str, Json]) -> OidcProvider:
    arn, clients = text(entry, "Arn"), entry.get("ClientIDList")
    return OidcProvider(
        arn=arn,
        url=text(entry, "Url") or arn.partition("/")[2],
        clients=tuple(map(str, clients)) if isinstance(clients, list) else (),
    )


# --- resources -------------------------------------------------------------------------------


def _documents_of_policies(
    account: str, names: Iterable[str], snapshot: Snapshot
) -> Iterator[tuple[str, list[Json]]]:
    """Yield each service with the entries of its resources."""
    prefix = document_key(account, "resource-policies") + "/"
    for name in names:
        if name.startswith(prefix):
            yield name.removeprefix(prefix), entries(snapshot.load(name), "Policies")


def _resource_policy(account: str, service: str, entry: Mapping[str, Json]) -> Fact[Json]:
    part = parts.resource_policies_of(service)
    if "error" in entry:
        return Unknown(gaps.gap_of(account, part, entry))
    if entry.get("Policy") is None:
        return Known(None)
    found = policy_document(entry["Policy"])
    return Unknown(gaps.gap_of(account, part, _BROKEN)) if found is None else Known(found)


# --- use -------------------------------------------------------------------------------------


def _documents_of_use(
    account: str, names: Iterable[str], snapshot: Snapshot
) -> Iterator[tuple[str, Json]]:
    prefix = document_key(account, "last-accessed") + "/"
    for name in names:
        if name.startswith(prefix):
            document = snapshot.load(name)
            yield text(document, "Arn"), document


def _accessed(account: str, document: Json | None) -> Fact[LastAccessed]:
    as_of = parse_time(text(document, "JobCompletionDate"))
    if not is_complete(document) or as_of is None:
        return Unknown(gaps.gap_of(account, parts.LAST_ACCESSED, document))
    since = as_of - _TRACKED
    found = entries(document, "ServicesLastAccessed")
    return Known(LastAccessed(tuple(usage for e in found for usage in _usage(e, since)), as_of))


def _usage(entry: Mapping[str, Json], since: datetime) -> Iterator[Usage]:
    service = text(entry, "ServiceNamespace")
    yield Usage(service, parse_time(text(entry, "LastAuthenticated")), since)
    for action in entries(entry, "TrackedActionsLastAccessed"):
        last = parse_time(text(action, "LastAccessedTime"))
        yield Usage(f"{service}:{text(action, 'ActionName')}", last, since)
