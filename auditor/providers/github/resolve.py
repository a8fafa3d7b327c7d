"""Decides what a credential may do: what it was granted, within what its owner may.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps: scopes limit
access and grant none. The same holds of fine-grained permissions; apps and deploy keys have no
owner to limit them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.models import Capability, CapabilityName, Gap, Grant, Resolution
from auditor.providers.github import branches, parts
from auditor.providers.github.excess import excess
from auditor.providers.github.gaps import source_of
from auditor.providers.github.holder import DEPLOY_KEY, Holder
from auditor.providers.github.levels import Person, access, rank
from auditor.providers.github.organizations import Organization
from auditor.providers.github.part import APP, Part
from auditor.providers.github.table import Right, table

_GUARDS = (parts.BRANCH, parts.RULES, parts.PROTECTION, parts.RULESET)
_SHOWN = 5
_PUSHES = frozenset(("contents:write", "repo", "public_repo"))
_ORDER = {name: at for at, name in enumerate(CapabilityName)}


@dataclass(frozen=True, slots=True)
class Reach:
    """The repositories on which a right counts."""

    names: tuple[str, ...]
    private: int
    built: int
    """How many of them CircleCI has a deploy key of: it builds them."""
    all: bool

    def __str__(self) -> str:
        """Return them in words: how many, how many private, how many are built, the first few."""
        if not self.names:
            return "no repository"
        shown = ", ".join(self.names[:_SHOWN])
        more = f" and {len(self.names) - _SHOWN} more" if len(self.names) > _SHOWN else ""
        which = "all " if self.all and len(self.names) > 1 else ""
        built = f", {self.built} built by CI" if self.built else ""
        count = len(self.names)
        noun = "repository" if count == 1 else "repositories"
        return f"{which}{count} {noun} ({self.private} private{built}): {shown}{more}"


def resolve(holder: Holder, organization: Organization) -> Resolution:
    """Return what a credential or person may do in its organisation."""
    levels = levels_of(holder, organization)
    rights = holder.rights if holder.rights is not None else everything()
    found: dict[tuple[CapabilityName, bool, bool], _Found] = defaultdict(_Found)
    for right in rights:
        for name, needs in right.gives:
            if table().gives_above(right, name, rights):
                continue
            reach = _counts(right, needs, holder.owner, levels, organization)
            if reach is not None:
                limited = (
                    bool(reach.names) and not reach.all and not _spreads(name, holder, organization)
                )
                found[name, bool(right.condition), limited].add(right, reach)
    ordered = sorted(found.items(), key=lambda item: (_ORDER[item[0][0]], *item[0][1:]))
    capabilities = tuple(
        Capability(
            identity_id=holder.identity.id,
            name=name,
            path=(
                _who(holder, organization),
                *ways.lines(),
                *branches.told(name, holder, organization, levels),
            ),
            actions=tuple(right.name for right, _ in ways.rights),
            resources=ways.resources(organization),
            limited=limited,
            conditional=conditional,
        )
        for (name, conditional, limited), ways in ordered
    )
    return Resolution(
        identity_id=holder.identity.id,
        grants=tuple(_grants(holder, rights, organization)),
        capabilities=capabilities,
        gaps=gaps_of(holder, organization),
        over_privileged=tuple(excess(holder, organization, levels)),
        places=(organization.name,),
        # A log may show a deploy key under the name of whoever added it.
        shown_as=("git.push",) if pushes(rights) and holder.kind != DEPLOY_KEY else (),
    )


def pushes(rights: Iterable[Right]) -> bool:
    """Return whether rights let one push: whatever else they write is no git event."""
    return any(right.name in _PUSHES for right in rights)


def everything() -> tuple[Right, ...]:
    """Return what together lets a token do all that its owner may, as far as that is known."""
    known = table()
    return known.of_scopes(name for name, right in known.scopes.items() if not right.condition)


def levels_of(holder: Holder, organization: Organization) -> Mapping[str, str]:
    """Return the level on each repository up to which the credential's rights can count."""
    if holder.owner is None:
        levels: Mapping[str, str] = dict.fromkeys(organization.repositories, "admin")
    else:
        levels = access(organization, holder.owner)
    if holder.repositories is None:
        return levels
    return {name: level for name, level in levels.items() if name in holder.repositories}


def gaps_of(holder: Holder, organization: Organization) -> tuple[Gap, ...]:
    """Return what was not read and could change what the credential may do."""
    wanted: tuple[Part, ...] = (parts.REPOSITORIES,)
    if holder.kind == DEPLOY_KEY and not holder.read_only:
        known = all(
            organization.repositories[name].protected is not None
            for name in holder.repositories or ()
        )
        wanted = () if known else _GUARDS
    if holder.owner is not None and holder.owner.role != "owner":
        wanted = (
            parts.ORGANIZATION, parts.REPOSITORIES, parts.OWNERS, parts.MEMBERS, parts.OUTSIDE,
            parts.TEAMS, parts.TEAM_MEMBERS, parts.TEAM_REPOSITORIES, parts.COLLABORATORS,
        )  # fmt: skip
    if holder.unlisted:
        wanted = (*wanted, parts.TOKEN_REPOSITORIES)
    return (*organization.missing(*wanted), *_untold_of_app(holder))


