"""Words what could not be read of an account: what, why, and what to grant or export instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from auditor.models import Gap, Json
from auditor.providers.aws.documents import LIMIT, text
from auditor.providers.aws.parts import Part
from auditor.providers.wording import some, why_of

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_STALE = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "NoCredentialsError",
    "SSOTokenLoadError",
    "SignatureDoesNotMatch",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
    "UnrecognizedClientException",
)
_LONGEST_NAME = 64
_ENTRY_RENEW = "renew the credentials it is configured with and run again with --resume"
_ENTRY_ALLOW = (
    "check its profile and role_arn, and let the audit's own identity in (sts:AssumeRole on the "
    "role, and the role's trust policy), then run again with --resume"
)
_STRANGE = ("KeyError", "ResponseParserError")
_ENTRY_ELSEWHERE = "look at endpoint in [providers.aws] and at proxies: what answers is not AWS"


def source_of(account: str) -> str:
    """Return the name of an account's collector, as `Gap.source` and coverage show it."""
    return f"aws {account}"


def gap_of(account: str, part: Part, document: Json | None, names: Iterable[str] = ()) -> Gap:
    """Return the gap that a refused or missing document leaves, for all of it or those named."""
    return Gap(
        what=f"{part.what}{_of_each(part, list(names))} of AWS account {account}",
        why=why_of(document),
        fix=f"{_fix(document, part)}; until then {part.leaves} is not known",
        source=source_of(account),
        affects=(account,),
    )


def gaps_of_each(account: str, part: Part, documents: Mapping[str, Json | None]) -> tuple[Gap, ...]:
    """Return one gap for each kind of refusal, however many users, or other things, it struck."""
    by_error: dict[str, list[str]] = defaultdict(list)
    for name, document in sorted(documents.items()):
        by_error[text(document, "error")].append(name)
    return tuple(
        gap_of(account, part, documents[names[0]], names) for _, names in sorted(by_error.items())
    )


def gap_of_entry(name: str, document: Json | None) -> Gap:
    """Return the gap of a configured account that did not let the audit in."""
    error = text(document, "error")
    strange = _ENTRY_ELSEWHERE if error in _STRANGE else _ENTRY_ALLOW
    return Gap(
        what=f"everything of the AWS account configured as {name}",
        why=why_of(document),
        fix=_ENTRY_RENEW if error in _STALE else strange,
        source="aws",
        affects=(name,),
    )


def gap_of_entries(account: str, left_out: Sequence[tuple[str, int, str]]) -> Gap:
    """Return the gap of entries that cannot be used: listing, number and why of each."""
    listing, number, why = left_out[0]
    return Gap(
        what=f"{len(left_out):,} entries of what was read of AWS account {account}",
        why=f"the first, entry {number} of {listing}, {why}",
        fix="look in the console for identities that the report lacks, and run again with "
        "--resume; until then what they may do and which keys they have is not known",
        source=source_of(account),
        affects=(account,),
    )


def _fix(document: Json | None, part: Part) -> str:
    error = text(document, "error")
    if error == LIMIT:
        return "raise the limit in [providers.aws] and run again with --resume"
    if error in _DENIED:
        return f"grant {part.permission} to the audit's identity"
    if error in _STALE:
        return "renew the audit's credentials and run again with --resume"
    if document is None or error == "Truncated":
        return f"run again with --resume, or export it whole: aws {part.service} {part.command}"
    return f"run again with --resume (it needs {part.permission})"


def _of_each(part: Part, names: list[str]) -> str:
    one, several = part.each
    if len(names) <= 1:
        return "".join(f" of {one} {name[:_LONGEST_NAME]}" for name in names)
    shown = some([name[:_LONGEST_NAME] for name in names])
    return f" of {len(names)} {several} ({shown})"
