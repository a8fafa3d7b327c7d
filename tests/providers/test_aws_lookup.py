"""CloudTrail's event history through boto3 itself, against a loopback server that has one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cloudtrail_records import KEY, ROLE, SESSION, USER, assumed, call, session_of
from typer.testing import CliRunner

from auditor.cli import app
from auditor.collecting import Collecting, Silent, Sought
from auditor.hunts.reading import read_logs
from auditor.hunts.wanted import Window, wanted
from auditor.models import Health
from auditor.providers import LogCollector
from auditor.providers.aws import PROVIDER, lookup
from auditor.providers.aws.collect import enter_all
from auditor.providers.aws.settings import Settings
from auditor.runs import SnapshotFolder
from auditor.tails import Sealer

ACCOUNT = "111122223333"
NOW = datetime(2023, 1, 10, tzinfo=UTC)
SINCE = datetime(2023, 1, 1, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)
SECOND = "ASIASECONDKEYEXAMPLE"
REGIONS = ("eu-west-1", "us-east-1")

HISTORY = {
    "us-east-1": [
        call("1"),
        assumed("2", SESSION, requestParameters={"roleArn": ROLE, "externalId": "never kept"}),
        call("3", userIdentity=session_of(SESSION)),
        assumed("4", SECOND, userIdentity=session_of(SESSION)),
        *(call(f"more {n}") for n in range(120)),
    ],
    "eu-west-1": [call("5", userIdentity=session_of(SECOND), awsRegion="eu-west-1")],
}


class History:
    """What the server knows, what it was asked, and what it refuses."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.refused: set[tuple[str, str]] = set()
        self.broken: set[tuple[str, str]] = set()
        self.identity = _IDENTITY
        self.url = ""

    def lookup(self, region: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        [attribute] = request["LookupAttributes"]
        name, value = attribute["AttributeKey"], attribute["AttributeValue"]
        self.asked.append((region, name, value))
        if (region, value) in self.broken:
            return 400, {"__type": "InternalFailure", "message": "try later"}
        if (region, value) in self.refused:
            return 400, {"__type": "AccessDeniedException", "message": "not allowed"}
        found = [r for r in HISTORY.get(region, []) if _matches(r, name, value)]
        begin = int(request.get("NextToken", 0))
        page = [
            {"EventId": r["eventID"], "AccessKeyId": KEY, "CloudTrailEvent": json.dumps(r)}
            for r in found[begin : begin + 50]
        ]
        more = {"NextToken": str(begin + 50)} if begin + 50 < len(found) else {}
        return 200, {"Events": page, **more}


def _matches(record: dict[str, Any], name: str, value: str) -> bool:
    identity = record["userIdentity"]
    if name == "AccessKeyId":
        return bool(identity["accessKeyId"] == value)
    if name == "Username":
        return bool(identity.get("userName") == value)
    return bool((record["requestParameters"] or {}).get("roleArn") == value)


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    known = History()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            region = self.headers["Authorization"].split("/")[2]
            if "LookupEvents" in self.headers.get("X-Amz-Target", ""):
                status, answer = known.lookup(region, json.loads(body))
                self._answer(status, json.dumps(answer))
            elif b"GetCallerIdentity" in body:
                self._answer(200, known.identity)
            else:
                items = "".join(f"<item><regionName>{r}</regionName></item>" for r in REGIONS)
                self._answer(200, _REGIONS.format(items))

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    known.url = f"http://127.0.0.1:{server.server_port}"
    yield known
    server.shutdown()
    server.server_close()


_IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/a</Arn>"
    f"<UserId>A</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)
_REGIONS = "<DescribeRegionsResponse><regionInfo>{}</regionInfo></DescribeRegionsResponse>"


def collected(
    folder: Path, history: History, *names: str, most_sessions: int = 500, parallel: int = 4
) -> SnapshotFolder:
    snapshot = SnapshotFolder(folder)
    settings = Settings(endpoint=history.url, retries=0, parallel=parallel)
    collecting = Collecting(snapshot, SEALER, Silent(), NOW)
    entered = dict(enter_all(settings, collecting))
    lookup.collect(settings, Sought(names, SINCE, NOW), collecting, entered, 0, most_sessions)
    return snapshot


def test_the_provider_offers_it() -> None:
    assert isinstance(PROVIDER, LogCollector)


@pytest.mark.parametrize(("name", "events"), [(USER, 125), (KEY, 125), (ROLE, 4)])
def test_users_keys_and_roles_are_followed_into_every_region(
    name: str, events: int, tmp_path: Path, history: History
) -> None:
    snapshot = collected(tmp_path / "run" / "snapshot", history, name)
    assert lookup.gaps_of(snapshot) == ()
    ledger = read_logs(
        [tmp_path / "run" / "snapshot" / "logs"], "cloudtrail",
        wanted([USER, KEY, ROLE], SEALER), tmp_path / "run", SEALER, Window(), Silent(), now=NOW,
    )  # fmt: skip
    assert ledger.complete, ledger.troubled
    assert ledger.stored == events


def test_nothing_secret_is_written(tmp_path: Path, history: History) -> None:
    snapshot = collected(tmp_path, history, USER)
    everything = json.dumps([[key, snapshot.load(key)] for key in snapshot.keys("")])
    for secret in (KEY, SESSION, SECOND, "SECRETTOKEN", "never kept"):
        assert secret not in everything
        assert not [path for path in tmp_path.rglob("*") if secret in str(path)]
    assert SEALER.key_name(SESSION) in everything


def test_a_refusal_is_a_gap_and_the_rest_is_read(tmp_path: Path, history: History) -> None:
    history.refused = {("eu-west-1", "ci")}
    snapshot = collected(tmp_path, history, USER)
    [gap] = lookup.gaps_of(snapshot)
    assert "Username ci in eu-west-1" in gap.what
    assert "AccessDenied" in gap.why
    assert "cloudtrail:LookupEvents" in gap.fix


def test_what_was_read_is_not_asked_again(tmp_path: Path, history: History) -> None:
    history.refused = {("eu-west-1", "ci")}
    collected(tmp_path, history, USER)
    history.refused, history.asked = set(), []
    assert lookup.gaps_of(collected(tmp_path, history, USER)) == ()
    assert history.asked == [("eu-west-1", "Username", "ci")]


def test_an_interrupted_run_follows_its_sessions_again(tmp_path: Path, history: History) -> None:
    snapshot = collected(tmp_path, history, USER)
    [key] = snapshot.keys(f"{lookup.PREFIX}{ACCOUNT}/us-east-1/Username")
    snapshot.save(key, {**(snapshot.load(key) or {}), "Followed": False})
    history.asked = []
    collected(tmp_path, history, USER)
    assert history.asked == [("us-east-1", "Username", "ci")] * 3  # its pages; the rest is there


def test_sessions_that_are_not_followed_are_a_gap(tmp_path: Path, history: History) -> None:
    [gap] = lookup.gaps_of(collected(tmp_path, history, USER, most_sessions=0))
    assert "1 sessions were not followed" in gap.why


def test_more_time_is_asked_for_again(tmp_path: Path, history: History) -> None:
    snapshot = collected(tmp_path, history, USER)
    for key in list(snapshot.keys(lookup.PREFIX)):
        snapshot.save(key, {**(snapshot.load(key) or {}), "Until": "2023-01-05T00:00:00+00:00"})
    history.asked = []
    collected(tmp_path, history, USER)
    assert ("eu-west-1", "Username", "ci") in history.asked


def test_regions_do_not_wait_for_one_another(tmp_path: Path, history: History) -> None:
    others = [USER.replace("/ci", f"/u{number}") for number in range(4)]
    collected(tmp_path, history, *others, parallel=1)
    assert [region for region, *_ in history.asked] == [*REGIONS] * 4


def test_names_of_others_are_not_asked_for(tmp_path: Path, history: History) -> None:
    collected(tmp_path, history, USER.replace(ACCOUNT, "999988887777"), "mona", "a@b.example")
    assert history.asked == []


def test_a_question_shows_no_key_id() -> None:
    assert SEALER.key_name(KEY) in lookup.Question("AccessKeyId", KEY, NOW, NOW).whom(SEALER)
    assert KEY not in repr(lookup.Question("AccessKeyId", KEY, NOW, NOW))


def test_calls_keep_their_pace() -> None:
    pace = lookup.Pace(0.05)
    begin = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: pace.wait(), range(5)))
    assert time.monotonic() - begin >= 0.2