def _untold_of_app(holder: Holder) -> Iterator[Gap]:
    if holder.kind == APP and holder.title == "selected":
        yield Gap(
            what=f"repositories of {holder.identity.name} in {holder.organization}",
            why="GitHub tells them to the app alone",
            fix="look at the app's page; until then it counts as installed on all of them",
            source=source_of(holder.organization),
            affects=(holder.organization,),
        )


# --- what counts -----------------------------------------------------------------------------


def _counts(
    right: Right,
    needs: str,
    owner: Person | None,
    levels: Mapping[str, str],
    organization: Organization,
) -> Reach | None:
    """Return where a right counts: nowhere in particular without names, None where it does not."""
    nowhere = Reach((), 0, 0, all=False)
    if needs == "anybody":
        return nowhere
    if needs == "member":
        return nowhere if owner is None or owner.role in ("member", "owner") else None
    if needs == "owner":
        return nowhere if owner is None or owner.role == "owner" else None
    wanted = rank(needs)
    names = {
        name: level
        for name, level in levels.items()
        if rank(level) >= wanted
        and not (right.public and organization.repositories[name].private)
        and not (wanted > rank("read") and organization.repositories[name].archived)
    }
    return _reach(names, organization) if names else None


def _reach(levels: Iterable[str], organization: Organization) -> Reach:
    chosen = [organization.repositories[name] for name in levels]
    # What builds or is private comes first: it is what people ask about.
    chosen.sort(key=lambda one: (not one.built, not one.private, one.name.casefold()))
    open_ = sum(not one.archived for one in organization.repositories.values())
    return Reach(
        names=tuple(one.name for one in chosen),
        private=sum(one.private for one in chosen),
        built=sum(one.built for one in chosen),
        all=sum(not one.archived for one in chosen) >= open_,
    )


def _spreads(name: CapabilityName, holder: Holder, organization: Organization) -> bool:
    """Return whether a key of one repository opens more: nothing keeps it from what CI runs.

    Then CI runs its code with every secret that it is given, whosever they are.
    """
    if holder.kind != DEPLOY_KEY or name not in (
        CapabilityName.SUPPLY_CHAIN,
        CapabilityName.DEPLOY,
    ):
        return False
    return any(
        organization.repositories[one].protected is not True for one in holder.repositories or ()
    )


@dataclass(slots=True)
class _Found:
    """Everything that gives one capability in one way."""

    rights: list[tuple[Right, Reach]] = field(default_factory=list)

    def add(self, right: Right, reach: Reach) -> None:
        self.rights.append((right, reach))

    def lines(self) -> Iterator[str]:
        """Yield the ways in words, a line each: the right, what it lets one do, and where."""
        for right, reach in self.rights[:_SHOWN]:
            where = f", on {reach}" if reach.names else ""
            only = f", only if {right.condition}" if right.condition else ""
            yield f"{right.name} ({right.tier}): {right.reason}{where}{only}"
        if len(self.rights) > _SHOWN:
            yield f"and {len(self.rights) - _SHOWN} more"

    def resources(self, organization: Organization) -> tuple[str, ...]:
        """Return the repositories, a star for all of them, the organisation where it is itself."""
        if any(reach.all for _, reach in self.rights):
            return (f"{organization.name}/*",)
        names = dict.fromkeys(name for _, reach in self.rights for name in reach.names)
        return tuple(f"{organization.name}/{name}" for name in names) or (organization.name,)


def _who(holder: Holder, organization: Organization) -> str:
    if holder.owner is None:
        return f"{holder.identity.name} in {organization.name}"
    return f"{holder.identity.name}, {holder.owner.role} of {organization.name}"


def _grants(
    holder: Holder, rights: tuple[Right, ...], organization: Organization
) -> Iterator[Grant]:
    chosen = holder.repositories
    resources = (
        (f"{organization.name}/*",)
        if chosen is None
        else tuple(f"{organization.name}/{name}" for name in sorted(chosen))
    )
    if holder.rights is None:
        via = f"{holder.kind} of {holder.owner.login if holder.owner else organization.name}"
        yield Grant(holder.identity.id, ("everything its owner may",), resources, "Allow", via)
    elif rights:
        names = tuple(right.name for right in rights)
        yield Grant(holder.identity.id, names, resources, "Allow", holder.identity.name)
