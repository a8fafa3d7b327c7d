"""Decides whose credential an entry of the CI system is.

Tokens by the sealed last characters, keys by their fingerprint, apps and people by the sealed end
of an id or login that a companion variable holds. Fine-grained tokens and app keys show nothing of
themselves: for them only names and companions speak.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from auditor.models import (
    Candidate,
    Confidence,
    Credential,
    Evidence,
    Gap,
    Match,
    NoMatch,
    Secret,
    Tail,
)
from auditor.providers.github.hits import (
    CI_WORDS,
    OAUTH,
    TOKENS,
    Hit,
    facts_of,
    matched,
    owner_of,
)
from auditor.providers.github.holder import DEPLOY_KEY, PERSON, Holder
from auditor.providers.github.part import APP, FINE_GRAINED
from auditor.providers.github.ssh import fingerprint_in
from auditor.tails import TAIL_LENGTH

_GAPS_SHOWN = 3
_DEPLOY = "circleci-deploy-key-github"
_SSH = "circleci-ssh-key"
"""An additional key without a host, or with one that no name tells to be GitHub's."""
_KEYS = frozenset({_DEPLOY, "circleci-user-key-github", "circleci-ssh-key-github", _SSH})
_CONNECTION = "circleci-vcs-connection-github"
_APP_KEY = "github-app-key"
_UNLISTED = {
    "github-oauth-client": "no call lists OAuth apps and their secrets",
    "github-deploy-key": "a private key in a variable shows nothing of its public half",
    _APP_KEY: "no call lists the private keys of apps, and no id beside it fits an installation",
    _CONNECTION: "neither CircleCI's app nor a token of it is listed for the organisation",
}
"""Why kinds of credentials cannot be compared with what is listed."""


