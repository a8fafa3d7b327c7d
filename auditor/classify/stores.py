"""Decides what an entry is when its store tells the kind: a checkout key is one."""

from __future__ import annotations

from auditor.models import Classification, Confidence, Kind, Role


def told(secret_id: str, kind: Kind) -> Classification:
    """Return what the store tells of the entry with this id; it stands alone in its group."""
    part = "secret" if kind.role is Role.SECRET else ""
    return Classification(
        secret_id,
        kind.role,
        kind.vendor,
        kind.id,
        part,
        # Two entries of one name are two credentials.
        stem=secret_id,
        rule="told by its store",
        confidence=Confidence.HIGH,
    )