def test_a_hunt_asks_live_and_says_what_was_refused(tmp_path: Path, history: History) -> None:
    history.refused = {("eu-west-1", "ci")}
    history.broken = {("us-east-1", "ci")}
    config = tmp_path / "config.toml"
    config.write_text(f'[providers.aws]\nendpoint = "{history.url}"\nretries = 0\n')
    words = ["hunt", "--live", "--identity", USER, "--since", "2023-01-01", "--format", "json"]
    words += ["--identity", "a@b.example", "--identity", USER.replace(ACCOUNT, "999988887777")]
    words += ["--identity", KEY]
    done = CliRunner().invoke(
        app, [*words, "--until", "2023-01-09", "--config", str(config)],
        env={"HOME": str(tmp_path), "AWS_MAX_ATTEMPTS": "1"},
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert "Username ci in eu-west-1" in json.dumps(told)
    assert {region for region, *_ in history.asked} == set(REGIONS)
    fixes = [gap["fix"] for gap in told["coverage"]["gaps"]]
    assert any(fix.startswith("hunt again with --live --from RUN") for fix in fixes)
    assert not any("--resume" in fix for fix in fixes)  # a hunt has no such option
    whats = [gap["what"] for gap in told["coverage"]["gaps"]]
    assert any("in the CloudTrail event history" in what for what in whats)  # it is years ago
    strangers = "a@b.example, arn:aws:iam::999988887777:user/ci"
    assert f"what {strangers} did, in the providers' own logs" in whats
    [asked] = told["coverage"]["asked"]  # whom nobody could ask about is not among them
    key = next(name for name in asked["names"] if name != USER)
    assert sorted(asked["names"]) == sorted([USER, key])
    assert KEY[-4:].casefold() not in key
    assert asked["source"] == "cloudtrail"


def test_doctor_survives_an_identity_of_a_wrong_shape(history: History) -> None:
    history.identity = _IDENTITY.replace("Arn>", "Name>")
    (check,) = PROVIDER.examine(Settings(endpoint=history.url, retries=0))
    assert check.health is Health.FAIL
    assert "not of the shape that AWS documents" in check.says
    assert check.fix.startswith("look at endpoint")
