"""What is wrong with a question that somebody made up."""

from __future__ import annotations


class BadRequest(ValueError):
    """A field that cannot be used, and why."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
