from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inventory.circleci.listing import every, one
from auditor.inventory.circleci.replies import Answer, Reply

Page = Mapping[str, Any]


class Pages:
    """Calls that answer by page token: "" is the first page."""

    def __init__(self, pages: Mapping[str, Any]) -> None:
        self.pages = pages
        self.asked: list[Mapping[str, str]] = []

    def get(
        self, route: str, segments: Mapping[str, str] = {}, query: Mapping[str, str] = {}
    ) -> Answer:
        assert route == "/list/{of}"
        assert segments == {"of": "x"}
        self.asked.append(query)
        token = query.get("page-token", query.get("page[cursor]", ""))
        said = self.pages[token]
        return said if isinstance(said, Answer) else Answer(200, body=said)


def name(entry: Mapping[str, Any]) -> Any:
    return entry.get("id")


def read(pages: Mapping[str, Any], **more: Any) -> tuple[Reply, Pages]:
    calls = Pages(pages)
    return every(calls, "/list/{of}", name, segments={"of": "x"}, **more), calls


def v2(*ids: Any, token: Any = None) -> Page:
    return {"items": [{"id": id_} for id_ in ids], "next_page_token": token}


def v3(*ids: Any, cursor: str | None = None) -> Page:
    return {"data": [{"id": id_} for id_ in ids], "page": {"next": cursor, "prev": None}}


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ({"": v2(1, 2, token="t"), "t": v2(3)}, (1, 2, 3)),
        ({"": v2(1, token="t"), "t": v2(2, token="")}, (1, 2)),
        ({"": v2(1, token=7), "7": v2(2)}, (1, 2)),
        ({"": v3(1, cursor="c"), "c": v3(2)}, (1, 2)),
        ({"": [{"id": 1}, {"id": 2}]}, (1, 2)),
        ({"": v2()}, ()),
        ({"": {"items": [{"id": 1}]}}, (1,)),
        ({"": {"data": [{"id": 1}], "page": None}}, (1,)),
        ({"": v2(1, token="t"), "t": v2(1, 2)}, (1, 2)),
    ],
)
def test_every_page_is_read_and_every_entry_once(
    pages: Mapping[str, Any], found: tuple[int, ...]
) -> None:
    reply, _ = read(pages)
    assert reply == Reply("GET /list/{of}", 200, items=found)
    assert reply.complete


@pytest.mark.parametrize(
    ("pages", "found", "calls"),
    [
        ({"": v2(1, token="t"), "t": v2(1, token="t")}, (1,), 2),
        ({"": v2(1, token="t"), "t": v2(2, token="t")}, (1, 2), 2),
        ({"": v2(1, token="a"), "a": v2(2, token="b"), "b": v2(3, token="a")}, (1, 2, 3), 3),
        # A token that changes while the page stays the same, as when it names the last entry.
        ({"": v2(1, token="a"), "a": v2(1, token="b")}, (1,), 2),
        ({"": v2(1, token="a"), "a": v2(token="b")}, (1,), 2),
        ({"": v3(1, cursor="a"), "a": v3(1, cursor="b")}, (1,), 2),
    ],
)
def test_a_listing_that_repeats_itself_is_ended_and_says_so(
    pages: Mapping[str, Any], found: tuple[int, ...], calls: int
) -> None:
    reply, asked = read(pages)
    assert reply.repeated
    assert reply.items == found
    assert len(asked.asked) == calls


def test_a_listing_without_end_is_incomplete() -> None:
    class Endless(dict[str, Any]):
        def __missing__(self, token: str) -> Any:
            return v2(token, token=f"{token}x")

    reply, asked = read(Endless(), most_pages=5)
    assert reply.error == "more than 5 pages"
    assert len(reply.items) == len(asked.asked) == 5


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("text", "the answer is not of the expected shape"),
        (None, "the answer is not of the expected shape"),
        ({}, "the answer is not of the expected shape"),
        ({"items": None}, "the answer is not of the expected shape"),
        ({"items": {"id": 1}}, "the answer is not of the expected shape"),
        ({"items": 7}, "the answer is not of the expected shape"),
        ({"items": [{"id": 1}, None, "x"]}, "2 entries are not of the expected shape"),
        ([{"items": 7}, None], "1 entries are not of the expected shape"),
    ],
)
def test_another_shape_is_an_error_and_not_an_empty_list(body: Any, error: str) -> None:
    reply, _ = read({"": body})
    assert reply.error == error
    assert not reply.complete
    assert not reply.settled


def test_what_was_read_before_an_error_is_kept_with_it() -> None:
    reply, _ = read({"": v2(1, 2, token="t"), "t": Answer(429, "429 Too Many Requests")})
    assert reply == Reply("GET /list/{of}", 429, "429 Too Many Requests", items=(1, 2))


def test_the_query_goes_with_every_page() -> None:
    _, asked = read({"": v2(1, token="t"), "t": v2(2)}, query={"owner-id": "o"})
    assert asked.asked == [{"owner-id": "o"}, {"owner-id": "o", "page-token": "t"}]


def test_an_entry_that_does_not_belong_is_dropped() -> None:
    reply, _ = read({"": {"items": [{"name": "no id"}, {"id": 1}]}})
    assert reply.items == (1,)


def test_entries_without_a_name_are_told_apart_by_their_content() -> None:
    calls = Pages({"": [{"a": 1}, {"a": 2}, {"a": 1}]})
    reply = every(calls, "/list/{of}", lambda entry: entry["a"], segments={"of": "x"})
    assert reply.items == (1, 2)


@given(st.lists(st.lists(st.integers(), max_size=5), min_size=1, max_size=8))
def test_nothing_is_lost_or_doubled_however_pages_are_cut(cut: list[list[int]]) -> None:
    # Each page after the first holds something new: one without ends the listing by design.
    pages, seen = {}, set[int]()
    for number, ids in enumerate(cut):
        fresh = [*ids, 10**30 + number]
        seen |= set(fresh)
        token = str(number + 1) if number + 1 < len(cut) else None
        pages[str(number) if number else ""] = v2(*fresh, token=token)
    reply, _ = read(pages)
    assert reply.complete
    assert not reply.repeated
    assert len(reply.items) == len(set(reply.items))
    assert set(reply.items) == seen


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (Answer(200, body={"id": 1}), Reply("GET /list/{of}", 200, items=(1,))),
        (Answer(404, "404 Not Found"), Reply("GET /list/{of}", 404, "404 Not Found")),
        (
            Answer(200, body=[{"id": 1}]),
            Reply("GET /list/{of}", 200, "the answer is not of the expected shape"),
        ),
    ],
)
def test_a_single_object(answer: Answer, reply: Reply) -> None:
    assert one(Pages({"": answer}), "/list/{of}", name, segments={"of": "x"}) == reply


@pytest.mark.parametrize(
    ("status", "error", "settled"),
    [
        (200, "", True),
        (403, "x", True),
        (404, "x", True),
        (400, "x", True),
        (401, "x", False),  # a new token may be all it takes
        (429, "x", False),
        (408, "x", False),
        (500, "x", False),
        (302, "x", False),
        (200, "x", False),
        (None, "x", False),
    ],
)
def test_what_asking_again_would_not_change(status: int, error: str, settled: bool) -> None:
    assert Reply("GET /x", status, error).settled is settled
