"""What is written down of calls: each of them, and no value."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import requests
from scripted import Said, serving

from auditor import calls
from auditor.console import REDACTOR

SECRET = "Pl4ntedTokenOfACall"


def lines(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / calls.NAME).read_text().splitlines()]


def test_every_call_is_a_line_without_values(tmp_path: Path) -> None:
    REDACTOR.hide(SECRET)
    calls.doing("sts:GetCallerIdentity")  # of an earlier run, whose call was never made
    with serving({"/a": Said({}), f"/{SECRET}": Said({}, 404)}) as server:
        with calls.written_to(tmp_path):
            for path in ("/a?token=" + SECRET, "/" + SECRET):
                requests.get(server.url + path, headers={"Circle-Token": SECRET}, timeout=5).close()
            calls.doing("iam:ListUsers")
            requests.post(server.url + "/a", data=SECRET, timeout=5).close()
        requests.get(server.url + "/a", timeout=5).close()
        host = server.url.removeprefix("http://")
    told = lines(tmp_path)
    assert [(one["method"], one["host"], one["path"], one["status"]) for one in told] == [
        ("GET", host, "/a", 200),
        ("GET", host, "/[hidden]", 404),
        ("POST", host, "/a", 501),
    ]
    assert [one.get("operation") for one in told] == [None, None, "iam:ListUsers"]
    assert all(one["time"].endswith("+00:00") for one in told)
    assert SECRET not in (tmp_path / calls.NAME).read_text()
    assert (tmp_path / calls.NAME).stat().st_mode & 0o777 == 0o600


def test_a_call_that_nobody_answered_is_told_by_its_client(tmp_path: Path) -> None:
    with calls.written_to(tmp_path):
        calls.told("GET", f"https://u:{SECRET}@h.example:8443/a/b?c={SECRET}")
    with calls.written_to(tmp_path):  # a resumed run goes on in the same file
        calls.told("GET", "https://h.example/" + "x" * 9999, 503)
    first, second = lines(tmp_path)
    assert (first["host"], first["path"], first["status"]) == ("h.example:8443", "/a/b", None)
    assert second["status"] == 503
    assert len(second["path"]) <= 500


def test_afterwards_everything_logs_as_before(tmp_path: Path) -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    before = (logger.level, logger.propagate, list(logger.handlers))
    with calls.written_to(tmp_path):
        logger.debug("a line of another form %s", SECRET)
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
    assert lines(tmp_path) == []
