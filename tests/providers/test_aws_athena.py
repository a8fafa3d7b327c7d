"""Tables of CloudTrail's logs, asked through boto3 of a loopback Athena that runs the queries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from athena_lab import ACCOUNT, BUCKET, TABLE, Lab, catalog, lake, projected, serving, workgroup
from aws_door import environment
from cloudtrail_records import KEY, ROLE, SESSION, USER, assumed, call, session_of
from typer.testing import CliRunner

from auditor.cli import app
from auditor.collecting import Collecting, Sought
from auditor.hunts.reading import read_logs
from auditor.hunts.wanted import Window, wanted
from auditor.models import Health, Known, Unknown
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.athena import collect, told
from auditor.providers.aws.athena.collecting import PREFIX, TABLES
from auditor.providers.aws.client import Clients, connect
from auditor.providers.aws.documents import account_key
from auditor.providers.aws.settings import Account, AthenaTable, Settings
from auditor.runs import SnapshotFolder
from auditor.tails import Sealer

NOW = datetime(2023, 1, 10, tzinfo=UTC)
SINCE = datetime(2023, 1, 1, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)
SECOND = "ASIASECONDKEYEXAMPLE"


class Told:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def start(self, step: str, total: int | None = None) -> None: ...

    def advance(self, amount: int = 1) -> None: ...

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.fixture(scope="module")
def server() -> Iterator[Lab]:
    variables = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with environment(variables), serving(Lab()) as lab:
        yield lab


@pytest.fixture
def lab(server: Lab) -> Iterator[Lab]:
    days = {f"2023/01/{day:02}" for day in range(1, 11)}
    server.__dict__ |= vars(Lab(records=[call("1")], days=days, url=server.url))
    yield server
    assert not server.wrong, server.wrong


@cache
def clients(url: str, retries: int) -> Clients:
    """Clients take longer to make than all else here."""
    return connect(Account(), Settings(endpoint=url, retries=retries))


class Answer:
    """What a collection left in the snapshot, and what it said."""

    def __init__(self, folder: Path, notes: list[str]) -> None:
        self.folder, self.notes = folder, notes
        self.snapshot = SnapshotFolder(folder / "snapshot")

    @property
    def ids(self) -> list[str]:
        pages: list[Any] = [self.snapshot.load(key) for key in self.snapshot.keys(PREFIX)]
        return [record["eventID"] for page in pages for record in page["Records"]]

    @property
    def gaps(self) -> tuple[Any, ...]:
        return told.gaps_of(self.snapshot)

    @property
    def document(self) -> Any:
        (key,) = self.snapshot.keys(TABLES)
        return self.snapshot.load(key)

    @property
    def text(self) -> str:
        return json.dumps([self.snapshot.load(key) for key in self.snapshot.keys("")])


def ask(lab: Lab, folder: Path, *names: str, since: datetime = SINCE, until: datetime = NOW,
        seconds: float = 30, retries: int = 0, **limits: Any) -> Answer:  # fmt: skip
    notes = Told()
    snapshot = SnapshotFolder(folder / "snapshot")
    tables = (AthenaTable(TABLE, "auditor"),)
    settings = Settings(endpoint=lab.url, retries=retries, athena=tables, **limits)
    collecting = Collecting(snapshot, SEALER, notes, NOW)
    snapshot.save(account_key("default"), {"Account": ACCOUNT})
    entered = {ACCOUNT: clients(lab.url, retries)}
    names = names or (USER,)
    collect(settings, Sought(names, since, until), collecting, entered, 0.001, seconds)
    return Answer(folder, notes.notes)


def test_the_events_of_named_identities_are_read(lab: Lab, tmp_path: Path) -> None:
    lab.records += [
        call("other", userIdentity={"type": "IAMUser", "arn": USER + "2", "accessKeyId": "AKIAX"}),
        call("role", userIdentity=session_of(SESSION)),
    ]
    answer = ask(lab, tmp_path, USER, ROLE)
    assert answer.ids == ["1", "role"]
    assert answer.gaps == ()
    ledger = read_logs(
        [tmp_path / "snapshot" / "logs"], "cloudtrail", wanted([USER, ROLE], SEALER),
        tmp_path / "run", SEALER, Window(), Told(), now=NOW,
    )  # fmt: skip
    assert (ledger.complete, ledger.stored) == (True, 2)


def test_sessions_are_followed_and_sessions_of_sessions(lab: Lab, tmp_path: Path) -> None:
    other = {"type": "AssumedRole", "arn": "arn:aws:sts::9:assumed-role/x/y", "accessKeyId": SECOND}
    lab.records += [
        assumed("2", SESSION),
        assumed("3", SECOND, userIdentity=session_of(SESSION)),
        call("4", userIdentity=other),
        call("early", userIdentity=other, eventTime="2023-01-01T00:00:00Z"),
    ]
    answer = ask(lab, tmp_path, KEY)
    assert sorted(answer.ids) == ["1", "2", "3", "4"]
    assert answer.document["Queries"] == lab.count("StartQueryExecution") == 3
    for secret in (KEY, SESSION, SECOND, "SECRETTOKEN", "never kept"):
        assert secret not in answer.text


def test_nothing_is_written_and_nothing_said_of_a_place(lab: Lab, tmp_path: Path) -> None:
    ask(lab, tmp_path)
    assert {name for name, _ in lab.calls} == {
        "GetWorkGroup", "GetTable", "GetPartitions", "ListBucket",
        "StartQueryExecution", "GetQueryExecution", "GetQueryResults",
    }  # fmt: skip
    (started,) = (asked for name, asked in lab.calls if name == "StartQueryExecution")
    assert started.keys() == {
        "QueryString", "WorkGroup", "QueryExecutionContext", "ClientRequestToken",
    }  # fmt: skip
    assert started["QueryString"].startswith("SELECT\n")


@pytest.mark.parametrize(
    ("group", "says"),
    [
        (
            workgroup(
                ManagedQueryResultsConfiguration={"Enabled": False},
                ResultConfiguration={"OutputLocation": "s3://acme-results/x/"},
            ),
            "writes results into s3://acme-results/x/",
        ),
        (
            workgroup(ManagedQueryResultsConfiguration=None),
            "writes results into a bucket that each",
        ),
        (workgroup() | {"State": "DISABLED"}, "is disabled"),
        ({"Name": "auditor", "State": "ENABLED"}, "nothing tells where"),
        (workgroup(EngineVersion={"EffectiveEngineVersion": "PySpark engine version 3"}), "Spark"),
        (
            workgroup(MonitoringConfiguration={"S3LoggingConfiguration": {"Enabled": True}}),
            "writes a log of its own",
        ),
    ],
    ids=["bucket", "caller's", "disabled", "unknown", "spark", "logs"],
)
def test_a_workgroup_that_writes_is_never_used(
    group: Any, says: str, lab: Lab, tmp_path: Path
) -> None:
    lab.workgroup = group
    answer = ask(lab, tmp_path)
    assert [name for name, _ in lab.calls] == ["GetWorkGroup"]
    (gap,) = answer.gaps
    assert says in gap.why
    assert "keeps results with Athena" in gap.fix
    assert f"auditor hunts query aws --table {TABLE}" in gap.fix
    assert (
        gap.what
        == "events of 2023-01-01 to 2023-01-10 in Athena table logs.cloudtrail in us-east-1"
    )


def test_a_query_that_turns_out_to_write_is_stopped(lab: Lab, tmp_path: Path) -> None:
    lab.writes = "s3://acme-results/"
    (gap,) = ask(lab, tmp_path).gaps
    assert "writes into s3://acme-results/" in gap.why
    assert lab.count("StopQueryExecution") == 1
    assert lab.count("GetQueryResults") == 0


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        (("FAILED", "SYNTAX_ERROR: line 1"), "the query failed: SYNTAX_ERROR: line 1"),
        (("CANCELLED", "Bytes scanned limit was exceeded"), "cancelled: Bytes scanned limit"),
        (("FAILED", ""), "Athena gives no reason"),
    ],
)
def test_a_query_that_fails_is_a_gap(
    ends: tuple[str, str], says: str, lab: Lab, tmp_path: Path
) -> None:
    lab.ends = ends
    (gap,) = ask(lab, tmp_path).gaps
    assert says in gap.why


def test_the_time_limit_stops_the_query(lab: Lab, tmp_path: Path) -> None:
    lab.busy = 10**9
    answer = ask(lab, tmp_path, seconds=0.2)
    (gap,) = answer.gaps
    assert "athena_minutes" in gap.why + gap.fix
    assert lab.count("StopQueryExecution") == 1
    assert answer.ids == []


def test_ctrl_c_stops_the_query(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.providers.aws.athena.running.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(lab, tmp_path)
    assert lab.count("StopQueryExecution") == 1


@pytest.mark.parametrize(
    ("denied", "says"),
    [
        ("GetWorkGroup", "athena:GetWorkGroup"),
        ("StartQueryExecution", "athena:StartQueryExecution"),
        ("GetTable", "glue:GetTable"),
        ("GetPartitions", "glue:GetPartitions"),
        ("GetQueryResults", "athena:GetQueryResults"),
    ],
)
def test_a_refused_call_is_a_gap_with_the_grant(
    denied: str, says: str, lab: Lab, tmp_path: Path
) -> None:
    lab.denied = {denied}
    (gap,) = ask(lab, tmp_path).gaps
    assert f"not allowed: {denied}" in gap.why
    assert says in gap.fix


def test_throttling_is_waited_for(lab: Lab, tmp_path: Path) -> None:
    lab.throttled = {"GetWorkGroup": 1, "StartQueryExecution": 1, "GetQueryResults": 1}
    answer = ask(lab, tmp_path, retries=3)
    assert (answer.gaps, answer.ids) == ((), ["1"])
    assert len(lab.queries) == 1


def test_more_than_a_page_is_read_whole(lab: Lab, tmp_path: Path) -> None:
    lab.records = [call(f"{number:04}") for number in range(2_345)]
    answer = ask(lab, tmp_path)
    assert sorted(answer.ids) == [f"{number:04}" for number in range(2_345)]
    assert lab.count("GetQueryResults") == 3
    assert answer.document["Events"] == 2_345


def test_the_window_has_sharp_edges(lab: Lab, tmp_path: Path) -> None:
    since, until = datetime(2023, 1, 2, 3, tzinfo=UTC), datetime(2023, 1, 2, 4, tzinfo=UTC)
    lab.records = [
        call("before", eventTime="2023-01-02T02:59:59Z"),
        call("first", eventTime="2023-01-02T03:00:00Z"),
        call("last", eventTime="2023-01-02T03:59:59Z", delivered="2023-01-03T00:05:00Z"),
        call("after", eventTime="2023-01-02T04:00:00Z"),
    ]
    assert ask(lab, tmp_path, since=since, until=until).ids == ["first", "last"]


def test_a_hostile_name_stays_a_name(lab: Lab, tmp_path: Path) -> None:
    hostile = f"arn:aws:iam::{ACCOUNT}:user/x') OR 1=1; DROP TABLE y; --"
    lab.records.append(call("hostile", userIdentity={"arn": hostile, "accessKeyId": "AKIAY"}))
    assert ask(lab, tmp_path, hostile).ids == ["hostile"]


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (("region", "string"), ("timestamp", "string")),
        (("account", "string"), ("region", "string"), ("timestamp", "string")),
        (("region", "string"), ("year", "string"), ("month", "string"), ("day", "string")),
        (("year", "int"), ("month", "int")),
        (("dt", "string"),),
    ],
    ids=lambda keys: " ".join(name for name, _ in keys) or "none",
)
def test_partitions_bound_the_query_whatever_they_are(
    keys: tuple[tuple[str, str], ...], lab: Lab, tmp_path: Path
) -> None:
    lab.table = catalog(keys)
    lab.records += [
        call("old", eventTime="2022-10-01T00:00:00Z"),
        call("late", eventTime="2023-01-09T23:59:59Z", delivered="2023-01-10T00:01:00Z"),
    ]
    answer = ask(lab, tmp_path)
    assert sorted(answer.ids) == ["1", "late"]
    assert answer.gaps == ()
    (sql,) = lab.sql
    where = sql.partition("WHERE")[2]
    assert all(f'"{name}"' in where for name, _ in keys if name not in ("region", "day"))
    if keys:
        expression = next(a["Expression"] for n, a in lab.calls if n == "GetPartitions" and
                          "Expression" in a)  # fmt: skip
        assert "2023" in expression
        assert "3 objects" not in answer.notes[0]


def test_projected_partitions_are_said_to_be_so(lab: Lab, tmp_path: Path) -> None:
    lab.table = projected()
    answer = ask(lab, tmp_path)
    assert answer.ids == ["1"]
    (note,) = answer.notes
    assert "partitions are projected, those where timestamp BETWEEN" in note
    assert "1 objects of 1.0 MB for each query" in note
    assert lab.count("GetPartitions") == 0
    (coverage,) = told.coverage(ACCOUNT, answer.snapshot)
    assert "its partitions are projected" in coverage.never


def test_a_table_of_security_lake_tells_the_same(lab: Lab, tmp_path: Path) -> None:
    lab.table, lab.workgroup = lake(), workgroup(BytesScannedCutoffPerQuery=10 << 20)
    lab.records += [
        assumed("2", SESSION, sourceIPAddress="codepipeline.amazonaws.com"),
        call("3", userIdentity=session_of(SESSION), errorCode="AccessDenied", readOnly=False),
        call("before", eventTime="2022-12-31T23:59:59Z"),
        call("first", eventTime="2023-01-01T00:00:00Z"),
        call("after", eventTime="2023-01-10T00:00:00Z"),
        call("other", userIdentity={"type": "IAMUser", "arn": USER + "2", "accessKeyId": "AKIAX"}),
    ]
    answer = ask(lab, tmp_path, KEY)
    assert sorted(answer.ids) == ["1", "2", "3", "first"]
    assert answer.gaps == ()
    assert "its partitions are Iceberg's own, bounded by the time of events" in answer.notes[0]
    assert all("accountid" not in sql for sql in lab.sql), "a key may be of any account"
    for secret in (KEY, SESSION, "SECRETTOKEN", "never kept"):
        assert secret not in answer.text
    ledger = read_logs(
        [tmp_path / "snapshot" / "logs"], "cloudtrail", wanted([KEY], SEALER),
        tmp_path / "run", SEALER, Window(), Told(), now=NOW,
    )  # fmt: skip
    assert (ledger.complete, ledger.stored) == (True, 4)


def test_a_table_of_security_lake_needs_a_limit(lab: Lab, tmp_path: Path) -> None:
    lab.table = lake()
    (gap,) = ask(lab, tmp_path).gaps
    assert "it is Iceberg, of which a query scans a part" in gap.why
    assert gap.fix.startswith("set the workgroup's limit")
    assert lab.sql == []


def test_what_it_takes_is_said_before_anything_is_scanned(lab: Lab, tmp_path: Path) -> None:
    lab.workgroup = workgroup(BytesScannedCutoffPerQuery=10 << 20)
    lab.records.append(call("2", eventTime="2023-01-05T00:00:00Z"))
    (note,) = ask(lab, tmp_path, athena_gigabytes=7).notes
    assert "partitions of 2023/01/01 to 2023/01/10" in note
    assert "2 objects of 2.0 MB for each query" in note
    assert "the workgroup stops a query at 10.0 MB" in note
    assert "at most 7.0 GB" in note
    names = [name for name, _ in lab.calls]
    assert names.index("ListBucket") < names.index("StartQueryExecution")


@pytest.mark.parametrize(
    ("cutoff", "denied", "gigabytes", "says"),
    [
        (None, set(), 0, "athena_gigabytes allows 0 bytes"),
        (2 << 30, {"ListBucket"}, 1, "may scan 2.0 GB; athena_gigabytes allows 1.0 GB"),
        (None, {"ListBucket"}, 1, "not known (no listing), and the workgroup sets no limit"),
        (10_000_000, set(), 1, "would scan 20.0 MB; the workgroup stops it at 9.5 MB"),
    ],
)
def test_a_query_that_may_scan_too_much_is_not_run(
    cutoff: int | None, denied: set[str], gigabytes: int, says: str, lab: Lab, tmp_path: Path
) -> None:
    lab.workgroup = workgroup(BytesScannedCutoffPerQuery=cutoff)
    lab.denied = denied
    lab.records = [call(f"{number:02}") for number in range(20)]
    (gap,) = ask(lab, tmp_path, athena_gigabytes=gigabytes).gaps
    assert says in gap.why
    assert lab.sql == []


def test_unlisted_bytes_are_fine_where_the_workgroup_has_a_limit(lab: Lab, tmp_path: Path) -> None:
    lab.workgroup = workgroup(BytesScannedCutoffPerQuery=10 << 20)
    lab.denied = {"ListBucket"}
    answer = ask(lab, tmp_path)
    assert answer.ids == ["1"]
    assert "bytes not known (no listing)" in answer.notes[0]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (catalog((), StorageDescriptor={"Columns": [{"Name": "eventtime", "Type": "string"}]}),
         "lacks eventSource, eventName, eventID, userIdentity.accessKeyId"),
        (catalog(TableType="VIRTUAL_VIEW"), "is a view"),
    ],
)  # fmt: skip
def test_a_table_of_something_else_is_a_gap(
    table: Any, says: str, lab: Lab, tmp_path: Path
) -> None:
    lab.table = table
    (gap,) = ask(lab, tmp_path).gaps
    assert says in gap.why
    assert lab.sql == []


def test_days_without_a_partition_are_not_seen(lab: Lab, tmp_path: Path) -> None:
    lab.days -= {"2023/01/04", "2023/01/07"}
    (gap,) = ask(lab, tmp_path).gaps
    assert gap.what == (
        "what happened on 2023/01/04, 2023/01/07, in Athena table logs.cloudtrail in us-east-1"
    )
    lab.days, lab.records = set(), [call("old", eventTime="2022-10-01T00:00:00Z")]
    (gap,) = ask(lab, tmp_path / "none").gaps
    assert "no partition" in gap.why


def test_an_answer_is_not_asked_for_again(lab: Lab, tmp_path: Path) -> None:
    ask(lab, tmp_path)
    before = len(lab.calls)
    assert ask(lab, tmp_path).ids == ["1"]
    assert len(lab.calls) == before
    ask(lab, tmp_path, USER, ROLE)
    assert len(lab.queries) == 2


def test_what_was_interrupted_goes_on_without_another_scan(lab: Lab, tmp_path: Path) -> None:
    lab.records += [assumed("2", SESSION), call("3", userIdentity={"accessKeyId": SESSION})]
    lab.denied = {"GetQueryResults"}
    assert ask(lab, tmp_path, KEY).gaps
    lab.denied = set()
    answer = ask(lab, tmp_path, KEY)
    assert answer.gaps == ()
    assert sorted(answer.ids) == ["1", "2", "3"]
    assert len(lab.queries) == 2  # one of them was begun before


def test_coverage_says_what_was_asked_and_what_it_cannot_tell(lab: Lab, tmp_path: Path) -> None:
    (coverage,) = told.coverage(ACCOUNT, ask(lab, tmp_path).snapshot)
    assert coverage.log == "Athena table logs.cloudtrail in us-east-1"
    assert coverage.enabled == Known(value=True)
    for words in (
        "trails and accounts whose logs are not below the table's location",
        f"it reads s3://{BUCKET}/",
        "asked for 2023-01-01 00:00 to 2023-01-10 00:00",
        "1 events of 2023-01-02 03:04 to 2023-01-02 03:04 came",
    ):
        assert words in coverage.never


def test_partitions_are_told_where_the_catalog_understands_no_expression(
    lab: Lab, tmp_path: Path
) -> None:
    lab.speaks = False
    lab.days |= {"2022/12/31", "2023/01/12"}
    (note,) = ask(lab, tmp_path).notes
    assert "10 partitions of 2023/01/01 to 2023/01/10" in note


def test_what_a_projection_leaves_out_is_not_seen(lab: Lab, tmp_path: Path) -> None:
    lab.table = projected()
    lab.table["Parameters"]["projection.timestamp.range"] = "2023/01/05,NOW"
    answer = ask(lab, tmp_path)
    (gap,) = answer.gaps
    assert gap.what.startswith("what happened before 2023-01-05 00:00, in Athena table")
    (coverage,) = told.coverage(ACCOUNT, answer.snapshot)
    assert "another region than us-east-1, eu-west-1" in coverage.never


def test_a_query_that_cannot_be_stopped_is_named(lab: Lab, tmp_path: Path) -> None:
    lab.busy, lab.denied = 10**9, {"StopQueryExecution"}
    (gap,) = ask(lab, tmp_path, seconds=0.1).gaps
    assert "it could not be stopped (AccessDeniedException): stop query-1 in workgroup" in gap.why


def test_a_query_that_scans_more_than_was_told_is_stopped(lab: Lab, tmp_path: Path) -> None:
    lab.scanned = 2 << 30
    (gap,) = ask(lab, tmp_path, athena_gigabytes=1).gaps
    assert gap.why == "the query had scanned 2,147,483,648 bytes already; it was stopped"
    assert lab.count("StopQueryExecution") == 1


def test_a_flag_may_be_one(lab: Lab, tmp_path: Path) -> None:
    for one in lab.table["StorageDescriptor"]["Columns"]:
        one["Type"] = "boolean" if one["Name"] == "readonly" else one["Type"]
    assert ask(lab, tmp_path).gaps == ()


def test_more_events_than_are_read_is_a_gap(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.providers.aws.athena.running.MOST_PAGES", 2)
    lab.page = 3
    lab.records = [call(f"{number}") for number in range(9)]
    answer = ask(lab, tmp_path)
    (gap,) = answer.gaps
    assert (len(answer.ids), gap.what.rpartition(",")[2]) == (5, " but for 5 that were read")


def test_columns_that_a_table_has_not_are_gaps(lab: Lab, tmp_path: Path) -> None:
    described = dict(lab.table["StorageDescriptor"])
    blind = ("responseelements", "useragent")
    described["Columns"] = [one for one in described["Columns"] if one["Name"] not in blind]
    lab.table = catalog(StorageDescriptor=described)
    lab.records.append(assumed("2", SESSION))
    answer = ask(lab, tmp_path)
    (gap,) = answer.gaps
    assert sorted(answer.ids) == ["1", "2"]
    assert gap.what.startswith("userAgent, responseElements of the events in Athena table")
    assert "sessions were not followed" in gap.why


def test_sessions_beyond_the_limit_are_a_gap(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.providers.aws.athena.collecting.DEEPEST", 1)
    lab.records.append(assumed("2", SESSION))
    (gap,) = ask(lab, tmp_path).gaps
    assert gap.what == "what 1 further sessions did, in Athena table logs.cloudtrail in us-east-1"


def test_everybody_is_not_asked_for(lab: Lab, tmp_path: Path) -> None:
    collecting = Collecting(SnapshotFolder(tmp_path / "snapshot"), SEALER, Told(), NOW)
    settings = Settings(endpoint=lab.url, athena=(AthenaTable(TABLE, "auditor"),))
    collect(settings, Sought((), SINCE, NOW), collecting, {ACCOUNT: clients(lab.url, 0)})
    (gap,) = Answer(tmp_path, []).gaps
    assert gap.why == "it is asked of named identities alone"
    assert lab.calls == []


def test_a_live_hunt_asks_it_and_reads_the_answer(lab: Lab, tmp_path: Path) -> None:
    lab.records.append(call("2", "StopLogging", eventSource="cloudtrail.amazonaws.com"))
    config = tmp_path / "config.toml"
    table = f'[{{ table = "{TABLE}", workgroup = "auditor" }}]'
    config.write_text(f'[providers.aws]\nendpoint = "{lab.url}"\nretries = 0\nathena = {table}\n')
    words = ["hunt", "--live", "--identity", USER, "--format", "json", "--since", "2023-01-01"]
    done = CliRunner().invoke(
        app, [*words, "--until", "2023-01-10", "--config", str(config)],
        env={"HOME": str(tmp_path), "AWS_MAX_ATTEMPTS": "1"},
    )  # fmt: skip
    assert done.exit_code in (0, 1), done.output
    told = json.loads(done.stdout)
    assert "StopLogging" in json.dumps(told["findings"])
    assert "2 objects of 2.0 MB for each query" in done.stderr
    dated = [gap["what"] for gap in told["coverage"]["gaps"] if "Athena" in gap["what"]]
    assert any(what.startswith("what happened on 2022/11/02") for what in dated)


def test_a_dry_run_announces_it(lab: Lab) -> None:
    settings = Settings(athena=(AthenaTable(TABLE, "auditor", "eu-west-1"),), athena_gigabytes=5)
    found = [one for one in PROVIDER.planned_calls(settings, 0) if "Athena" in one.each]
    assert {one.call for one in found} >= {"athena:StartQueryExecution", "glue:GetPartitions"}
    assert all("eu-west-1" in one.host for one in found)
    assert all(one.quota == "at most 5 GB scanned of a table" for one in found)
    asked = {f"{'athena' if 'Query' in n or 'Work' in n else 'glue'}:{n}" for n, _ in lab.calls}
    assert asked <= {one.call for one in found}
    assert not [one for one in PROVIDER.planned_calls(Settings(), 0) if "Athena" in one.each]


@pytest.mark.parametrize(
    ("group", "says"),
    [
        (workgroup(), "keeps results with Athena"),
        (workgroup(ManagedQueryResultsConfiguration=None), "not asked: workgroup auditor writes"),
    ],
)
def test_doctor_says_whether_a_table_would_be_asked(group: Any, says: str, lab: Lab) -> None:
    lab.workgroup = group
    settings = Settings(endpoint=lab.url, retries=0, athena=(AthenaTable(TABLE, "auditor"),))
    (check,) = (one for one in PROVIDER.examine(settings) if one.about == f"Athena table {TABLE}")
    assert says in check.says
    assert (check.health is Health.OK) == (says == "keeps results with Athena")


def test_doctor_survives_a_workgroup_of_a_wrong_shape(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "answer", lambda *_: (200, {}))
    settings = Settings(endpoint=lab.url, retries=0, athena=(AthenaTable(TABLE, "auditor"),))
    (check,) = (one for one in PROVIDER.examine(settings) if one.about == f"Athena table {TABLE}")
    assert check.health is Health.WARN
    assert "not of the shape that AWS documents" in check.says


def test_the_history_reaches_too_short_unless_tables_show_every_account(
    lab: Lab, tmp_path: Path
) -> None:
    history = "CloudTrail event history"
    assert history in PROVIDER.log_days(Answer(tmp_path, []).snapshot)
    answer = ask(lab, tmp_path)
    assert history not in PROVIDER.log_days(answer.snapshot)
    assert PROVIDER.log_names(Settings(), [ROLE, "mona"], answer.snapshot) == {ROLE}
    answer.snapshot.save(account_key("other"), {"Account": "999988887777"})
    assert history in PROVIDER.log_days(answer.snapshot)


def test_it_stands_among_the_logs_of_its_account(lab: Lab, tmp_path: Path, world: Any) -> None:
    document = ask(lab, tmp_path).document
    world.write()
    world.snapshot.save(f"{TABLES}{world.account}/us-east-1/{TABLE}", document)
    (shown,) = (one for one in world.directory().logs if "Athena" in one.log)
    assert shown.log == "Athena table logs.cloudtrail in us-east-1"


def test_a_table_that_was_not_asked_is_no_log_without_events(lab: Lab, tmp_path: Path) -> None:
    lab.workgroup = workgroup(ManagedQueryResultsConfiguration=None)
    answer = ask(lab, tmp_path)
    (coverage,) = told.coverage(ACCOUNT, answer.snapshot)
    assert coverage.enabled == coverage.retention_days == Unknown(*answer.gaps)
    assert coverage.never == "anything: it gave no whole answer"


def test_nobody_is_asked_about_without_a_table_or_a_name(lab: Lab, tmp_path: Path) -> None:
    answer = ask(lab, tmp_path, "mona", "ci@acme.iam.gserviceaccount.com")
    assert (lab.calls, answer.gaps, answer.notes) == ([], (), [])
