"""A few cheap questions to GitHub: who is the audit there, and what would stay unknown.

Of every listing one entry is asked for, and of a repository what all of them are asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from auditor.models import Check, Gap, Health, Json
from auditor.providers.github import parts
from auditor.providers.github.client import PAGE, Calls
from auditor.providers.github.credential import credential_of, foreseen
from auditor.providers.github.documents import is_one, refusal, text
from auditor.providers.github.gaps import cure_of, gap_of_login, why_of
from auditor.providers.github.login import log_in
from auditor.providers.github.logs import AUDIT_DAYS, GIT_DAYS
from auditor.providers.github.part import Part
from auditor.providers.github.refusals import Refused
from auditor.providers.github.settings import Settings

_ABOUT = "GitHub"
_AT_ONCE = 8
_OF_REPOSITORY = (parts.DEPLOY_KEYS, parts.COLLABORATORS, parts.BRANCH, parts.RULES)
_LAST = re.compile(r'[?&]page=(\d+)[^>]*>;\s*rel="last"')
_ENTERPRISE = "enterprise"
_STRANGE = refusal("Strange", "the reply is not what GitHub answers")
_PER_REPOSITORY = 2
"""Requests: its keys, and who shares it."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What GitHub answered to one question, or how it refused."""

    part: Part
    headers: Mapping[str, str]
    body: Json
    refused: dict[str, str] | None = None

    @property
    def entries(self) -> list[Json] | None:
        """Return the entries of a listing, or the object alone; None where it is none of them."""
        held = self.body
        if self.part.inside and isinstance(held, dict):
            held = held.get(self.part.inside)
        listed = [held] if self.part.inside is None else held
        sound = isinstance(listed, list) and all(is_one(self.part, one) for one in listed)
        return listed if isinstance(listed, list) and sound else None


def examine(settings: Settings) -> Iterator[Check]:
    """Yield what GitHub answers. Asks nothing where only exports are read."""
    if not settings.organizations:
        return
    hurried = replace(settings, retries=min(settings.retries, 1), max_wait=1)
    try:
        login = log_in(hurried)
    except Refused as refused:
        yield _failed(gap_of_login(refused.document, settings))
        return
    calls = Calls(hurried, login)
    credential = credential_of(calls, login, settings.organizations)
    if text(credential, "error"):
        yield _failed(gap_of_login(credential, settings))
        return
    yield Check(_ABOUT, Health.OK, f"entered as {_named(credential)}")
    for organization in settings.organizations:
        yield from _Examined(calls, settings, organization, credential).checks()


def _failed(gap: Gap) -> Check:
    fix = gap.fix.removesuffix(", and run again with --resume")
    return Check(_ABOUT, Health.FAIL, f"cannot be entered: {gap.why}", fix)


def _named(credential: Mapping[str, Any]) -> str:
    """Return who the audit is, and what its credential says that it may do."""
    login, kind = text(credential, "Login"), text(credential, "Kind")
    if kind == "app":
        by = "its private key" if "Installations" in credential else "a token of it"
        return f"the app {login}, by {by}" if login else f"an app, by {by}"
    expires = text(credential, "Expires")
    until = f", good until {expires}" if expires else ""
    if kind == "fine-grained":
        return f"{login} with a fine-grained token{until}"
    scopes = ", ".join(map(str, credential["Scopes"])) or "none"
    return f"{login} with a classic token (scopes: {scopes}){until}"


