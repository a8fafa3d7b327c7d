from __future__ import annotations

import io
import logging
import subprocess
import sys
import time

import pytest

from auditor.console import HIDDEN, Lines, Redactor, progress_on, start_logging

KEY_ID = "AKIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"key {KEY_ID} found", "MPLE"),
        ("Circle-Token: abc123def", "abc123def"),
        ("{'Circle-Token': 'abc123def'}", "abc123def"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("token ghp_0123456789abcdefABCDEF used", "0123456789abcdef"),
        ("CCIPAT_AbCdEfGh_0123456789", "AbCdEfGh"),
        ("my-registered-token and more", "my-registered-token"),
    ],
)
def test_secrets_are_hidden(text: str, gone: str) -> None:
    redactor = Redactor()
    redactor.hide("my-registered-token")
    cleaned = redactor.clean(text)
    assert gone not in cleaned
    assert HIDDEN in cleaned


def test_an_access_key_id_keeps_what_tells_it_apart() -> None:
    assert Redactor().clean(KEY_ID) == f"AKIAIOSFODNN7EXA{HIDDEN}"


@pytest.mark.parametrize("text", ["", "plain words", "a", "AKIA is a prefix"])
def test_other_text_is_left_alone(text: str) -> None:
    redactor = Redactor()
    redactor.hide("a")
    assert redactor.clean(text) == text


def test_log_records_and_tracebacks_are_cleaned() -> None:
    stream = io.StringIO()
    start_logging(2, stream)
    logger = logging.getLogger("auditor.test")
    try:
        raise ValueError(f"planted {KEY_ID}")
    except ValueError:
        logger.exception("failed with %s", KEY_ID)
    logging.getLogger("auditor").handlers.clear()
    assert "ValueError" in stream.getvalue()
    assert "MPLE" not in stream.getvalue()


def test_what_an_sdk_warns_of_does_not_pass_the_redactor_by() -> None:
    told = "from auditor.console import start_logging; import logging; start_logging(0);"
    warn = "logging.getLogger('azure.identity').warning('token of a stranger')"
    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for code in (told + warn, f"import logging; {warn}")
    ]
    assert done[0].stderr == ""
    assert "token of a stranger" in done[1].stderr, "Python's last resort prints it otherwise"


def test_plain_progress_speaks_every_ten_seconds() -> None:
    stream, times = io.StringIO(), iter([0.0, 1.0, 11.0, 11.0, 12.0])
    lines = Lines(stream, clock=lambda: next(times))
    lines.start("reading contexts", 34)
    lines.advance()
    lines.advance()
    lines.note(f"account of {KEY_ID}")
    assert stream.getvalue().splitlines() == [
        "reading contexts (34) ...",
        "reading contexts: 2 of 34",
        f"account of AKIAIOSFODNN7EXA{HIDDEN}",
    ]


def test_a_pipe_gets_no_control_codes() -> None:
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress.start("step")
    assert stream.getvalue() == "step ...\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_for_the_step_under_way() -> None:
    stream = Terminal()
    with progress_on(stream) as progress:
        progress.start("reading contexts", 16)
        progress.advance(4)
        progress.note(f"[bold]note[/bold] of {KEY_ID}")
        progress.start("drawing conclusions")
        time.sleep(0.3)
    drawn = stream.getvalue()
    assert "reading contexts" in drawn
    assert f"[bold]note[/bold] of AKIAIOSFODNN7EXA{HIDDEN}" in drawn
    assert "16" not in drawn.rpartition("drawing conclusions")[2].partition("\n")[0]
