"""Finds roles that let in whom nobody meant: any job of a CI system, or any AWS account.

Each trust policy is asked by the exact engine whether a stranger gets in: a job of a project that
does not exist, a user of an account that does not exist.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from auditor.models import Evidence, Known, Severity, Weakness, weakness_id
from auditor.providers.aws.analysis.trusts import Trust
from auditor.providers.aws.analysis.world import Realm, World
from auditor.providers.aws.engine import Decision, Layers, Request, Verdict, decide
from auditor.providers.aws.engine.documents import policy as read_rules
from auditor.providers.aws.engine.statements import Attached
from auditor.providers.aws.gaps import source_of
from auditor.providers.aws.statements import short

_STRANGER = "arn:aws:iam::000000000000:user/stranger"
"""A user of an account that nobody has."""
_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
_TOKEN = "sts:AssumeRoleWithWebIdentity"  # noqa: S105 (the name of an action)
_PROVIDER = ":oidc-provider/"

Leading = Callable[[str], bool]
"""Whether a role leads to an administrator."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One row of the table `auditor/data/aws-ci-issuers.toml`."""

    title: str
    url: re.Pattern[str]
    stranger: str
    others: tuple[str, ...]
    who: str
    outside: bool
    fix: str
    source: str


@cache
def issuers() -> tuple[Issuer, ...]:
    """Return the CI systems whose tokens AWS takes."""
    file = resources.files("auditor.data").joinpath("aws-ci-issuers.toml")
    return tuple(map(_issuer, tomllib.loads(file.read_text("utf-8"))["issuer"]))


def _issuer(row: Mapping[str, Any]) -> Issuer:
    told = {**row, "url": re.compile(row["url"]), "others": tuple(row["others"])}
    return Issuer(**told)


def weaknesses(world: World, leading: Leading) -> Iterator[Weakness]:
    """Yield the roles that strangers can become, worst reasons first within an account."""
    for realm in world.realms.values():
        for arn, trust in realm.trusts.items():
            if trust.rules is None:
                continue
            if trust.everyone:
                yield from _of_everyone(realm, arn, trust, leading)
            for provider in sorted(_providers(trust)):
                yield from _of_provider(realm, arn, trust, provider, leading)


def _providers(trust: Trust) -> set[str]:
    named = (told.principals.named for told in trust.federated if told.principals)
    return {arn for one in named for arn in one.get("Federated", ()) if _PROVIDER in arn}


def _of_provider(
    realm: Realm, arn: str, trust: Trust, provider: str, leading: Leading
) -> Iterator[Weakness]:
    url = provider.partition(_PROVIDER)[2]
    known = realm.account.surroundings.oidc_providers
    if isinstance(known, Known) and provider not in {one.arn for one in known.value}:
        return  # the trust names a provider that is gone: nobody gets in by it
    for issuer in issuers():
        if found := issuer.url.fullmatch(url):
            verdict = _ask_as_job(issuer, found, arn, provider, url, trust)
            if _lets_in(verdict, issuer, url):
                yield _weakness(realm, arn, issuer, found, url, trust, verdict, leading(arn))


def _ask_as_job(
    issuer: Issuer, found: re.Match[str], arn: str, provider: str, url: str, trust: Trust
) -> Verdict:
    stranger = issuer.stranger.format(**found.groupdict())
    request = Request(
        provider, _TOKEN, arn, context={f"{url}:sub": stranger}, context_complete=False
    )
    assert trust.rules  # noqa: S101 (asked for by the caller)
    return decide(request, Layers(resource_policy=(trust.rules,)))


def _lets_in(verdict: Verdict, issuer: Issuer, url: str) -> bool:
    """Return whether the stranger gets in, with no other claim of the token asked for."""
    if verdict.decision in (Decision.IMPLICITLY_DENIED, Decision.EXPLICITLY_DENIED):
        return False
    claims = {f"{url}{other}".lower() for other in issuer.others}
    return not any(pending.key.lower() in claims for pending in verdict.conditions)


def _weakness(
    realm: Realm,
    arn: str,
    issuer: Issuer,
    found: re.Match[str],
    url: str,
    trust: Trust,
    verdict: Verdict,
    strong: bool,
) -> Weakness:
    asked = _subs(trust, url)
    names = found.groupdict()
    how = (
        f"its trust policy asks for {' or '.join(asked)}, which any of them has"
        if asked
        else 'its trust policy does not ask for the token\'s "sub"'
    )
    who = issuer.who.format(**names)
    severity = _severity(outside=issuer.outside, strong=strong)
    return Weakness(
        id=weakness_id("aws", "oidc trust", arn, url),
        severity=severity,
        what=f"role {arn.rpartition('/')[2]} can be assumed by {who}",
        why=short("; ".join([how, *_strength(strong), *_pending(verdict)])),
        fix=f"add the condition {issuer.fix.format(url=url, **names)} to the trust policy",
        source=source_of(realm.id),
        identity_id=arn,
        evidence=(Evidence(how, f"iam:GetAccountAuthorizationDetails, {issuer.source}"),),
    )


def _subs(trust: Trust, url: str) -> list[str]:
    """Return what the trust policy asks of the token's "sub", as it is written."""
    key = f"{url}:sub".lower()
    found = (
        f'"{value.source}"'
        for told in trust.federated
        for condition in told.conditions
        if condition.lookup == key
        for value in condition.values
    )
    return list(dict.fromkeys(found))


def _of_everyone(realm: Realm, arn: str, trust: Trust, leading: Leading) -> Iterator[Weakness]:
    context = {"aws:PrincipalOrgID": "o-stranger00", "aws:PrincipalIsAWSService": "false"}
    request = Request(_STRANGER, "sts:AssumeRole", arn, context=context, context_complete=False)
    everything = read_rules(_EVERYTHING, Attached.TO_IDENTITY)
    assert trust.rules  # noqa: S101 (asked for by the caller)
    layers = Layers(identity=(everything,), resource_policy=(trust.rules,))
    verdict = decide(request, layers)
    if verdict.decision in (Decision.IMPLICITLY_DENIED, Decision.EXPLICITLY_DENIED):
        return
    strong, open_ = leading(arn), verdict.decision is Decision.ALLOWED
    how = "its trust policy names everyone" + (
        ", without a condition" if open_ else ", under conditions only"
    )
    yield Weakness(
        id=weakness_id("aws", "trust of everyone", arn),
        severity=_severity(outside=True, strong=strong) if open_ else Severity.MEDIUM,
        what=f"role {arn.rpartition('/')[2]} can be assumed from every AWS account",
        why=short("; ".join([how, *_strength(strong), *_pending(verdict)])),
        fix="name the accounts or roles that are meant in the trust policy",
        source=source_of(realm.id),
        identity_id=arn,
        evidence=(Evidence(how, "iam:GetAccountAuthorizationDetails"),),
    )


def _severity(*, outside: bool, strong: bool) -> Severity:
    if outside:
        return Severity.CRITICAL
    return Severity.HIGH if strong else Severity.MEDIUM


def _strength(strong: bool) -> Iterator[str]:
    if strong:
        yield "it is, or can make itself, an administrator"


def _pending(verdict: Verdict) -> Iterator[str]:
    """Yield what else it takes to get in, as far as that is not known."""
    for pending in verdict.conditions:
        if pending.key:
            yield f"only if {pending.operator} {pending.key} = {' or '.join(pending.values)}"
