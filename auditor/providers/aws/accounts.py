"""Reads the documents of the snapshot into accounts: who is in them, their keys, and the gaps."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from auditor.collecting import Snapshot
from auditor.models import Fact, Gap, Json, Known, Tail, Unknown
from auditor.providers.aws import gaps, parts
from auditor.providers.aws.documents import (
    ACCOUNTS,
    EXPORT_FILES,
    STRANGE,
    account_key,
    document_key,
    entries,
    is_complete,
    left_out,
    parse_time,
    text,
)
from auditor.providers.aws.logs import Logs, read_logs
from auditor.providers.aws.report import Report
from auditor.providers.aws.surroundings import Surroundings, read_surroundings
from auditor.tails import tail_from_json

_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:(root|(user|role)/.+)")


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One access key of a user, as far as it was listed."""

    user_arn: str
    label: str
    tail: Tail | None
    status: str
    created: datetime | None
    last_used: Fact[datetime | None]
    description: str = ""
    """What somebody wrote about the key in the console."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, a role or the root user. `detail` is its entry of the account's details, if read."""

    arn: str
    name: str
    kind: str
    created: datetime | None
    detail: Mapping[str, Any] | None = None

    @property
    def title(self) -> str:
        """Return how the principal is called in sentences, such as "user ci-deploy"."""
        return "the root user" if self.kind == "root" else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Account:
    """One account as it was read.

    `unsearched` is empty only when every key was listed that a variable could hold, the root
    user's included; `details_gap` says why permissions are not known.
    """

    id: str
    alias: str
    principals: Mapping[str, Principal]
    groups: Mapping[str, Mapping[str, Any]]
    policies: Mapping[str, Mapping[str, Any]]
    keys: tuple[KeyRecord, ...]
    users: frozenset[str]
    """ARNs of the users."""
    users_known: bool
    """Whether they are all users of the account."""
    unlisted: frozenset[str]
    """ARNs of the users whose keys are not known."""
    details_gap: Gap | None
    gaps: tuple[Gap, ...]
    unsearched: tuple[Gap, ...]
    surroundings: Surroundings
    logs: Logs


@dataclass(frozen=True, slots=True)
class Reading:
    """What the snapshot holds of AWS, and what it should hold and does not.

    `refused` are the configured accounts that were not entered, `unusable` the exported files that
    could not be used: either may hide a key. `strange` files are of no use to the audit.
    """

    accounts: tuple[Account, ...]
    refused: tuple[Gap, ...]
    unusable: tuple[Gap, ...]
    strange: tuple[Gap, ...]


def read_accounts(labels: Iterable[str], snapshot: Snapshot) -> Reading:
    """Return every account of the snapshot, and a gap for each configured one that is not in it."""
    names = list(snapshot.keys("aws/"))
    configured = {account_key(label): (label, None) for label in labels}
    found = {key: snapshot.load(key) for key in names if key.startswith(ACCOUNTS)}
    entered = configured | {key: (text(doc, "Name"), doc) for key, doc in found.items()}
    by_account: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_account[name.split("/")[1]].append(name)
    ids = sorted({text(document, "Account") for _, document in entered.values()} - {""})
    files = snapshot.load(EXPORT_FILES)
    return Reading(
        accounts=tuple(_Reader(id_, by_account[id_], snapshot).account() for id_ in ids),
        refused=tuple(
            gaps.gap_of_entry(label, document)
            for label, document in entered.values()
            if not text(document, "Account")
        ),
        unusable=_file_gaps(files, strange=False),
        strange=_file_gaps(files, strange=True),
    )


def _file_gaps(files: Json | None, *, strange: bool) -> tuple[Gap, ...]:
    return tuple(
        Gap(
            what=f"exported file {text(problem, 'File')}",
            why=text(problem, "message"),
            fix="export it again, or take it out of the export folder",
            source="aws",
        )
        for problem in entries(files, "Problems")
        if (text(problem, "error") == STRANGE) == strange
    )


