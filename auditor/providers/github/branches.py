"""Tells what keeps a credential from changing what CI runs: the protection of default branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.models import CapabilityName
from auditor.providers.github.documents import number, text
from auditor.providers.github.holder import DEPLOY_KEY, Holder
from auditor.providers.github.levels import rank
from auditor.providers.github.organizations import Organization
from auditor.providers.github.part import APP
from auditor.providers.github.protection import KEY, Actor

_SHOWN = 5
_OF_KEY = {
    True: "is protected: it takes another branch, which CI may build too",
    False: "is not protected: one push changes what CI runs, with every secret it is given",
    None: "may be protected: that could not be read whole",
}
_PASSED = (
    "is protected, and the key may pass that: one push changes what CI runs, with every secret it"
    " is given"
)


def told(
    name: CapabilityName, holder: Holder, organization: Organization, levels: Mapping[str, str]
) -> tuple[str, ...]:
    """Return what keeps a credential from the default branch, or that nothing does, in words.

    `levels` are those on each repository up to which its rights count.
    """
    if name is not CapabilityName.DEPLOY:
        return ()
    if holder.kind != DEPLOY_KEY:
        return tuple(_of_others(holder, organization, levels))
    repository = organization.repositories[next(iter(holder.repositories or ()))]
    passed = repository.protection.passed_by(KEY)
    words = _PASSED if passed else _OF_KEY[repository.protected]
    return (f"the default branch {repository.branch} {words}",)


def _of_others(
    holder: Holder, organization: Organization, levels: Mapping[str, str]
) -> Iterator[str]:
    """Yield which protected default branches somebody else may push to, of those that were read."""
    passed = [
        name
        for name, level in levels.items()
        if rank(level) >= rank("write")
        and organization.repositories[name].protection.passed_by(
            actor_of(holder, organization, level)
        )
    ]
    if passed:
        more = f" and {len(passed) - _SHOWN} more" if len(passed) > _SHOWN else ""
        yield f"it may pass the protection of default branches: {', '.join(passed[:_SHOWN])}{more}"


def actor_of(holder: Holder, organization: Organization, level: str) -> Actor:
    """Return the holder of a credential as protections name it, at a level on a repository."""
    if holder.kind == DEPLOY_KEY:
        return KEY
    if holder.kind == APP:
        slug = holder.identity.name.removeprefix("app ")
        installed = (one for one in organization.installations if text(one, "app_slug") == slug)
        return Actor(app=number(next(installed, {}), "app_id"), slug=slug)
    login = holder.owner.login if holder.owner else ""
    teams = organization.teams_of.get(login, ())
    return Actor(
        login=login,
        user=number(organization.members.get(login) or organization.outside.get(login), "id"),
        teams={organization.team_ids.get(slug, 0): slug for slug in teams},
        level=level,
        is_owner=bool(holder.owner and holder.owner.role == "owner"),
    )
