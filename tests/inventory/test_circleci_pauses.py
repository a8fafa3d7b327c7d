from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from requests.structures import CaseInsensitiveDict

from auditor.inventory.circleci.examine import clock
from auditor.inventory.circleci.pauses import Pause, asked_wait, backoff, clock_ahead
from auditor.models import Health

NOW = 1_700_000_000.0
IN_A_MINUTE = format_datetime(datetime.fromtimestamp(NOW + 60, UTC), usegmt=True)
A_MINUTE_AGO = format_datetime(datetime.fromtimestamp(NOW - 60, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {}, None),
        (429, {"retry-after": "7"}, 7),
        (429, {"Retry-After": " 1.5 "}, 1.5),
        (429, {"Retry-After": IN_A_MINUTE}, 60),
        (429, {"Retry-After": A_MINUTE_AGO}, 0),
        (429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00"}, 0),
        (429, {"Retry-After": "soon"}, None),
        (429, {"Retry-After": "-3"}, None),
        (429, {"Retry-After": "²"}, None),
        (429, {"Retry-After": "soon", "RateLimit-Reset": "9"}, 9),
        (429, {"Retry-After": "2", "RateLimit-Reset": "9"}, 2),
        (429, {"X-RateLimit-Reset": "11"}, 11),
        (429, {"X-RateLimit-Reset": str(int(NOW) + 30)}, 30),
        (429, {"RateLimit-Reset": "", "X-RateLimit-Reset": "4"}, 4),
        (503, {"Retry-After": "5"}, 5),
        # On any other reply a reset says when the allowance is renewed, not that it is used up.
        (503, {"RateLimit-Reset": "9"}, None),
    ],
)
def test_the_wait_a_reply_asks_for(
    status: int, headers: dict[str, str], wait: float | None
) -> None:
    assert asked_wait(status, CaseInsensitiveDict(headers), NOW) == wait


def test_backoff_doubles_up_to_half_a_minute_and_jitter_takes_off_at_most_half() -> None:
    assert [backoff(attempt, 1.0) for attempt in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert backoff(3, 0.0) == 4
    assert backoff(10_000 // 100, 1.0) == 30


def test_a_pause_is_only_ever_made_longer() -> None:
    clock = [100.0]
    pause = Pause(lambda: clock[0])
    assert pause.remaining() == 0
    pause.extend(10)
    pause.extend(3)
    assert pause.remaining() == 10
    clock[0] = 108
    assert pause.remaining() == 2
    clock[0] = 200
    assert pause.remaining() == 0


@pytest.mark.parametrize(
    ("headers", "ahead"),
    [
        ({"date": format_datetime(datetime(2026, 1, 1, tzinfo=UTC), usegmt=True)}, 90.0),
        ({"date": "yesterday"}, None),
        ({"date": "Mon, 99 Foo 99999 00:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_how_far_a_clock_is_ahead(headers: dict[str, str], ahead: float | None) -> None:
    now = datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC).timestamp()
    assert clock_ahead(CaseInsensitiveDict(headers), now) == ahead


@pytest.mark.parametrize(
    ("ahead", "health", "word"),
    [(0.5, Health.OK, "agrees"), (-400.0, Health.WARN, "behind"), (400.0, Health.WARN, "ahead of")],
)
def test_a_clock_that_is_off_is_told(ahead: float, health: Health, word: str) -> None:
    (check,) = clock(ahead)
    assert (check.health, word in check.says) == (health, True)
    assert list(clock(None)) == []
