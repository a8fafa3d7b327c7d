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

    __slots__ = ("_complete", "_settled", "_values")

    def __init__(
        self, values: Mapping[str, Values], *, complete: bool, settled: tuple[str, ...] = ()
    ) -> None:
        """Hold values by key in lower case. Incomplete: a key that is not there is unknown.

        But for those that begin with one of `settled`: all of these are given.
        """
        self._values = values
        self._complete = complete
        self._settled = settled

    def get(self, key: str) -> Values | None:
        """Return the values of a key in lower case, ABSENT, or None where that is not known."""
        found = self._values.get(key)
        if found is None and (self._complete or key.startswith(self._settled)):
            return ABSENT
        return found
