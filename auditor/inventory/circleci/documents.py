"""The documents of the snapshot: named replies, in files a killed run goes on from.

circleci/user                                who the token's user is
circleci/organizations                       the organisations of that user
circleci/organizations-asked                 those that had to be asked for by name
circleci/followed                            the projects the user follows, in all of them
circleci/repositories                        the code host's own list of repositories
circleci/<organisation>/contexts             the contexts of an organisation
circleci/<organisation>/listing/<name>       its projects, as one listing names them
circleci/<organisation>/resolved/<key>       which slug and which id belong together
circleci/<organisation>/context/<context>    the stores of one context
circleci/<organisation>/project/<project>    the stores of one project
circleci/<organisation>/organization/<id>    the stores of the organisation itself
circleci/<organisation>/usage-plan           how much was looked at to learn who uses what
circleci/<organisation>/usage/<project>      the configuration and the jobs of one project
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from auditor.collecting import Snapshot
from auditor.inventory.circleci.replies import Reply
from auditor.models import Json


def load(snapshot: Snapshot, *parts: str) -> dict[str, Reply]:
    """Return the replies of a document by name, {} where there is none."""
    document = snapshot.load(_key(parts)) or {}
    return {name: _from_json(reply) for name, reply in document.items()}


def under(snapshot: Snapshot, *parts: str) -> Iterator[dict[str, Reply]]:
    """Yield the documents whose names begin with these parts."""
    for key in snapshot.keys(f"{_key(parts)}/"):
        document = snapshot.load(key) or {}
        yield {name: _from_json(reply) for name, reply in document.items()}


def once(
    snapshot: Snapshot, questions: Mapping[str, Callable[[], Reply]], *parts: str
) -> dict[str, Reply]:
    """Return the replies to the questions; only those are asked that the document does not settle.

    The document is saved once all of them have come to an end.
    """
    known = {name: reply for name, reply in load(snapshot, *parts).items() if reply.settled}
    found = {name: ask() for name, ask in questions.items() if name not in known}
    if found:
        put(snapshot, known | found, *parts)
    return {name: found[name] if name in found else known[name] for name in questions}


def put(snapshot: Snapshot, replies: Mapping[str, Reply], *parts: str) -> None:
    """Keep the replies of a document, in place of any."""
    snapshot.save(_key(parts), {name: _to_json(reply) for name, reply in replies.items()})


def _key(parts: tuple[str, ...]) -> str:
    """Return the name of a document; ids come from outside and may hold anything."""
    return "/".join(("circleci", *(quote(part, "", "utf-8", "backslashreplace") for part in parts)))


def _to_json(reply: Reply) -> Json:
    return {
        "call": reply.call,
        "status": reply.status,
        "error": reply.error,
        "repeated": reply.repeated,
        "items": list(reply.items),
    }


def _from_json(reply: Json) -> Reply:
    return Reply(
        reply["call"], reply["status"], reply["error"], reply["repeated"], tuple(reply["items"])
    )
