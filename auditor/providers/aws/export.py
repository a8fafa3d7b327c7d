"""Turns exported files into the documents that reading the accounts live would have left."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from auditor.collecting import Collecting
from auditor.providers.aws.documents import (
    DETAIL_LISTS,
    EXPORT_FILES,
    NEEDED,
    STRANGE,
    account_key,
    clean,
    document_key,
    entries,
    is_complete,
    is_usable,
    sealed_key,
    text,
)
from auditor.providers.aws.extras import EXTRAS, extra_documents, is_about_nothing, owner_of
from auditor.providers.aws.files import Reply, read_export
from auditor.providers.aws.keys import account_of_key
from auditor.providers.aws.report import Report
from auditor.providers.aws.settings import Settings
from auditor.providers.exports import Problem, counted
from auditor.tails import Sealer

DETAILS = "get-account-authorization-details"
_ARN_ACCOUNT = re.compile(r"arn:[a-z-]+:iam::(\d{12}):")
_KEY_IN_NAME = re.compile(r"A[KS]IA[A-Z0-9]{16}")
_COMMAND_NAME = re.compile(r"^list-access-keys[-_.]")


def collect(settings: Settings, collecting: Collecting) -> None:
    """Write the export into the snapshot, but for what reading live has already answered."""
    found = list(read_export(Path(settings.export)))
    problems = [item for item in found if isinstance(item, Problem)]
    documents, homeless = _documents(
        [item for item in found if isinstance(item, Reply)], collecting
    )
    for key, document in documents:
        if not is_complete(collecting.snapshot.load(key)):
            collecting.snapshot.save(key, clean(document))
    collecting.snapshot.save(EXPORT_FILES, _file_list(found, (*problems, *homeless)))


def _file_list(found: Iterable[Reply | Problem], problems: Iterable[Problem]) -> dict[str, Any]:
    used = sorted({item.file for item in found if isinstance(item, Reply)})
    wrong = [
        {"File": item.file, "error": STRANGE if item.strange else "Unusable", "message": item.why}
        for item in counted(problems)
    ]
    return clean({"Files": [{"File": file} for file in used], "Problems": wrong})


@dataclass
class _Account:
    """The replies that belong to one account."""

    details: list[Reply] = field(default_factory=list)
    keys: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """User name -> access key id -> entry of AccessKeyMetadata."""
    used: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Access key id -> its last use."""
    plain: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Part of the account's snapshot -> document that is kept as it came."""
    extras: list[Reply] = field(default_factory=list)

    @cached_property
    def users(self) -> dict[str, str]:
        """The names of the account's users by their lower-case form, once all details are in."""
        found = (
            entry for reply in self.details for entry in entries(reply.document, "UserDetailList")
        )
        return {text(user, "UserName").lower(): text(user, "UserName") for user in found}

    @cached_property
    def principals(self) -> tuple[str, ...]:
        """The ARNs of the account's users and roles, once all details are in."""
        return tuple(
            text(entry, "Arn")
            for reply in self.details
            for listing in ("UserDetailList", "RoleDetailList")
            for entry in entries(reply.document, listing)
        )


def _documents(
    replies: list[Reply], collecting: Collecting
) -> tuple[list[tuple[str, dict[str, Any]]], list[Problem]]:
    """Return the documents by name, and the replies whose account or user nobody can tell."""
    sorted_ = _Sorter(replies)
    for kind in _ORDER:
        for reply in (reply for reply in replies if reply.kind == kind):
            sorted_.add(reply)
    documents = [
        document
        for account, held in sorted(sorted_.accounts.items())
        for document in dict(_account_documents(account, held, collecting.sealer)).items()
    ]
    return documents, sorted_.homeless


_PARTS = {
    DETAILS: "authorization-details",
    "get-credential-report": "credential-report",
    "list-account-aliases": "account-aliases",
    "list-open-id-connect-providers": "oidc-providers",
    "describe-organization": "organization",
    "describe-trails": "trails",
    "list-detectors": "detectors",
}
"""The document of an account that each kind of reply becomes whole."""

_ORDER = (
    *_PARTS,
    *EXTRAS,
    "list-access-keys",
    "get-access-key-last-used",
)
"""Replies that name their account come first, then those that are about one of its users."""


