"""What is known of Google Cloud, offline: whose a key is and what that identity may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from urllib.parse import quote

from auditor.models import (
    Coverage,
    Credential,
    Fact,
    Gap,
    Identity,
    LogCoverage,
    Match,
    NoMatch,
    Resolution,
    Secret,
    Seen,
    Suggestion,
    Tail,
    Weakness,
)
from auditor.providers.gcp.documents import is_complete, sealed
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.federated import KEYLESS, Federated
from auditor.providers.gcp.gaps import SOURCE, gap_of, gaps_of
from auditor.providers.gcp.identify import Identifier
from auditor.providers.gcp.keys import Listing, read_keys
from auditor.providers.gcp.logs import coverage
from auditor.providers.gcp.names import account_member, is_agent
from auditor.providers.gcp.resolve import Resolver
from auditor.providers.gcp.seen import seen
from auditor.providers.gcp.suggest import suggestion
from auditor.providers.gcp.trust import weaknesses
from auditor.providers.gcp.usage import Uses

_KINDS = {
    "user": "user",
    "group": "group",
    "domain": "domain",
    "principal": "federated identity",
    "principalSet": "set of federated identities",
}
_ALL_POOLS = ("policies", "assets")
"""Parts without which a pool, or what it may become, could be missing from what was read."""
_ALL_KEYS = (*_ALL_POOLS, "keys")
"""Parts without which a key could be missing from the listing."""


class GcpDirectory:
    """Everything of one snapshot. An identity's permissions are evaluated when asked for."""

    def __init__(self, estate: Estate, now: datetime | None) -> None:
        """Index everybody and every key that was read, as of `now`."""
        self._estate, self._uses = estate, (uses := Uses(estate))
        listing = read_keys(estate, uses, now)
        self._members = dict(_members(estate))
        self.identities: Mapping[str, Identity] = {
            id_: _identity(id_, member, estate, listing) for id_, member in self._members.items()
        }
        self.gaps: tuple[Gap, ...] = (*gaps_of(estate), *_unlisted_gap(estate, listing))
        self.coverage: tuple[Coverage, ...] = tuple(_coverage(estate, listing))
        self.weaknesses: tuple[Weakness, ...] = tuple(weaknesses(estate))
        self.logs: tuple[LogCoverage, ...] = tuple(coverage(estate))
        unsearched = tuple(gap for gap in self.gaps if _is_about(gap, *_ALL_KEYS))
        tails = (_tails(estate, "projects"), _endings(estate))
        self._identifier = Identifier(estate, listing, unsearched, seen(estate), tails)
        unread = tuple(gap for gap in self.gaps if _is_about(gap, *_ALL_POOLS))
        self._federated = Federated(estate, _tails(estate, "pools"), unread)
        self._resolver = Resolver(estate, uses, now)

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None = None
    ) -> Match | NoMatch:
        """Return whose key a credential is, with every other that cannot be excluded.

        One without a key is that of whom its builds become.
        """
        if credential.kind == KEYLESS:
            return self._federated.identify(credential, secrets, owner, self.identities)
        return self._identifier.identify(credential, secrets, owner, self.identities)

    def resolve(self, identity_id: str) -> Resolution:
        """Return what an identity may do. KeyError for one that was not read."""
        return self._resolver.resolve(identity_id, self._members[identity_id])

    def suggest(self, identity_id: str, seen: Fact[Seen] | None = None) -> Suggestion:
        """Return the custom roles that an identity should have. KeyError for one not read."""
        member = self._members[identity_id]
        return suggestion(identity_id, member, self._estate, self._uses, seen)


def _members(estate: Estate) -> Iterator[tuple[str, str]]:
    """Yield every identity's id with its member: service accounts, then whom bindings name."""
    yield from ((email, account_member(email)) for email in estate.emails)
    for member in sorted(estate.by_member):
        if member.partition(":")[0] in _KINDS:
            yield member, member


def _identity(id_: str, member: str, estate: Estate, listing: Listing) -> Identity:
    kind = member.partition(":")[0]
    if kind in _KINDS:
        return Identity(
            id=id_,
            provider="gcp",
            account="",
            name=member.partition(":")[2].removeprefix("//"),
            kind=_KINDS[kind],
            created=None,
            status="active",
            keys=(),
        )
    account, project = estate.accounts.get(id_), estate.project_of(id_)
    return Identity(
        id=id_,
        provider="gcp",
        account=project,
        name=id_,
        kind="service agent" if is_agent(id_) else "service account",
        created=None,
        status=_status(estate, id_),
        keys=tuple(key.shown() for key in listing.of(id_)),
        console_url=_console_url(id_, account.unique_id if account else "", project),
        keys_complete=id_ not in listing.unlisted,
    )


def _status(estate: Estate, email: str) -> str:
    account = estate.accounts.get(email)
    if account is None:
        return "not known: the account was not listed"
    return "disabled" if account.disabled else "active"


def _console_url(email: str, unique_id: str, project: str) -> str | None:
    if not project:
        return None
    account, where = (
        quote(one, errors="backslashreplace") for one in (unique_id or email, project)
    )
    page = f"serviceaccounts/details/{account}/keys?project={where}"
    return f"https://console.cloud.google.com/iam-admin/{page}"


def _is_about(gap: Gap, *parts: str) -> bool:
    return any(gap.what.startswith(gap_of(part, None, ()).what) for part in parts)


def _unlisted_gap(estate: Estate, listing: Listing) -> Iterator[Gap]:
    """Yield the gap of accounts whose keys nobody listed; Google's own agents have none."""
    documents = estate.of("keys")
    missing = [e for e in listing.unlisted if e not in documents and not is_agent(e)]
    if missing and documents:
        yield gap_of("keys", None, missing)


def _tails(estate: Estate, what: str) -> Mapping[str, Tail]:
    """Return the sealed tails of "projects" or "pools" by name."""
    document = estate.of("tails").get("")
    named = document.get(what) if isinstance(document, dict) else None
    found = {name: sealed(raw) for name, raw in named.items()} if isinstance(named, dict) else {}
    return {name: tail for name, tail in found.items() if tail}


def _endings(estate: Estate) -> tuple[Tail, ...]:
    document = estate.of("tails").get("")
    endings = document.get("endings") if isinstance(document, dict) else None
    found = map(sealed, endings) if isinstance(endings, list) else ()
    return tuple(tail for tail in found if tail)


def _coverage(estate: Estate, listing: Listing) -> Iterable[Coverage]:
    own = [email for email in estate.emails if not is_agent(email)]
    read = sum(is_complete(document) for document in estate.of("policies").values())
    yield Coverage(SOURCE, "scopes whose IAM policies were read", read, len(estate.of("policies")))
    yield Coverage(
        source=SOURCE,
        what="service accounts whose keys were listed",
        read=len([email for email in own if email not in listing.unlisted]),
        known=len(own) if estate.of("assets") or estate.of("accounts") else None,
    )
    roles = {binding.role for binding in estate.bindings}
    yield Coverage(
        source=SOURCE,
        what="roles in use whose permissions were read",
        read=len(roles & set(estate.roles)),
        known=len(roles),
        note="bucket and dataset access lists outside of IAM are not evaluated",
    )
