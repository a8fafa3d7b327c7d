"""Triggers of pipelines (API v2, Cloud only): inbound webhooks, and parameters given in clear.

The address of an inbound webhook carries its secret in clear for those who may see it: nothing of
the address is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, part, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores import parameters
from auditor.inventory.circleci.stores.addressing import of_project_id
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind

_REPLY = "triggers"
_DEFINITIONS = "/api/v2/projects/{project}/pipeline-definitions"


def _read(reading: Reading, project: Target) -> Reply:
    def keep(trigger: Mapping[str, Json]) -> Json:
        source = part(trigger, "event_source")
        return kept(trigger, "id", "event_name", "name", "created_at", "disabled") | {
            "provider": text(source, "provider"),
            "sender": text(part(source, "webhook"), "sender"),
            "parameters": parameters.kept(reading.sealer, trigger.get("parameters")),
        }

    def of(id_: str) -> Reply:
        definitions = listing.every(
            reading.calls,
            _DEFINITIONS,
            lambda one: kept(one, "id"),
            segments={"project": id_},
            must="id",
        )
        return listing.nested(
            definitions,
            lambda definition: listing.every(
                reading.calls,
                f"{_DEFINITIONS}/{{definition}}/triggers",
                keep,
                segments={"project": id_, "definition": definition["id"]},
                must="id",
            ),
        )

    return of_project_id(project, _DEFINITIONS, of)


def _called(item: Json) -> str:
    return text(item, "event_name", "name", "sender", "id")


def _webhooks(item: Json) -> Iterator[Entry]:
    if item["provider"] == "webhook":
        words = [f"from {item['sender']}"] if item["sender"] else []
        words += ["disabled"] if item.get("disabled") is True else []
        name = _called(item) + (f" ({', '.join(words)})" if words else "")
        created = when(item.get("created_at"))
        yield Entry(name, created, kind="circleci-inbound-webhook", key=text(item, "id"))


def _parameters(item: Json) -> Iterator[Entry]:
    yield from parameters.entries(item, _called(item))


WEBHOOKS = Store(
    name="inbound webhook trigger",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_webhooks,
    on_server=OnServer.ABSENT,
    in_builds=False,
    page="triggers",
    shared=_REPLY,
)

PARAMETERS = Store(
    name="trigger parameter",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_read,
    entries=_parameters,
    on_server=OnServer.ABSENT,
    page="triggers",
    shared=_REPLY,
)
