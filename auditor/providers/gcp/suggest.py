"""Makes right-sized custom roles: what a member's roles give, less what is proven unused.

Google's own insights tell of 90 days which permissions of a role were used; where there are none,
what the hunts' logs prove unused is taken out, and all else stays. So the result never holds a
permission that the role does not. It is printed, and nothing makes it in Google Cloud.
https://docs.cloud.google.com/policy-intelligence/docs/policy-insights
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.models import CapabilityName, Fact, Gap, Known, Seen, Suggestion
from auditor.providers.gcp.documents import entries, text, texts
from auditor.providers.gcp.estate import Binding, Estate
from auditor.providers.gcp.gaps import SOURCE
from auditor.providers.gcp.names import short
from auditor.providers.gcp.sensitive import table
from auditor.providers.gcp.usage import Uses

MOST = 3_000
"""Permissions of one custom role: https://docs.cloud.google.com/iam/quotas"""
_TAKEN = (
    CapabilityName.ADMIN,
    CapabilityName.ESCALATE,
    CapabilityName.ORG_REACH,
    CapabilityName.BLIND,
)
_LONGEST_TITLE = 100
_USED = "What is used of the role, and what nothing tells of."
_UNTOLD = "What the role gives, less what rules others; its use is not known."
_NO_HUNT = "nobody hunted in this run: auditor hunt --from RUN --live"


@dataclass(frozen=True, slots=True)
class _Member:
    """Whose roles they are: its id, its member in canonical spelling, and its name."""

    id: str
    member: str
    name: str


def suggestion(
    identity_id: str, member: str, estate: Estate, uses: Uses, seen: Fact[Seen] | None
) -> Suggestion:
    """Return custom roles to grant in place of the roles that a member has itself."""
    who = _Member(identity_id, member, member.partition(":")[2] or member)
    told = seen.value if isinstance(seen, Known) else None
    given, known = _permissions(estate), _by_role(estate.by_member.get(member, ()))
    documents: list[dict[str, Any]] = []
    why: list[str] = []
    by_insight = True
    for role, bindings in known.items():
        every = given.get(role)
        if every is None:
            why.append(f"{role} stays as it is: what it gives was not read")
            continue
        exercised = uses.exercised(who.name, role)
        by_insight = by_insight and exercised is not None
        left, said = _left(every, exercised, told)
        why.append(f"{role} on {_places(bindings)}: {said}; {_instead(role, left, every, given)}")
        if 0 < len(left) <= MOST and len(left) < len(every):
            about = _USED if told or exercised is not None else _UNTOLD
            documents.append(_document(role, who, about, left))
        why += (f"keep the condition {one.condition}" for one in bindings if one.condition)
    why += told.words() if told else ()
    gaps = () if known and by_insight else tuple(_gaps(who, seen))
    return Suggestion(identity_id, tuple(documents), tuple(why), gaps)


def _permissions(estate: Estate) -> Mapping[str, tuple[str, ...]]:
    """Return the permissions of every role that was described."""
    return {
        text(role, "name"): tuple(texts(role, "includedPermissions"))
        for document in estate.of("roles").values()
        for role in entries(document, "roles")
    }


def _by_role(bindings: Sequence[Binding]) -> Mapping[str, list[Binding]]:
    found: dict[str, list[Binding]] = {}
    for one in bindings:
        found.setdefault(one.role, []).append(one)
    return found


def _left(
    every: Sequence[str], exercised: frozenset[str] | None, seen: Seen | None
) -> tuple[list[str], str]:
    """Return which permissions of a role stay, and how that came about."""
    shown = {one.casefold() for one in every if seen and seen.has(one)}
    if exercised is not None:
        left = [one for one in every if one in exercised or one.casefold() in shown]
        return left, f"Google's insights show {len(left)} of {len(every)} permissions in use"
    if seen is not None:
        left = [one for one in every if not seen.unused(one)]
        return left, f"the logs show {len(every) - len(left)} of {len(every)} permissions unused"
    worst = {name for rule in table().rules if rule.capability in _TAKEN for name in rule.any}
    left = [one for one in every if one not in worst]
    return left, f"without {len(every) - len(left)} permissions that rule others"


def _instead(
    role: str,
    left: Sequence[str],
    every: Sequence[str],
    given: Mapping[str, Sequence[str]],
) -> str:
    """Return what to grant in its place: nothing, a narrower role that exists, one of its own."""
    if not left:
        return "take it away"
    needed, whole = frozenset(left), frozenset(every)
    if needed == whole:
        return "it stays as it is"
    narrower = [
        name for name, its in given.items()
        if name != role and needed <= frozenset(its) and len(frozenset(its)) < len(whole)
    ]  # fmt: skip
    if narrower:
        best = min(narrower, key=lambda name: (len(given[name]), name))
        return f"the role {best} is enough, too"
    if len(left) > MOST:
        return f"no custom role holds more than {MOST:,}: grant roles of single services instead"
    return "a custom role is enough, without what Google takes into none"


def _document(role: str, who: _Member, about: str, left: Sequence[str]) -> dict[str, Any]:
    """Return a role as `gcloud iam roles create --file` reads it."""
    return {
        "title": f"{role.rpartition('/')[2]} of {who.name} (right-sized)"[:_LONGEST_TITLE],
        "description": about,
        "stage": "GA",
        "includedPermissions": sorted(left),
    }


def _places(bindings: Sequence[Binding]) -> str:
    return ", ".join(dict.fromkeys(short(one.resource) for one in bindings))


def _gaps(who: _Member, seen: Fact[Seen] | None) -> Iterator[Gap]:
    if seen is None:
        yield Gap(f"by logs, what {who.name} uses", "no logs were read", _NO_HUNT, SOURCE)
    elif not isinstance(seen, Known):
        yield seen.gap
