"""The context of a request: which condition keys it has, with which values, and what is unknown."""

from __future__ import annotations

from collections.abc import Mapping

Values = tuple[str, ...]
"""Values of one key; none of them means that the request does not have the key."""

ABSENT: Values = ()


class Context:
    """The condition keys of one request. Names of keys are not case-sensitive.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """

    __slots__ = ("_complete", "_values")

    def __init__(self, values: Mapping[str, Values], *, complete: bool) -> None:
        """Hold values by key in lower case. Incomplete: a key that is not there is unknown."""
        self._values = values
        self._complete = complete

    def get(self, key: str) -> Values | None:
        """Return the values of a key in lower case, ABSENT, or None where that is not known."""
        found = self._values.get(key)
        if found is None and self._complete:
            return ABSENT
        return found