class _Sorter:
    """Finds the account of each reply: by its ARNs, its key ids, its folder, its user."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self.accounts: dict[str, _Account] = {}
        self.homeless: list[Problem] = []
        self._by_folder: dict[PurePosixPath, set[str]] = defaultdict(set)
        for reply in replies:
            if account := _account_named_in(reply):
                self.accounts.setdefault(account, _Account())
                self._by_folder[PurePosixPath(reply.file).parent].add(account)

    def add(self, reply: Reply) -> None:
        """Put a reply where it belongs."""
        match reply.kind:
            case "list-access-keys":
                self._add_keys(reply)
            case "get-access-key-last-used":
                self._add_last_used(reply)
            case kind if kind in EXTRAS:
                self._add_extra(reply)
            case kind:
                self._add_whole(reply, _PARTS[kind])

    def _add_whole(self, reply: Reply, part: str) -> None:
        account = _account_named_in(reply) or self._of_folder(reply.file)
        if not account:
            self._refuse(reply, "it does not tell which account it is of")
        elif reply.kind == DETAILS:
            self.accounts[account].details.append(reply)
        else:
            self.accounts[account].plain[part] = reply.document

    def _add_extra(self, reply: Reply) -> None:
        account = owner_of(reply) or self._of_folder(reply.file)
        held = self.accounts.get(account or "")
        if held is None:
            self._refuse(reply, "it does not tell which account it is of")
        elif is_about_nothing(reply, held.principals):
            self._refuse(reply, "it does not tell which identity or resource it is of")
        else:
            held.extras.append(reply)

    def _add_keys(self, reply: Reply) -> None:
        listed = entries(reply.document, "AccessKeyMetadata")
        if _is_cut(reply.document):
            self._refuse(reply, "it ends before its last page")
            return
        for metadata in listed:
            user, key_id = text(metadata, "UserName"), text(metadata, "AccessKeyId")
            account = self._of_user(reply, user, key_id)
            if account and key_id:
                self.accounts[account].keys.setdefault(user, {})[key_id] = metadata
            elif key_id:
                self._refuse(reply, "it does not tell which account its keys are of")
        if not listed:
            self._add_no_keys(reply)

    def _add_no_keys(self, reply: Reply) -> None:
        """Take an empty list: it names no user, so the file must be called after one.

        Where it is not, the user's keys stay unlisted, unless the credential report says of whom
        it is that there are none.
        """
        stem = PurePosixPath(reply.file).stem.lower()
        named = _COMMAND_NAME.sub("", stem)
        account = self._of_folder(reply.file)
        users = self.accounts[account].users if account else {}
        if account and named in users:
            self.accounts[account].keys.setdefault(users[named], {})

    def _add_last_used(self, reply: Reply) -> None:
        user = text(reply.document, "UserName")
        named = _KEY_IN_NAME.search(PurePosixPath(reply.file).name)
        account = self._of_user(reply, user, named[0] if named else "")
        keys = self.accounts[account].keys.get(user, {}) if account else {}
        key_id = named[0] if named else next(iter(keys), "")
        if account and key_id in keys and (named or len(keys) == 1):
            used = reply.document["AccessKeyLastUsed"]
            self.accounts[account].used[key_id] = used if isinstance(used, dict) else {}
        else:
            self._refuse(
                reply, "it does not tell which key it is of: put the key's id into its name"
            )

    def _of_user(self, reply: Reply, user: str, key_id: str) -> str | None:
        decoded = account_of_key(key_id)
        if decoded in self.accounts:
            return decoded
        having = [id_ for id_, held in self.accounts.items() if user.lower() in held.users]
        return self._of_folder(reply.file) or (having[0] if len(having) == 1 else None)

    def _of_folder(self, file: str) -> str | None:
        """Return the only account of the nearest folder around a file that has any."""
        for folder in PurePosixPath(file).parents:
            if found := self._by_folder.get(folder):
                return next(iter(found)) if len(found) == 1 else None
        return next(iter(self.accounts)) if len(self.accounts) == 1 else None

    def _refuse(self, reply: Reply, why: str) -> None:
        self.homeless.append(Problem(reply.file, why))


def _account_documents(
    account: str, held: _Account, sealer: Sealer
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield account_key(f"export-{account}"), {"Name": f"export of {account}", "Account": account}
    if held.details:
        yield document_key(account, "authorization-details"), _merged(held.details)
    for part, document in held.plain.items():
        yield document_key(account, part), document
    yield from extra_documents(
        account, held.extras, held.principals, held.plain.get("oidc-providers")
    )
    for user, keys in sorted(held.keys.items()):
        yield document_key(account, "access-keys", user), _user_keys(user, keys, held.used, sealer)


def _merged(pages: list[Reply]) -> dict[str, Any]:
    """Return one document of all pages. One of them must be a last page."""
    merged: dict[str, Any] = {}
    for name in DETAIL_LISTS:
        found = (
            entry
            for page in pages
            for entry in entries(page.document, name)
            if is_usable(entry, NEEDED[name])  # of others, reading the file has told
        )
        merged[name] = list({text(entry, "Arn") or id(entry): entry for entry in found}.values())
    if all(_is_cut(page.document) for page in pages):
        merged |= {"error": "Truncated", "message": "the export ends before its last page"}
    return merged


def _is_cut(document: dict[str, Any]) -> bool:
    """Return whether a reply says that more follows: the API's way, or that of --max-items."""
    return bool(document.get("IsTruncated") or document.get("NextToken"))


def _user_keys(
    user: str, keys: dict[str, dict[str, Any]], used: dict[str, dict[str, Any]], sealer: Sealer
) -> dict[str, Any]:
    listed = []
    for key_id, metadata in sorted(keys.items()):
        last = {"AccessKeyLastUsed": used[key_id]} if key_id in used else {}
        listed.append(sealed_key(metadata, sealer) | last)
    return {"UserName": user, "AccessKeyMetadata": listed}


def _account_named_in(reply: Reply) -> str | None:
    """Return the account that the ARNs of a reply name."""
    if reply.kind == DETAILS:
        found = (entry for name in DETAIL_LISTS for entry in entries(reply.document, name))
        arns: Iterable[str] = (text(entry, "Arn") for entry in found)
    elif reply.kind == "get-credential-report":
        arns = (row.arn for row in Report(reply.document).rows)
    else:
        return None
    return next((match[1] for arn in arns if (match := _ARN_ACCOUNT.match(arn))), None)