class Matcher:
    """Every credential and person of all organisations, by what CI shows of them."""

    def __init__(
        self, holders: Iterable[Holder], gaps: Mapping[str, tuple[Gap, ...]], known: frozenset[str]
    ) -> None:
        """Index them.

        `gaps` holds, for "keys" and for everything else "", why a credential could be missing;
        `known` the organisations, in small letters, all of whose keys were read.
        """
        self._by_id: dict[str, Holder] = {}
        self._tokens: dict[str, list[Holder]] = defaultdict(list)
        self._names: dict[str, list[Holder]] = defaultdict(list)
        self._prints: dict[str, list[Holder]] = defaultdict(list)
        self._fine: list[Holder] = []
        self._circleci: list[Holder] = []
        for holder in holders:
            self._add(holder)
        self._gaps = gaps
        self._known = known

    def _add(self, holder: Holder) -> None:
        self._by_id[holder.identity.id] = holder
        index = self._tokens if holder.kind in TOKENS else self._names
        for tail in holder.tails:
            index[tail.hash].append(holder)
        for print_ in holder.fingerprints:
            self._prints[print_].append(holder)
        if holder.kind == FINE_GRAINED:
            self._fine.append(holder)
        if holder.kind in (APP, OAUTH) and "circleci" in holder.identity.name.casefold():
            self._circleci.append(holder)

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None
    ) -> Match | NoMatch:
        """Return whose a credential is, by itself, its companions, or what a person said."""
        if owner is not None and owner in self._by_id:
            said = Evidence("named in the configuration", "configuration")
            best = Candidate(owner, "", Confidence.CERTAIN, (said,))
            return Match(credential.id, best)
        hits = sorted(self._hits(credential, secrets), key=lambda hit: hit.order)
        if hits:
            return matched(credential, hits, owner)
        return self._unmatched(credential, secrets, owner)

    def _hits(self, credential: Credential, secrets: Mapping[str, Secret]) -> list[Hit]:
        secret = secrets.get(credential.part("secret") or "")
        if credential.kind in _KEYS:
            return list(self._by_fingerprint(secret))
        if credential.kind == _CONNECTION:
            return list(self._by_connection(secret))
        companions = list(self._by_companion(credential, secrets))
        if credential.kind == _APP_KEY:
            return [hit for hit in companions if hit.holder.kind == APP]
        people = {hit.holder.identity.name for hit in companions if hit.holder.kind == PERSON}
        tokens = list(self._by_tail(secret, people))
        if tokens:
            return tokens
        fine = [self._fine_hit(one) for one in self._fine if owner_of(one) in people]
        return fine or [hit for hit in companions if hit.holder.kind == PERSON]

    # --- ways --------------------------------------------------------------------------------

    def _by_tail(self, secret: Secret | None, people: set[str]) -> Iterator[Hit]:
        if secret is None or not _whole(secret.tail):
            return
        for holder in self._tokens.get(secret.tail.hash if secret.tail else "", ()):
            facts = list(facts_of(holder, secret))
            if owner_of(holder) in people:
                facts.append((4, "the login beside the variable ends as its owner's does"))
            yield Hit(
                holder,
                (
                    f"{holder.identity.keys[0].label} ends as the variable does",
                    *(fact for _, fact in facts),
                ),
                sum(points for points, _ in facts),
                "GET /orgs/{org}/credential-authorizations",
            )

    def _by_fingerprint(self, secret: Secret | None) -> Iterator[Hit]:
        wanted = fingerprint_in(secret.name) if secret else ""
        # One key of a person is listed twice where it was authorized for single sign-on.
        held = {(one.kind, owner_of(one)): one for one in self._prints.get(wanted, ()) if wanted}
        for holder in held.values():
            source = "repos/{org}/{repo}" if holder.kind == DEPLOY_KEY else "users/{user}"
            fact = f"{holder.identity.name}: the fingerprint {wanted} is the same"
            yield Hit(holder, (fact,), 9, f"GET /{source}/keys")

    def _by_connection(self, secret: Secret | None) -> Iterator[Hit]:
        """Yield CircleCI's own app, or the tokens of its OAuth app, of the organisation named."""
        words = secret.name.casefold().split() if secret else []
        wanted = OAUTH if any("oauth" in word for word in words) else APP
        for holder in self._circleci:
            if holder.kind == wanted and holder.organization.casefold() in words:
                listing = "installations" if wanted == APP else "credential-authorizations"
                fact = f"it is CircleCI's, of the organisation {holder.organization}"
                yield Hit(holder, (fact,), 2, f"GET /orgs/{{org}}/{listing}")

    def _by_companion(self, credential: Credential, secrets: Mapping[str, Secret]) -> Iterator[Hit]:
        for part in credential.parts:
            secret = secrets.get(part.secret_id)
            if part.name == "secret" or secret is None or not _whole(secret.tail):
                continue
            for holder in self._names.get(secret.tail.hash if secret.tail else "", ()):
                what = "id" if holder.kind == APP else "login"
                source = "installations" if holder.kind == APP else "members"
                fact = f"{secret.name} beside it ends as the {what} of {holder.identity.name} does"
                yield Hit(holder, (fact,), 1, f"GET /orgs/{{org}}/{source}")

    def _fine_hit(self, holder: Holder) -> Hit:
        named = CI_WORDS.search(holder.title)
        facts = [
            f"the login beside the variable ends as that of its owner, {owner_of(holder)}, does"
        ]
        if named:
            facts.append("it is called like one of a CI system")
        source = "GET /orgs/{org}/personal-access-tokens"
        return Hit(holder, tuple(facts), 1 + bool(named), source)

    # --- nobody ------------------------------------------------------------------------------

    def _unmatched(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None
    ) -> NoMatch:
        lead = next(iter(credential.parts), None)
        secret = secrets.get(credential.part("secret") or (lead.secret_id if lead else ""))
        why, fix = _blind(credential, secret), _NAME_IT
        keys = credential.kind in _KEYS
        missing = self._gaps.get("keys" if keys else "", ())
        searched = False
        if owner:
            why = f"the configuration names {owner}, whom no organisation that was read holds"
            fix = "correct the identity in [[overrides]], or add its organisation"
        elif not why and missing:
            why = f"none that was listed fits, but not all were listed: {_words(missing)}"
            fix = "; ".join(dict.fromkeys(gap.fix for gap in missing[:_GAPS_SHOWN]))
        elif keys and not why:
            searched = self._is_known(credential)
            why = "no key of the organisations that were read has its fingerprint"
            fix = "add the key's organisation to [providers.github]"
            if searched:
                fix = _ASK_HOSTS if credential.kind == _SSH else _REMOVE
        elif not why:
            why = (
                "no token that was authorized for single sign-on ends so: it is fine-grained, of"
                " another organisation, or revoked"
            )
        name = secret.name if secret else credential.stem or credential.kind
        gap = Gap(
            what=f"owner of {name} in {credential.scope.name}",
            why=why,
            fix=fix,
            source="github",
            affects=(credential.scope.id,),
        )
        return NoMatch(credential.id, searched, gap)

    def _is_known(self, credential: Credential) -> bool:
        """Return whether every key of the organisation that the CI project builds was read.

        An additional key need be nobody's at GitHub, so all organisations that were read are asked.
        """
        if credential.kind == _SSH:
            return bool(self._known)
        names = {credential.scope.organization, *credential.scope.name.split("/")}
        deploy = credential.kind == _DEPLOY
        return deploy and any(name.casefold() in self._known for name in names)


_NAME_IT = "name its identity in [[overrides]] of the configuration"
_ASK_HOSTS = "look on the hosts that it is for"
_REMOVE = "remove the key from the CI system: it opens nothing any more"


def _whole(tail: Tail | None) -> bool:
    return tail is not None and tail.length >= TAIL_LENGTH


def _blind(credential: Credential, secret: Secret | None) -> str:
    """Return why a credential cannot be compared at all, "" where it can."""
    if credential.kind in _UNLISTED:
        return _UNLISTED[credential.kind]
    if credential.kind in _KEYS:
        named = bool(secret and fingerprint_in(secret.name))
        return "" if named else "the CI system shows no fingerprint of the key"
    if secret is None or secret.tail is None:
        return "the CI system shows no end of the token"
    if not _whole(secret.tail):
        return "its value is too short for a token"
    return ""


def _words(gaps: tuple[Gap, ...]) -> str:
    shown = "; ".join(f"{gap.what}: {gap.why}" for gap in gaps[:_GAPS_SHOWN])
    return f"{shown}; and {len(gaps) - _GAPS_SHOWN} more" if len(gaps) > _GAPS_SHOWN else shown
