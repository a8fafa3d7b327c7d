"""Reads the credential report: one row a user and one for the root user, without key ids.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.models import Json, Known
from auditor.providers.aws.documents import is_complete, parse_time, text

ROOT = "<root_account>"
_SLOTS = ("access_key_1", "access_key_2")


@dataclass(frozen=True, slots=True)
class Row:
    """One user of the report."""

    name: str
    arn: str
    columns: Mapping[str, str]

    @property
    def is_root(self) -> bool:
        """Return whether it is the row of the root user."""
        return self.name == ROOT

    @property
    def created(self) -> datetime | None:
        """Return when the user was made."""
        return parse_time(self.columns.get("user_creation_time", ""))

    @property
    def has_key(self) -> bool:
        """Return whether an access key exists, active or not."""
        return any(
            self.columns.get(f"{slot}_active", "").lower() == "true"
            or parse_time(self.columns.get(f"{slot}_last_rotated", ""))
            for slot in _SLOTS
        )


class Report:
    """The credential report of an account; `readable` unless it was refused or is broken."""

    def __init__(self, document: Json | None) -> None:
        """Read the reply of GetCredentialReport."""
        self.document = document
        rows = _rows(text(document, "Content")) if is_complete(document) else None
        self.readable = rows is not None
        self.rows = rows or []
        self._by_name = {row.name: row for row in self.rows}

    @property
    def root_has_key(self) -> bool:
        """Return whether the report shows an access key of the root user."""
        return any(row.has_key for row in self.rows if row.is_root)

    @property
    def nameless(self) -> tuple[int, ...]:
        """Return the numbers, from 1, of the rows that name no user."""
        return tuple(number for number, row in enumerate(self.rows, 1) if not row.name)

    def has_no_keys(self, user: str) -> bool:
        """Return whether the report says of the user that it has no access key at all."""
        return user in self._by_name and not self._by_name[user].has_key

    def last_used(self, user: str, created: datetime | None) -> Known[datetime | None] | None:
        """Return when a key was last used, None where the report does not tell which key is which.

        It holds no key ids: a key is known by the second it was made in.
        """
        columns = self._by_name[user].columns if user in self._by_name else {}
        slots = [
            slot
            for slot in _SLOTS
            if created and parse_time(columns.get(f"{slot}_last_rotated", "")) == created
        ]
        if len(slots) != 1:
            return None
        return Known(parse_time(columns.get(f"{slots[0]}_last_used_date", "")))


def _rows(content: str) -> list[Row] | None:
    """Return the rows, None where the content is no credential report."""
    try:
        table = base64.b64decode(content, validate=True).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(table, newline="")))
    except (binascii.Error, ValueError, csv.Error):
        return None
    if not table.startswith("user,arn,"):
        return None
    texts = ({str(name): str(value or "") for name, value in row.items()} for row in rows)
    return [Row(row.get("user", ""), row.get("arn", ""), row) for row in texts]
