"""Who may assume each role, by its trust policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.models import Json
from auditor.providers.aws.accounts import Principal
from auditor.providers.aws.engine import MalformedPolicy
from auditor.providers.aws.engine.documents import Policy as Rules
from auditor.providers.aws.engine.documents import policy as read_rules
from auditor.providers.aws.engine.statements import Attached, Statement
from auditor.providers.aws.statements import Malformed, loaded_document

ASSUME = "sts:assumerole"
_REGIONAL = re.compile(r"([a-z0-9.-]+?)\.[a-z]{2,3}(?:-[a-z]+)+-\d\.(amazonaws\.com)")


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust policy of a role. `problem` says why it could not be read, "" where it could."""

    rules: Rules | None
    problem: str
    services: frozenset[str] = frozenset()
    """Hosts of the services that may act as the role, without their region."""
    named: frozenset[str] = frozenset()
    """ARNs of the users and roles that it names."""
    accounts: frozenset[str] = frozenset()
    """Accounts whose own policies decide who may assume it."""
    everyone: bool = False
    """Whether it names everyone, or all but some."""
    federated: tuple[Statement, ...] = ()
    """Its Allow statements that name an identity provider."""


def trust(role: Principal) -> Trust:
    """Return who may assume a role."""
    detail = role.detail or {}
    try:
        document: Json = dict(loaded_document(detail.get("AssumeRolePolicyDocument")))
        rules = read_rules(document, Attached.TO_RESOURCE)
    except (Malformed, MalformedPolicy) as error:
        return Trust(None, f"the policy is malformed: {error}")
    allows = [told for told in rules.statements if told.allow and told.principals]
    assuming = [told for told in allows if told.is_about(ASSUME)]
    return Trust(
        rules=rules,
        problem="",
        services=frozenset(host for told in allows for host in _services(told)),
        named=frozenset(arn for told in assuming for arn in _aws(told) if not _is_root(arn)),
        accounts=frozenset(
            account for told in assuming if told.principals for account in told.principals.accounts
        ),
        everyone=any(
            told.principals.everyone or told.principals.left_out
            for told in assuming
            if told.principals
        ),
        federated=tuple(
            told for told in allows if told.principals and told.principals.named.get("Federated")
        ),
    )


def _services(told: Statement) -> Iterator[str]:
    """Yield services, and identity providers of AWS that go by a host as Cognito does."""
    named = told.principals.named if told.principals and not told.principals.left_out else {}
    hosts = {host for kind in ("Service", "Federated") for host in named.get(kind, ())}
    for host in hosts:
        plain = host.removesuffix(".cn")
        regional = _REGIONAL.fullmatch(plain)
        yield f"{regional[1]}.{regional[2]}" if regional else plain


def _aws(told: Statement) -> frozenset[str]:
    named = told.principals.named if told.principals and not told.principals.left_out else {}
    return named.get("AWS", frozenset())


def _is_root(entry: str) -> bool:
    return entry.endswith(":root") or not entry.startswith("arn:")
