"""Reads deny policies and access boundaries, paced: their quota is a few calls a minute."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from auditor.providers.gcp.client import Clients
from auditor.providers.gcp.documents import document_key, text
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.jobs import Job, Pace, listed


def guarded_places(estate: Estate) -> tuple[str, ...]:
    """Return where deny policies are looked for: above first, then projects with keys."""
    projects = sorted({estate.project_of(email) for email in estate.keyed} - {""})
    return (*estate.above_projects, *(f"projects/{project}" for project in projects))


def guardrail_jobs(clients: Clients, estate: Estate, pace: Pace) -> Iterator[Job]:
    """Yield the paced reads, one after the other."""
    for place in guarded_places(estate):
        fill = partial(_deny, clients, place, pace)
        yield Job(document_key("deny", place), fill)
        if place.startswith("organizations/"):
            yield Job(document_key("boundaries", place), partial(_boundaries, clients, place, pace))


def deny_parent(place: str) -> str:
    """Return the name under which the deny policies of a place are listed: URL-encoded inside."""
    attached = quote(f"cloudresourcemanager.googleapis.com/{place}", safe="")
    return f"policies/{attached}/denypolicies"


def _deny(clients: Clients, place: str, pace: Pace, document: dict[str, Any]) -> None:
    """List the deny policies of a place, and get each: the listing comes without the rules."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    document |= {"resource": f"//cloudresourcemanager.googleapis.com/{place}", "policies": []}
    found: list[dict[str, Any]] = []
    pace.wait()
    asked = {"parent": deny_parent(place)}
    listed(clients.deny.list_policies(request=asked, **clients.bounds), "policies", found)
    for policy in found:
        pace.wait()
        reply = clients.deny.get_policy(request={"name": text(policy, "name")}, **clients.bounds)
        document["policies"].append(MessageToDict(type(reply).pb(reply)))


def _boundaries(clients: Clients, place: str, pace: Pace, document: dict[str, Any]) -> None:
    document |= {"resource": place, "policies": [], "bindings": []}
    pace.wait()
    asked = {"parent": f"{place}/locations/global"}
    found = clients.boundaries.list_principal_access_boundary_policies(
        request=asked, **clients.bounds
    )
    listed(found, "principalAccessBoundaryPolicies", document["policies"])
    for policy in document["policies"]:
        pace.wait()
        bound = clients.boundaries.search_principal_access_boundary_policy_bindings(
            request={"name": text(policy, "name")}, **clients.bounds
        )
        listed(bound, "policyBindings", document["bindings"])
