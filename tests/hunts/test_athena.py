"""The query for Athena, which nobody here can run, and reading what it answers as a file."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlglot
from cloudtrail_records import KEY, ROLE, SESSION, USER, call, session_of
from readings import Read, Reading
from sqlglot import exp
from typer.testing import CliRunner

from auditor.cli import app
from auditor.errors import ConfigError
from auditor.providers.aws.athena import query

SINCE, UNTIL = datetime(2022, 12, 1, tzinfo=UTC), datetime(2023, 1, 10, tzinfo=UTC)


def parsed(text: str) -> list[exp.Select]:
    found = sqlglot.parse(text, dialect="athena")
    return [one for one in found if isinstance(one, exp.Select)]


def test_it_is_bounded_by_day_and_account() -> None:
    text = query([USER, ROLE], SINCE, UNTIL, "logs.trails")
    (statement,) = parsed(text)
    assert [table.sql() for table in statement.find_all(exp.Table)] == ['"logs"."trails"']
    assert "\"timestamp\" BETWEEN '2022/12/01' AND '2023/01/11'" in text
    assert "\"account\" IN ('111122223333')" in text
    assert text.count(USER) == 2
    assert "Not run" in text


def test_a_key_may_be_of_any_account() -> None:
    text = query([USER, KEY, "mona"], SINCE, UNTIL, "trails")
    assert "account" not in text.partition("WHERE")[2]
    assert f"useridentity.accesskeyid IN ('{KEY}')" in text
    assert "mona" not in text


def test_hostile_names_stay_names() -> None:
    hostile = "arn:aws:iam::111122223333:user/x'; DROP TABLE y; --"
    (statement,) = parsed(query([hostile], SINCE, UNTIL, "trails"))
    assert hostile in {one.this for one in statement.find_all(exp.Literal)}
    with pytest.raises(ConfigError):
        query([USER], SINCE, UNTIL, "trails; DROP TABLE y")


def test_a_table_of_security_lake_is_known_by_its_name() -> None:
    text = query([USER], SINCE, UNTIL, "lake.amazon_security_lake_table_us_east_1_s3_data_2_0")
    (statement,) = parsed(text)
    assert "time_dt >= TIMESTAMP '2022-12-01 00:00:00'" in text
    assert "\"accountid\" IN ('111122223333')" in text
    assert 'api.operation AS "eventName"' in text
    assert len(statement.selects) == 25


def test_many_names_are_few_queries_that_athena_takes() -> None:
    names = [f"arn:aws:iam::111122223333:user/u{number}" for number in range(5_000)]
    found = query(names, SINCE, UNTIL, "trails").split(";\n")[:-1]
    assert len(found) == len(parsed(query(names, SINCE, UNTIL, "trails"))) == 2
    assert all(len(one.encode()) < 262_144 for one in found)  # each scans the table once


def test_the_answer_is_read(logs: Path, read: Read) -> None:
    columns = re.findall(r'AS "([^"]+)"', query([USER], SINCE, UNTIL, "trails"))
    records = [
        call("1", requestParameters='{"bucketName": "artifacts"}', readOnly="true"),
        call("2", userIdentity=session_of(SESSION), errorCode="AccessDenied", readOnly=None),
    ]
    with (logs / "result.csv").open("w", newline="") as file:
        rows = csv.writer(file, quoting=csv.QUOTE_ALL)
        rows.writerow(columns)
        for record in records:
            rows.writerow([_at(record, name.split(".")) for name in columns])
    _told(read(source="cloudtrail"))


def test_a_whole_table_is_read_too(logs: Path, read: Read) -> None:
    """What `SELECT *` answers: structs in Hive's way."""
    user = f"{{type=IAMUser, principalid=AIDA, arn={USER}, accountid=1, accesskeyid={KEY}}}"
    role = (
        f"{{type=AssumedRole, arn={ROLE}/x, accesskeyid={SESSION}, username=null, sessioncontext="
        f"{{attributes={{mfaauthenticated=false}}, sessionissuer={{type=Role, arn={ROLE}}}}}}}"
    )
    plain = "2023-01-02T03:04:05Z,s3.amazonaws.com,ListBuckets,198.51.100.7,aws-cli/2"
    request = '"{""bucketName"": ""artifacts""}"'
    (logs / "result.csv").write_text(
        "useridentity,requestparameters,errorcode,eventid,readonly,"
        "eventtime,eventsource,eventname,sourceipaddress,useragent\n"
        f'"{user}",{request},,1,true,{plain}\n"{role}",,AccessDenied,2,,{plain}\n'
    )
    _told(read(source="cloudtrail"))


def _at(record: object, path: list[str]) -> str:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return "" if record is None else str(record)


def _told(reading: Reading) -> None:
    assert reading.ledger.complete, reading.ledger.troubled
    assert reading.rows(
        "SELECT event_uid, actor_uid, outcome, src_ip, resource, read_only FROM events ORDER BY ALL"
    ) == [
        ("1", USER, "success", "198.51.100.7", "artifacts", True),
        ("2", ROLE, "denied", "198.51.100.7", None, None),
    ]


def test_the_command_prints_it() -> None:
    words = ["hunts", "query", "aws", "--table", "logs.trails", "--identity", USER]
    result = CliRunner().invoke(app, [*words, "--since", "2023-01-01", "--until", "2023-01-10"])
    assert result.exit_code == 0, result.output
    assert "BETWEEN '2022/11/02' AND '2023/01/11'" in result.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gcp", "--table", "t", "--identity", USER], "gcp has no query of logs"),
        (["nobody", "--table", "t"], "provider nobody is unknown"),
        (["aws", "--table", "t"], "no identity of AWS is named"),
        (["aws", "--table", "a b", "--identity", USER], "is no table"),
    ],
)
def test_what_it_cannot_say(words: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["hunts", "query", *words])
    assert result.exit_code == 2
    assert says in result.stderr
