"""Which doors of a project are open, told from its settings and its organisation's. Pure."""

from __future__ import annotations

from auditor.inventory.circleci import exposure, gaps
from auditor.inventory.circleci.exposure import NO, Doors
from auditor.inventory.circleci.findings import Findings
from auditor.inventory.circleci.gaps import Trouble
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.scopes import Told
from auditor.inventory.circleci.stores import (
    ORGANIZATION_SETTINGS,
    PROJECT_SETTINGS,
    UNVERSIONED_CONFIG,
    Store,
)
from auditor.inventory.circleci.stores.unversioned_config import SWITCH
from auditor.models import Fact, Unknown

_LOOK = "look at the project's settings"
_UNTOLD = "CircleCI does not say whether builds of forks or reruns with SSH show its secrets"
_CONFIG_UNTOLD = "CircleCI does not say whether its pipelines may run an unversioned configuration"


def doors_of(project: Told, whole: Told, organization: Organization, found: Findings) -> Doors:
    """Return the doors of a project; what leaves one unknown is added to the troubles found.

    `whole` is what the stores of the organisation itself told.
    """
    forks: Fact[bool] = Unknown(project.gap(PROJECT_SETTINGS))
    ssh = forks
    reply = project.reply(PROJECT_SETTINGS)
    if reply.complete:
        doubt = _doubt(project, PROJECT_SETTINGS, _UNTOLD)
        forks = exposure.passes_to_forks(reply.items[0], doubt.gap)
        ssh = exposure.reruns_with_ssh(reply.items[0], doubt.gap)
        _tell(doubt, found, forks, ssh)
    return Doors(forks, ssh, _config(project, whole, organization, found))


def _config(project: Told, whole: Told, organization: Organization, found: Findings) -> Fact[bool]:
    """Return whether organisation and project both permit an unversioned configuration."""
    if found.settings.server:  # Server has no way to send one
        return NO
    if unasked := gaps.unasked(ORGANIZATION_SETTINGS, organization, found.settings):
        return Unknown(unasked)
    permits = whole.reply(ORGANIZATION_SETTINGS)
    if not permits.complete:
        return Unknown(whole.gap(ORGANIZATION_SETTINGS))
    permitted = permits.items[0].get(SWITCH)
    if permitted is False:
        return NO
    reply = project.reply(UNVERSIONED_CONFIG)
    if not reply.complete:
        return Unknown(project.gap(UNVERSIONED_CONFIG))
    told = reply.items[0].get(SWITCH) if reply.items else None
    doubt = _doubt(project, UNVERSIONED_CONFIG, _CONFIG_UNTOLD)
    fact = exposure.both(permitted, told, doubt.gap)
    _tell(doubt, found, fact)
    return fact


def _doubt(project: Told, store: Store, why: str) -> Trouble:
    return Trouble(store, project.scope, why, _LOOK)


def _tell(doubt: Trouble, found: Findings, *facts: Fact[bool]) -> None:
    if any(isinstance(fact, Unknown) for fact in facts):
        found.troubles.append(doubt)
