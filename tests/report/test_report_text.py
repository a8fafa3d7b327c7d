from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.catalogue import kinds
from auditor.report import links
from auditor.report.text import (
    CELL_LIMIT,
    LINE_LIMIT,
    escape_cell,
    for_cell,
    for_terminal,
    for_xml,
    unescape_cell,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("bell\x07", "bell\\x07"),
        ("nul\x00l", "nul\\x00l"),
        ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
        ("\ud800 alone", "\\ud800 alone"),
        ("\ufffe\uffff", "\\ufffe\\uffff"),
        ("مرحبا 你好 🔑", "مرحبا 你好 🔑"),
    ],
)
def test_what_xml_cannot_hold_is_written_out(text: str, shown: str) -> None:
    assert for_xml(text) == shown


@given(ANY_TEXT)
def test_any_text_becomes_a_cell_that_can_be_stored(text: str) -> None:
    stored = escape_cell(for_cell(text))
    stored.encode("utf-8")
    assert len(stored.encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert not set(map(ord, stored)) & {*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF}


@given(ANY_TEXT)
def test_what_is_stored_is_read_back(text: str) -> None:
    assert unescape_cell(escape_cell(for_xml(text))) == for_xml(text)


def test_a_look_alike_of_an_escape_stays_what_it_is() -> None:
    assert escape_cell("A_x0041_B_x005F_") == "A_x005F_x0041_B_x005F_x005F_"


@pytest.mark.parametrize("character", ["a", "🔑", "_x0041_", "\x07"])
def test_a_long_text_is_cut_with_a_visible_mark(character: str) -> None:
    text = for_cell(character * 40_000)
    assert "[cut here: " in text
    assert text.startswith(for_xml(character))
    assert len(escape_cell(text).encode("utf-16-le")) // 2 <= CELL_LIMIT


def test_line_feeds_beyond_the_limit_stay_visible() -> None:
    text = for_cell("a\n" * 300)
    assert text.count("\n") == LINE_LIMIT
    assert text.count("\\x0a") == 300 - LINE_LIMIT
    assert text.count("a\n") + text.count("a\\x0a") == 300


@given(ANY_TEXT)
def test_nothing_in_a_terminal_acts(text: str) -> None:
    shown = for_terminal(text)
    assert all(ord(character) >= 0x20 for character in shown)
    assert not set(shown) & {"\x1b", "\x9b", "\x7f", "\u202e", "\u2066"}
    shown.encode("utf-8")


@pytest.mark.parametrize(
    "url",
    [
        "https://app.circleci.com/settings/organization/github/acme/contexts",
        "https://us-east-1.console.aws.amazon.com/iam/home#/users/details/ci",
        "https://console.cloud.google.com/iam-admin?project=x",
        "https://circleci.corp.example/x",
        "https://ghe.corp.example:8443/x",
    ],
)
def test_known_consoles_and_configured_hosts_are_linked(url: str) -> None:
    assert links.allowed(url, {"circleci.corp.example", "ghe.corp.example:8443"})


@pytest.mark.parametrize(
    "url",
    [
        "http://app.circleci.com/",
        "http://dashboard.stripe.com/apikeys",
        "https://evil.example/",
        "https://app.circleci.com.evil.example/",
        "https://evilconsole.aws.amazon.com/",
        "https://app.circleci.com@evil.example/",
        "https://app.circleci.com:8443/",
        "https://app.circleci.com\\@evil.example/",
        "https://app.circleci.com/\u202e",
        "https://app.circleci.com/a b",
        "https://app.circleci.com/\n",
        "https://[broken/",
        "https://app.circleci.com:port/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "\\\\server\\share",
        "",
        "https://app.circleci.com/" + "a" * 2_079,
    ],
)
def test_nothing_else_is_linked(url: str) -> None:
    assert not links.allowed(url, {"circleci.corp.example"})


def test_every_console_of_the_catalogue_is_linked() -> None:
    assert all(links.allowed(kind.console) for kind in kinds().values() if kind.console)
