"""GitHub's audit log through PyGithub itself, from a loopback server with pages of two events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from github_door import OWNER, VARIABLE, Door, door
from other_records import github_event

from auditor.collecting import Collecting, Silent, Sought
from auditor.demo.wire import Reply, Request
from auditor.hunts.reading import read_logs
from auditor.hunts.wanted import Window
from auditor.providers import LogCollector
from auditor.providers.github import PROVIDER, events
from auditor.runs import SnapshotFolder
from auditor.tails import Sealer

NOW = datetime(2023, 1, 10, 12, tzinfo=UTC)
SINCE = datetime(2023, 1, 2, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)
SECRET = "ghp_" + "a" * 36
DAY = [github_event(str(n), config={"secret": "never kept"}, user_agent=SECRET) for n in range(5)]
BUSY = "2023-01-03"


class Log:
    """One busy day; it refuses a day that it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.days: list[str] = []
        self.refused = ""
        self.url = ""

    def __call__(self, request: Request, _: Any) -> Reply:
        assert request.path.endswith("/orgs/acme-rockets/audit-log")
        assert request.query["include"] == "all"
        day = request.query["phrase"].removeprefix("created:")
        begin = int(request.query.get("after", 0))
        self.days.append(day)
        if day == self.refused:
            return Reply(403, {"message": "Must have admin rights"})
        found = DAY if day == BUSY else []
        after = f"{self.url}{request.path}?include=all&phrase=created:{day}&after={begin + 2}"
        more = {"Link": f'<{after}>; rel="next"'} if begin + 2 < len(found) else {}
        return Reply(200, found[begin : begin + 2], more)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setenv(VARIABLE, OWNER)
    return Log()


def collected(
    github: Door,
    log: Log,
    folder: Path,
    *names: str,
    most_pages: int = 100,
    since: datetime = SINCE,
) -> SnapshotFolder:
    log.url = github.server.url
    snapshot = SnapshotFolder(folder)
    collecting = Collecting(snapshot, SEALER, Silent(), NOW)
    prefix = events.collect(github.settings(), Sought(names, since, NOW), collecting, most_pages)
    assert prefix == events.PREFIX
    return snapshot


def test_days_are_read_page_by_page_and_once(tmp_path: Path, log: Log) -> None:
    assert isinstance(PROVIDER, LogCollector)
    with door(tmp_path, log) as github:
        snapshot = collected(github, log, tmp_path / "run" / "snapshot")
        assert sorted(set(log.days)) == [f"2023-01-{day:02}" for day in range(2, 11)]
        assert log.days.count(BUSY) == 3
        log.days.clear()
        collected(github, log, tmp_path / "run" / "snapshot")
        assert sorted(log.days) == ["2023-01-09", "2023-01-10"]  # events may still come
    assert PROVIDER.log_gaps(snapshot) == ()
    ledger = read_logs(
        [tmp_path / "run" / "snapshot" / "logs"], "github", None, tmp_path / "run", SEALER,
        Window(), Silent(), now=NOW,
    )  # fmt: skip
    assert ledger.complete, ledger.troubled
    assert ledger.stored == 5
    everything = json.dumps([snapshot.load(key) for key in snapshot.keys("")])
    assert SECRET not in everything
    assert "never kept" not in everything


def test_a_refused_day_is_a_gap(tmp_path: Path, log: Log) -> None:
    log.refused = "2023-01-04"
    with door(tmp_path, log) as github:
        snapshot = collected(github, log, tmp_path / "run")
    [gap] = PROVIDER.log_gaps(snapshot)
    assert "2023-01-04" in gap.what
    assert "Must have admin rights" in gap.why


def test_a_day_is_bounded(tmp_path: Path, log: Log) -> None:
    with door(tmp_path, log) as github:
        [gap] = PROVIDER.log_gaps(collected(github, log, tmp_path / "run", most_pages=2))
    assert "only the latest 4 events" in gap.why


def test_without_a_token_every_day_is_missing(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    with door(tmp_path, log) as github:
        monkeypatch.delenv(VARIABLE)
        [gap] = PROVIDER.log_gaps(collected(github, log, tmp_path / "run"))
    assert VARIABLE in gap.why
    assert log.days == []


LOGINS = ("otto-lift", "ci[bot]", f"AKIA{'A' * 16}", "arn:aws:iam::1:user/ci")


def test_older_days_are_asked_for_logins_alone(tmp_path: Path, log: Log) -> None:
    since = datetime(2022, 12, 1, tzinfo=UTC)
    with door(tmp_path, log) as github:
        collected(github, log, tmp_path / "run", *LOGINS, since=since)
        span = "2022-12-01..2023-01-01"
        actors = [f"actor:{login} created:{span}" for login in ("ci[bot]", "otto-lift")]
        days = [f"2023-01-{day:02}" for day in range(2, 11)]  # with git events: everybody's
        assert sorted(set(log.days)) == [*days, *actors]
        log.days.clear()
        collected(github, log, tmp_path / "run", *LOGINS, since=since)
        assert sorted(log.days) == ["2023-01-09", "2023-01-10"]


@pytest.mark.parametrize("name", ["acme-rockets/orbit/key/9", "acme-rockets/credential/7"])
def test_what_is_no_actor_takes_everybodys_events(name: str, tmp_path: Path, log: Log) -> None:
    since = datetime(2022, 12, 1, tzinfo=UTC)
    with door(tmp_path, log) as github:
        collected(github, log, tmp_path / "run", "otto-lift", name, since=since)
    assert len(set(log.days)) == 41
    assert not any("actor" in day for day in log.days)


def test_which_names_may_be_githubs() -> None:
    theirs = {"otto-lift", "ci[bot]", "acme-rockets/orbit/key/9"}
    others = {*LOGINS[2:], "a@b.example", "5f9d7e6a-0000-4000-8000-00000000000a"}
    assert events.askable({*theirs, *others}) == theirs