class _Examined:
    """One organisation that is asked."""

    def __init__(
        self,
        calls: Calls,
        settings: Settings,
        organization: str,
        credential: Json,
    ) -> None:
        self._calls = calls
        self._settings = settings
        self._name = organization
        self._about = f"{_ABOUT} {organization}"
        self._login = text(credential, "Login") if text(credential, "Kind") != "app" else ""
        expected = foreseen(credential)
        self._expected = [one for one in expected if one.organization in ("", organization)]

    def checks(self) -> Iterator[Check]:
        """Yield what it answers: whether it can be entered, its plan, what is refused, its log."""
        with ThreadPoolExecutor(_AT_ONCE, "github-doctor") as pool:
            first = list(pool.map(self._ask, parts.OF_ORGANIZATION))
            answers = {answer.part: answer for answer in first}
            entered = answers[parts.ORGANIZATION]
            if entered.refused is not None:
                why = why_of(entered.refused, entered.part)
                fix = cure_of(self._name, entered.part, entered.refused)
                yield Check(self._about, Health.FAIL, f"cannot be entered: {why}", fix)
                return
            answers |= {one.part: one for one in pool.map(self._ask_repository, self._one(answers))}
        yield from self._role(answers[parts.OWNERS])
        yield from self._plan(answers)
        yield from self._unread(answers)
        yield from self._log(answers[parts.AUDIT_LOG])
        yield from self._budget(answers[parts.REPOSITORIES])

    # --- asking --------------------------------------------------------------------------------

    def _ask(self, part: Part, **names: str) -> _Answer:
        try:
            # Of owners there are few, and one of them should be who asks.
            most = PAGE if part is parts.OWNERS else 1
            headers, body = self._calls.first(part, {"org": self._name, **names}, most)
        except Refused as refused:
            return _Answer(part, {}, None, refused.document)
        answer = _Answer(part, headers, body)
        return answer if answer.entries is not None else replace(answer, refused=_STRANGE)

    def _ask_repository(self, asked: tuple[Part, Mapping[str, str]]) -> _Answer:
        part, names = asked
        return self._ask(part, **names)

    def _one(self, answers: Mapping[Part, _Answer]) -> Iterator[tuple[Part, Mapping[str, str]]]:
        """Yield what one repository is asked: the others would answer alike."""
        for one in (answers[parts.REPOSITORIES].entries or ())[:1]:
            if name := text(one, "name"):
                names = {"repo": name, "branch": text(one, "default_branch") or "main"}
                yield from ((part, names) for part in _OF_REPOSITORY)

    # --- telling -------------------------------------------------------------------------------

    def _role(self, owners: _Answer) -> Iterator[Check]:
        """Yield that the person who asks is no owner, where all owners are listed."""
        whole = owners.refused is None and 'rel="next"' not in owners.headers.get("link", "")
        logins = {text(one, "login").casefold() for one in owners.entries or ()}
        if self._login and whole and self._login.casefold() not in logins:
            says = f"{self._login} is no owner: listings hold what is shared with them"
            yield Check(self._about, Health.WARN, says, "use the token of an owner, or an app")

    def _plan(self, answers: Mapping[Part, _Answer]) -> Iterator[Check]:
        """Yield the plan, which alone decides whether classic tokens and the log can be listed."""
        told = answers[parts.ORGANIZATION].body
        plan = text(told.get("plan"), "name") if isinstance(told, dict) else ""
        single = answers[parts.AUTHORIZATIONS].refused is None
        if plan and plan != _ENTERPRISE:
            says = f"plan {plan}: classic tokens and the audit log can be listed by nobody"
            fix = "only Enterprise Cloud has them: name the owners of tokens in [[overrides]]"
            yield Check(self._about, Health.WARN, says, fix)
        elif single:
            yield Check(self._about, Health.OK, f"plan {plan or 'not told'}, with single sign-on")
        else:
            says = f"plan {plan or 'not told'}; whether single sign-on is on is not told"
            fix = "without it nobody can list classic tokens: name their owners in [[overrides]]"
            yield Check(self._about, Health.WARN, says, fix)

    def _unread(self, answers: Mapping[Part, _Answer]) -> Iterator[Check]:
        """Yield what is refused, or would be answered in part; once for each reason."""
        told: dict[tuple[str, str], list[Part]] = {}
        for one in self._expected:
            told.setdefault((one.why, one.fix), []).extend(one.parts)
        known = {part for found in told.values() for part in found}
        for part, answer in answers.items():
            if answer.refused is not None and part not in known:
                trouble = (why_of(answer.refused, part), cure_of(self._name, part, answer.refused))
                told.setdefault(trouble, []).append(part)
        for (why, fix), found in told.items():
            what = ", ".join(dict.fromkeys(part.what for part in found))
            columns = ", ".join(dict.fromkeys(part.column for part in found))
            says = f"{what}: {why}; in part unknown: {columns}"
            yield Check(self._about, Health.WARN, says, fix)
        refused = {part for found in told.values() for part in found} & answers.keys()
        says = f"{len(answers) - len(refused)} of {len(answers)} sorts of reading are permitted"
        yield Check(self._about, Health.OK, f"{says}; all it needs: auditor permissions github")

    def _log(self, answer: _Answer) -> Iterator[Check]:
        """Yield how far the audit log sees, where it is answered."""
        if answer.refused is not None:
            return
        shown = any(text(event, "actor_ip") for event in answer.entries or ())
        ips = "addresses are shown" if shown else "addresses are not shown"
        says = f"audit log: kept {AUDIT_DAYS} days, its git events {GIT_DAYS}; {ips}"
        fix = "Settings > Audit log > Settings: disclose IP addresses"
        health = Health.OK if shown else Health.WARN
        yield Check(self._about, health, says, "" if shown else fix)

    def _budget(self, answer: _Answer) -> Iterator[Check]:
        """Yield how many requests a run would take, where GitHub tells how many there are."""
        last = _LAST.search(answer.headers.get("link", ""))
        count = int(last[1]) if last else len(answer.entries or ())
        needed = _PER_REPOSITORY * count
        left = answer.headers.get("x-ratelimit-remaining", "")
        says = f"{count:,} repositories: about {needed:,} requests"
        if left.isdigit():
            says = f"{says}, {int(left):,} left of this hour"
        most = min(
            self._settings.requests, int(left) if left.isdigit() else self._settings.requests
        )
        fix = (
            "raise `requests` of [providers.github] where the limit allows it, or go on by --resume"
        )
        yield (
            Check(self._about, Health.OK, says)
            if needed <= most
            else Check(self._about, Health.WARN, f"{says}, of which a run makes {most:,}", fix)
        )
