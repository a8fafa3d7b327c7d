"""Words what could not be read of an organisation: what, why, and what to grant or export."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from auditor.models import Gap, Json
from auditor.providers.github.documents import text
from auditor.providers.github.part import Part, accounts_of
from auditor.providers.github.settings import Settings
from auditor.providers.wording import some

_LONGEST_NAME = 64
_AGAIN = {
    "401": "renew the audit's token and run again with --resume",
    "Budget": "run again with --resume in an hour, or raise `requests` of [providers.github]",
    "RateLimit": "run again with --resume in an hour",
    "NotInstalled": "install the audit's app in the organisation and run again with --resume",
}
_REFUSED = frozenset({"403", "404"})
_SHUT = frozenset({"NoToken", "NoKey", "401"})
"""Errors of a login with which nothing at all is read."""


def source_of(organization: str) -> str:
    """Return the name of an organisation's collector, as `Gap.source` and coverage show it."""
    return f"github {organization}"


def gap_of(organization: str, part: Part, document: Json | None) -> Gap:
    """Return the gap that a refused or missing document leaves."""
    return _gap(organization, part, document, "")


def gap_of_login(document: Json, settings: Settings) -> Gap:
    """Return the gap of a credential of the audit's own that was missing or not accepted."""
    error, message = text(document, "error"), text(document, "message")
    shut = error in _SHUT
    fix = f"put a good token into {settings.token_env}"
    if settings.app_id:
        key = settings.private_key_file or settings.private_key_env
        fix = f"see that app_id is the app's and that {key} holds a private key of it"
    if sso := text(document, "sso"):
        fix = f"authorize the audit's token for single sign-on at {sso}"
    return Gap(
        "everything of GitHub that is read live"
        if shut
        else "what the audit's own credential at GitHub is and sees",
        message if error in ("NoToken", "NoKey") else f"{error}: {message}",
        f"{fix}, and run again with --resume" if shut or sso else "run again with --resume",
        "github",
    )


def gaps_of_many(
    organization: str, part: Part, documents: Mapping[str, Json | None]
) -> tuple[Gap, ...]:
    """Return one gap for each kind of refusal, however many documents it struck."""
    by_error: dict[str, list[str]] = defaultdict(list)
    for name, document in sorted(documents.items()):
        by_error[text(document, "error")].append(name)
    return tuple(
        _gap(organization, part, documents[struck[0]], _of(struck))
        for _, struck in sorted(by_error.items())
    )


def _gap(organization: str, part: Part, document: Json | None, of: str) -> Gap:
    return Gap(
        what=f"{part.what}{of} of GitHub organisation {organization}",
        why=why_of(document, part),
        fix=f"{cure_of(organization, part, document)}; {part.open}",
        source=source_of(organization),
        affects=accounts_of(organization),
    )


def why_of(document: Json | None, part: Part) -> str:
    """Return why a document is not whole, in GitHub's words where it gave any."""
    if document is None:
        return "it was not read: the run was interrupted, or the export does not hold it"
    error, message = text(document, "error"), text(document, "message")
    told = f"{error}: {message}" if message else error or "the reply cannot be read"
    if error in _REFUSED and part.only:
        return f"{told} (only {part.only} are answered)"
    return told


def cure_of(organization: str, part: Part, document: Json | None) -> str:
    """Return what to grant, wait for or export, so that a document is read whole."""
    error = text(document, "error")
    if sso := text(document, "sso"):
        return f"authorize the audit's token for single sign-on at {sso}"
    if cure := text(document, "fix"):
        return cure
    if error in _AGAIN:
        return _AGAIN[error]
    if error in _REFUSED:
        return f"give the audit {_rights(part)}"
    if document is None or error == "Truncated":
        path = part.path.replace("{org}", organization)
        query = f"?{'&'.join(f'{k}={v}' for k, v in part.query.items())}" if part.query else ""
        target = f"{path.lstrip('/')}{part.suffix}.json"
        return (
            f'run again with --resume, or export it: gh api --paginate "{path}{query}" > {target}'
        )
    return "run again with --resume"


def _rights(part: Part) -> str:
    ways = []
    if part.scope:
        ways.append(f"a classic token of an owner with the scope {part.scope}")
    if part.permission:
        ways.append(f"a fine-grained token or app with the permission {part.permission}")
    if part.only == "GitHub Apps":
        ways = [f"the token of a GitHub App with the permission {part.permission}"]
    return ", or ".join(ways) or "access"


def _of(struck: list[str]) -> str:
    if len(struck) == 1:
        return f" of {struck[0][:_LONGEST_NAME]}"
    return f" ({len(struck)}: {some([name[:_LONGEST_NAME] for name in struck])})"