class _Reader:
    """Reads the documents of one account."""

    def __init__(self, account: str, names: Iterable[str], snapshot: Snapshot) -> None:
        self.id = account
        self.details = snapshot.load(document_key(account, "authorization-details"))
        self.user_list = snapshot.load(document_key(account, "users"))
        self.aliases = snapshot.load(document_key(account, "account-aliases"))
        names = list(names)
        self.logs = read_logs(account, snapshot)
        self.surroundings = read_surroundings(account, names, snapshot)
        self.report = Report(snapshot.load(document_key(account, "credential-report")))
        prefix = document_key(account, "access-keys") + "/"
        found = (snapshot.load(name) for name in names if name.startswith(prefix))
        self.key_lists = {text(keys, "UserName"): keys for keys in found}
        self.principals = self._principals()
        self.users = {p.name: p for p in self.principals.values() if p.kind == "user"}
        self.unlisted = self._unlisted()
        self.last_use_refused: dict[str, Json | None] = {}
        self.keys = tuple(key for user in self.users.values() for key in self._keys(user))

    def account(self) -> Account:
        """Return the account."""
        details_gap = self._details_gap()
        users_known = not details_gap or is_complete(self.user_list) or self.report.readable
        gaps_of_keys = (
            *_there(self._report_gap(), self._root_gap(), self._left_out_gap()),
            *gaps.gaps_of_each(self.id, parts.KEYS, self.unlisted),
        )
        return Account(
            id=self.id,
            alias=next(iter(self._aliases()), ""),
            principals=self.principals,
            groups={text(g, "GroupName"): g for g in entries(self.details, "GroupDetailList")},
            policies={text(p, "Arn"): p for p in entries(self.details, "Policies")},
            keys=self.keys,
            users=frozenset(user.arn for user in self.users.values()),
            users_known=users_known,
            unlisted=frozenset(self.users[name].arn for name in self.unlisted),
            details_gap=details_gap,
            gaps=(
                *_there(details_gap),
                *gaps_of_keys,
                *self.surroundings.gaps,
                *self.logs.gaps,
                *self._minor_gaps(),
            ),
            unsearched=(*_there(None if users_known else details_gap), *gaps_of_keys),
            surroundings=self.surroundings,
            logs=self.logs,
        )

    # --- who ---

    def _principals(self) -> dict[str, Principal]:
        """Return everybody by ARN: of the details, else of whatever other reply names them."""
        details = self.details
        users = [_principal(entry, "user") for entry in entries(details, "UserDetailList")]
        roles = [_principal(entry, "role") for entry in entries(details, "RoleDetailList")]
        known = {user.name for user in users}
        for user in self._named_elsewhere():
            if user.name and user.name not in known:
                known.add(user.name)
                users.append(user)
        named = (self._with_arn(found) for found in (*users, *roles))
        return {found.arn: found for found in named if found.arn}

    def _with_arn(self, found: Principal) -> Principal:
        """Return a principal under its ARN, of its name where a reply has something else there.

        And with a name: the end of its ARN where the reply has none.
        """
        if _ARN.fullmatch(found.arn):
            return found if found.name else replace(found, name=found.arn.rpartition("/")[2])
        what = "root" if found.kind == "root" else f"{found.kind}/{found.name}"
        return replace(found, arn=f"arn:aws:iam::{self.id}:{what}" if found.name else "")

    def _named_elsewhere(self) -> Iterator[Principal]:
        """Yield the users that other replies name, whose permissions they do not tell."""
        for entry in entries(self.user_list, "Users"):
            yield replace(_principal(entry, "user"), detail=None)
        for row in self.report.rows:
            yield Principal(row.arn, row.name, "root" if row.is_root else "user", row.created)
        for name in self.key_lists:
            yield Principal(f"arn:aws:iam::{self.id}:user/{name}", name, "user", None)

    # --- keys ---

    def _unlisted(self) -> dict[str, Json | None]:
        """Return the users whose keys are not known, each with the refusal.

        A user of whom the credential report says so has none.
        """
        found = {name: self.key_lists.get(name) for name in self.users}
        return {
            name: document
            for name, document in found.items()
            if not _is_listed(document) and not self.report.has_no_keys(name)
        }

    def _keys(self, user: Principal) -> list[KeyRecord]:
        descriptions = {text(t, "Key"): text(t, "Value") for t in entries(user.detail, "Tags")}
        return [
            KeyRecord(
                user_arn=user.arn,
                label=text(entry, "AccessKeyId"),
                tail=tail_from_json(entry.get("Tail")),
                status=text(entry, "Status"),
                created=(created := parse_time(text(entry, "CreateDate"))),
                last_used=self._last_used(user.name, entry, created),
                description=descriptions.get(text(entry, "AccessKeyId"), ""),
            )
            for entry in entries(self.key_lists.get(user.name), "AccessKeyMetadata")
        ]

    def _last_used(
        self, user: str, entry: Mapping[str, Any], created: datetime | None
    ) -> Fact[datetime | None]:
        used = entry.get("AccessKeyLastUsed")
        if isinstance(used, dict) and "error" not in used:
            return Known(parse_time(text(used, "LastUsedDate")))
        if reported := self.report.last_used(user, created):
            return reported
        self.last_use_refused[user] = used
        return Unknown(gaps.gap_of(self.id, parts.LAST_USED, used, [user]))

    # --- what is missing ---

    def _details_gap(self) -> Gap | None:
        complete = is_complete(self.details)
        return None if complete else gaps.gap_of(self.id, parts.DETAILS, self.details)

    def _report_gap(self) -> Gap | None:
        readable = self.report.readable
        return None if readable else gaps.gap_of(self.id, parts.REPORT, self.report.document)

    def _left_out_gap(self) -> Gap | None:
        """Return the gap of whoever a reply mentions and does not name: they may have keys."""
        found = list(left_out(self.details))
        found += [("credential report", row, "names no user") for row in self.report.nameless]
        return gaps.gap_of_entries(self.id, found) if found else None

    def _root_gap(self) -> Gap | None:
        if not self.report.root_has_key:
            return None
        return Gap(
            what=f"access key of the root user of AWS account {self.id}",
            why="the root user has an access key, and no call shows its id",
            fix="delete the root user's access keys; compare the id in the console by hand",
            source=gaps.source_of(self.id),
            affects=(self.id,),
        )

    def _minor_gaps(self) -> tuple[Gap, ...]:
        """Return the gaps that leave only a column empty: last uses and the alias."""
        refused = self.aliases is not None and not is_complete(self.aliases)
        alias_gap = gaps.gap_of(self.id, parts.ALIASES, self.aliases) if refused else None
        return (
            *gaps.gaps_of_each(self.id, parts.LAST_USED, self.last_use_refused),
            *_there(alias_gap),
        )

    def _aliases(self) -> list[str]:
        found = self.aliases.get("AccountAliases") if isinstance(self.aliases, dict) else None
        return [str(alias) for alias in found] if isinstance(found, list) else []


def _principal(entry: Mapping[str, Any], kind: str) -> Principal:
    created = parse_time(text(entry, "CreateDate"))
    name = text(entry, f"{kind.capitalize()}Name")
    return Principal(text(entry, "Arn"), name, kind, created, entry)


def _is_listed(keys: Json | None) -> bool:
    """Return whether the keys of a user were listed; of one that is gone there are none."""
    if not isinstance(keys, dict) or "error" in keys:
        return text(keys, "error") == "NoSuchEntity"
    return isinstance(keys.get("AccessKeyMetadata"), list)


def _there(*found: Gap | None) -> tuple[Gap, ...]:
    return tuple(gap for gap in found if gap is not None)
