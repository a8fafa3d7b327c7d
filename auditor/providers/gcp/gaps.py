"""Words what could not be read of Google Cloud: what, why, and what to grant or export instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from auditor.models import Gap, Json
from auditor.providers.gcp.documents import entries, is_complete, text, texts
from auditor.providers.gcp.engine.layers import is_well_formed
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.parts import PARTS, Part
from auditor.providers.wording import some, why_of

SOURCE = "gcp"
_DENIED = ("PermissionDenied", "Forbidden")


def _fix(document: Json | None, part: Part) -> str:
    if text(document, "error") in _DENIED:
        return f"grant {part.permission} to the audit's identity"
    again = f"run again with --resume (it needs {part.permission})"
    return f"{again}, or export it: {part.command}" if part.command else again


def gap_of(part: str, document: Json | None, names: Iterable[str]) -> Gap:
    """Return the gap of one kind of thing that was not read, for the places or accounts named."""
    told, found = PARTS[part], sorted(names)
    return Gap(
        what=f"{told.what}{f' of {some(found)}' if found else ''}",
        why=why_of(document),
        fix=f"{_fix(document, told)}; until then {told.leaves} is not known",
        source=SOURCE,
        affects=tuple(found),
    )


def gaps_of(estate: Estate) -> Iterator[Gap]:
    """Yield a gap for each kind of refusal, and for each kind of thing that is not there at all."""
    for name, document in estate.of("entry").items():
        if not is_complete(document):
            yield _entry_gap(name, document)
    for part in PARTS:
        documents = estate.of(part)
        refused: dict[str, list[str]] = {}
        for name, document in documents.items():
            if not is_complete(document):
                refused.setdefault(text(document, "error"), []).append(name)
        for names in refused.values():
            yield gap_of(part, documents[names[0]], names)
        if not documents and part in _NEEDED:
            yield gap_of(part, None, ())
    yield from _malformed(estate)
    yield from _export_gaps(estate.of("export").get("files"))
    if above := inherited_gap(estate):
        yield above
    yield DELEGATION


_NEEDED = ("policies", "assets", "keys", "roles", "deny", "boundaries")


def _malformed(estate: Estate) -> Iterator[Gap]:
    """Yield a gap for each guardrail whose shape nobody knows: it takes nothing away here."""
    for part in ("deny", "boundaries"):
        for name, document in estate.of(part).items():
            if not all(map(is_well_formed, entries(document, "policies"))):
                yield gap_of(part, {"error": "the reply cannot be read"}, [name])


ENTRY_FIX = (
    "check the scope and the credentials, and give the audit's identity the role of "
    "auditor/data/gcp-audit-role.yaml there"
)


def _entry_gap(name: str, document: Json | None) -> Gap:
    return Gap(
        what=f"everything of the Google Cloud scope {name}",
        why=why_of(document),
        fix=ENTRY_FIX,
        source=SOURCE,
        affects=(name,),
    )


def _export_gaps(files: Json | None) -> Iterator[Gap]:
    if isinstance(files, dict) and not texts(files, "Files"):
        yield Gap(
            "exported files of Google Cloud",
            "the export holds none that can be used",
            "put the JSON that gcloud prints into the folder: see the README",
            SOURCE,
        )
    for problem in entries(files, "Problems"):
        name = text(problem, "File")
        strange = problem.get("strange") is True
        fix = "leave it out of the folder" if strange else "export it again, as JSON"
        yield Gap(f"exported file {name}", text(problem, "why"), fix, SOURCE, (name,))


DELEGATION = Gap(
    what="domain-wide delegation of service accounts",
    why="no API lists which accounts may act for the users of Google Workspace",
    fix="compare the client ids in Admin console > Security > API controls > Domain-wide "
    "delegation with the unique ids of the service accounts, and remove what nobody needs",
    source=SOURCE,
)


def inherited_gap(estate: Estate) -> Gap | None:
    """Return the gap of grants that are inherited from above what was read, None where none are."""
    if any(binding.kind == "organization" for binding in estate.bindings):
        return None
    return Gap(
        what="grants inherited from above what was read",
        why="no policy of an organisation was read: the scope is narrower, or there is none",
        fix='search from the organisation: scopes = ["organizations/ID"], or '
        "gcloud asset search-all-iam-policies --scope=organizations/ID --format=json",
        source=SOURCE,
    )


def unread(estate: Estate, parts: Iterable[str]) -> Iterator[Gap]:
    """Yield the gap of each of these parts that was not read whole, wherever that was."""
    for part in parts:
        documents = estate.of(part)
        missing = [name for name, document in documents.items() if not is_complete(document)]
        if missing:
            yield gap_of(part, documents[missing[0]], missing)


def role_gap(roles: tuple[str, ...], project: str) -> Gap:
    """Return the gap of roles that nobody described."""
    part = PARTS["roles"]
    return Gap(
        what=f"{part.what} {some(roles)}",
        why="the role was not described, or is gone",
        fix=f"grant {part.permission}, or export it: {part.command}",
        source=SOURCE,
        affects=(project,) if project else (),
    )


def unread_groups(estate: Estate, is_harmful: Callable[[str], bool]) -> Gap | None:
    """Return the gap of groups that may hold a service account and are given what does harm."""
    groups = sorted(
        {
            member
            for member, bindings in estate.by_member.items()
            if member.startswith("group:") and any(is_harmful(b.role) for b in bindings)
        }
    )
    return gap_of("groups", None, groups) if groups else None
