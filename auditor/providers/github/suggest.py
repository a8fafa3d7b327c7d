"""Says which repositories and permissions of a credential would be enough, by what logs show.

Git events tell pushes, clones and fetches; API requests are told only where the enterprise streams
them, and never those to public repositories. What was not told is kept. Where a log names the
owner of a token in its place, all that the owner did counts as the token's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.models import Fact, Gap, Known, Seen, Suggestion
from auditor.providers.github.gaps import source_of
from auditor.providers.github.holder import DEPLOY_KEY, PERSON, SSH_KEY, Holder
from auditor.providers.github.organizations import Organization
from auditor.providers.github.part import APP, FINE_GRAINED
from auditor.providers.github.resolve import levels_of, pushes

_PUSH, _WRITE = "git.push", "post /"
_READS = ("get /", "head /")
_SHOWN = 5
_FINE = (FINE_GRAINED, APP)
_NO_HUNT = "nobody hunted in this run: auditor hunt --from RUN"
_NO_API = (
    "stream the audit log with API requests (enterprise settings > Audit log > Settings), and hunt"
    " in its files"
)


def suggestion(holder: Holder, organization: Organization, seen: Fact[Seen] | None) -> Suggestion:
    """Return what is enough for a credential, as one document; none where it holds no more."""
    told = seen.value if isinstance(seen, Known) else None
    if holder.kind == PERSON:
        why = ("a person's rights are those of their roles: look at their tokens and keys",)
        return Suggestion(holder.identity.id, (), why)
    if told is None:
        return _unseen(holder, organization, seen)
    use = _Use(told, organization)
    document, said = (
        _of_deploy_key(holder, use)
        if holder.kind == DEPLOY_KEY
        else _of_token(holder, organization, use)
    )
    gaps = () if use.knows_api or holder.kind in (DEPLOY_KEY, SSH_KEY) else (_no_api(holder),)
    documents = (document,) if document else ()
    return Suggestion(holder.identity.id, documents, (*said, *told.words()), gaps)


@dataclass(frozen=True, slots=True)
class _Use:
    """What logs show of the use of one credential in an organisation."""

    seen: Seen
    organization: Organization

    @property
    def knows_git(self) -> bool:
        return self.seen.shows(_PUSH)

    @property
    def knows_api(self) -> bool:
        return self.seen.shows(_WRITE)

    @property
    def repositories(self) -> frozenset[str]:
        """Return the repositories on which anything was done, those that nobody listed, too."""
        owner = f"{self.organization.name}/".casefold()
        names = {one.casefold(): one for one in self.organization.repositories}
        used = (where.removeprefix(owner) for _, where in self.seen.places if owner in where)
        return frozenset(names.get(one, one) for one in used)

    def pushed(self, repository: str) -> bool:
        """Return whether anybody whom the hunt looked for pushed: a key may stand under a name."""
        return (_PUSH, f"{self.organization.name}/{repository}".casefold()) in self.seen.others

    @property
    def writes(self) -> bool:
        """Return whether anything shows it to write: a push, a request that is no read, an event.

        Events of the audit log other than git's and the API's are changes.
        """
        every = self.seen.used | self.seen.doubtful
        return any(one == _PUSH or not one.startswith(("git.", *_READS)) for one in every)


def _of_deploy_key(holder: Holder, use: _Use) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    (name,) = holder.repositories or ("",)
    if holder.read_only:
        return None, ("it may only read its one repository: nothing is less",)
    if not use.knows_git:
        return None, ("git events over enough time were not read: it stays as it is",)
    if use.pushed(name):
        return None, (f"{name} was pushed to: it stays as it is",)
    document = {"repository": f"{use.organization.name}/{name}", "read_only": True}
    return document, (f"nothing pushed to {name}: a key that may only read is enough",)


def _of_token(
    holder: Holder, organization: Organization, use: _Use
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    reached = set(levels_of(holder, organization))
    used = use.repositories - (organization.repositories.keys() - reached)
    why = [f"it used {len(used)} of the {len(reached)} repositories that it reaches: {_some(used)}"]
    if not use.knows_git:
        return None, (*why, "git events over enough time were not read: it stays as it is")
    if holder.kind != SSH_KEY and not use.knows_api:
        return None, (*why, "what it did through the API is not known: it stays as it is")
    public = {one for one in reached - used if not organization.repositories[one].private}
    if public and holder.kind != SSH_KEY:
        why.append(f"{len(public)} public ones stay: requests to them are not recorded")
        used |= public
    document: dict[str, Any] = {
        "repositories": sorted(f"{organization.name}/{one}" for one in used),
        "permissions": dict(_permissions(holder, use)),
    }
    if _is_classic(holder):
        why.append("a classic token reaches all of them: make a fine-grained one or an app")
    if not use.writes:
        why.append("nothing shows it to write: permissions to read are enough")
    return document, tuple(why)


def _permissions(holder: Holder, use: _Use) -> Iterator[tuple[str, str]]:
    """Yield permissions by name, each with the highest level that is left."""
    rights = holder.rights or ()
    if holder.kind not in _FINE:
        yield "contents", "write" if use.writes else "read"
        if _is_classic(holder) and use.writes:
            yield from ((right.name, "as the scope") for right in rights if not pushes((right,)))
        return
    levels: dict[str, str] = {}
    for right in rights:
        name, _, level = right.name.rpartition(":")
        levels[name] = level if use.writes else "read"
    yield from levels.items()


def _is_classic(holder: Holder) -> bool:
    """Return whether a token has scopes, which reach everything that its owner does."""
    return holder.kind not in (*_FINE, SSH_KEY)


def _unseen(holder: Holder, organization: Organization, seen: Fact[Seen] | None) -> Suggestion:
    """Return what it holds less what rules others, where nobody knows what it uses."""
    gap = (
        seen.gap
        if seen is not None and not isinstance(seen, Known)
        else Gap(
            f"by logs, what {holder.identity.name} uses", "no logs were read", _NO_HUNT,
            source_of(organization.name), (organization.name,),
        )
    )  # fmt: skip
    out = [right.name for right in holder.rights or () if right.tier == "critical"]
    left: Mapping[str, Any] = {
        "rights": [right.name for right in holder.rights or () if right.tier != "critical"]
    }
    less = f", less {', '.join(out)}, which rules others" if out else ""
    why = (f"what it has stays{less}: its use is not known",)
    return Suggestion(holder.identity.id, (left,) if out else (), why, (gap,))


def _no_api(holder: Holder) -> Gap:
    return Gap(
        f"what {holder.identity.name} did through the API",
        "no event of an API request of anybody was read over enough time",
        _NO_API,
        source_of(holder.organization),
        (holder.organization,),
    )


def _some(names: frozenset[str] | set[str]) -> str:
    shown = sorted(names)[:_SHOWN]
    more = len(names) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")
