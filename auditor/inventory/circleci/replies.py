"""What came of a question to CircleCI, as a value: an answer, or why there is none.

A refusal is data here, never an exception, and never an empty list.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from auditor.models import Json

# Refusals that asking again may mend: a new token, less haste.
_PASSING = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of one HTTP call.

    `status` is None when nobody answered, `error` is "" when `body` is what was asked for.
    """

    status: int | None
    error: str = ""
    body: Json = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The end of one question, which may have taken several pages.

    `items` holds what was read before any `error`. `repeated` is true when the listing was ended
    because CircleCI began to repeat itself, so that nobody can say whether more would have come.
    """

    call: str
    status: int | None = None
    error: str = ""
    repeated: bool = False
    items: tuple[Json, ...] = ()

    @property
    def complete(self) -> bool:
        """Return whether everything asked for was read."""
        return not self.error

    @property
    def nothing_to_ask(self) -> bool:
        """Return whether no call was made, because there can be nothing."""
        return self.complete and self.status is None

    @property
    def settled(self) -> bool:
        """Return whether asking again would give the same: it was read, or refused for good."""
        return self.complete or refused(self.status)


def refused(status: int | None) -> bool:
    """Return whether a status is a refusal that stays one until somebody grants a right."""
    if status is None or status in _PASSING:
        return False
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
