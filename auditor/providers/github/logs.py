"""Says which logs GitHub keeps of an organisation, and how far they see."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.models import Fact, Gap, Known, LogCoverage, Unknown
from auditor.providers.github import parts
from auditor.providers.github.documents import is_complete, items
from auditor.providers.github.gaps import gap_of, source_of
from auditor.providers.github.organizations import Organization

AUDIT_DAYS = 180
GIT_DAYS = 7
_AUDIT_NEVER = "what was read through the API, unless API requests are among the streamed events"
_GIT_NEVER = "what was done in the browser or through the API; it is not searchable there"


def logs(organization: Organization) -> Iterator[LogCoverage]:
    """Yield the audit log and the git events in it.

    180 days, of git events 7:
    https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/reviewing-the-audit-log-for-your-organization
    """
    source = source_of(organization.name)
    on = _on(organization)
    ips = _ips(organization)
    streamed: Fact[bool] = Unknown(_streaming(organization))
    yield LogCoverage(
        source, "audit log", on, "administration", Known(AUDIT_DAYS), ips, streamed, _AUDIT_NEVER
    )
    yield LogCoverage(
        source, "git events", on, "clone, fetch, push", Known(GIT_DAYS), ips, streamed, _GIT_NEVER
    )


def _on(organization: Organization) -> Fact[bool]:
    if is_complete(organization.audit_log):
        return Known(True)
    return Unknown(gap_of(organization.name, parts.AUDIT_LOG, organization.audit_log))


def _ips(organization: Organization) -> Fact[bool]:
    """Return whether events show addresses: only where an owner has switched that on."""
    events = items(organization.audit_log)
    if any(event.get("actor_ip") for event in events):
        return Known(True)
    if events and is_complete(organization.audit_log):
        return Known(False)
    return Unknown(gap_of(organization.name, parts.AUDIT_LOG, organization.audit_log))


def _streaming(organization: Organization) -> Gap:
    return Gap(
        what=f"streaming of the audit log of GitHub organisation {organization.name}",
        why="only the enterprise's settings tell it",
        fix="look under Settings > Audit log > Log streaming of the enterprise",
        source=source_of(organization.name),
        affects=(organization.name,),
    )
