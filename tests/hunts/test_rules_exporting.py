# ruff: noqa: E501 (queries of one line)
"""Hunts in other systems' words: what can be said is, and what cannot is named, never widened."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from hunt_cases import table
from typer.testing import CliRunner

from auditor.cli import app
from auditor.errors import ConfigError
from auditor.hunts.rules.alerts import WORTH, alerts, left_out
from auditor.hunts.rules.dialects import DIALECTS, translate
from auditor.hunts.rules.exporting import Exported, export, targets
from auditor.hunts.rules.loading import compile_rule, packaged

SIEMS = ("splunk", "kusto", "elasticsearch")


def exported(target: str) -> dict[str, Exported]:
    return {one.hunt.title: one for one in export(packaged(), target)}


@pytest.mark.parametrize(
    ("target", "title", "query"),
    [
        (
            "splunk",
            "Access key made",
            (
                'search sourcetype="aws:cloudtrail" eventSource="iam.amazonaws.com"'
                ' eventName="CreateAccessKey" NOT errorCode=*'
            ),
        ),
        (
            "kusto",
            "Access key made",
            (
                'AWSCloudTrail\n| where EventSource =~ "iam.amazonaws.com" and EventName =~ '
                '"CreateAccessKey" and ErrorCode =~ ""'
            ),
        ),
        (
            "kusto",
            "Many repositories cloned",
            (
                'GitHubAuditLogPolling_CL\n| where action_s in~ ("git.clone", "git.fetch", "git.pull",'
                ' "repo.download_zip")\n| summarize many = dcount(repo_s) by bin(TimeGenerated, 3600s),'
                " actor_s, actor_ip_s\n| where many >= 10"
            ),
        ),
        (
            "elasticsearch",
            "Refused by many services of Google Cloud",
            (
                "from logs-gcp.audit-* metadata _id, _index, _version | where gcp.audit.status.code==7"
                "\n| stats many = count_distinct(service.name) by span = "
                "bucket(@timestamp, 600 seconds),"
                " client.user.email, source.ip\n| where many >= 3"
            ),
        ),
        (
            "splunk",
            "Pushes to a repository that is new for it",
            (
                'search sourcetype="github:enterprise:audit" action="git.push"\n| stats min(_time) as '
                'first by "actor", "repo"\n| where first >= relative_time(now(), "-1d@d")'
            ),
        ),
    ],
)
def test_queries_of_siems(target: str, title: str, query: str) -> None:
    assert exported(target)[title].query == query


@pytest.mark.parametrize("target", SIEMS)
def test_what_a_siem_cannot_say_is_named(target: str) -> None:
    found = exported(target).values()
    assert sum(bool(one.query) for one in found) >= 100
    for one in found:
        assert bool(one.query) != bool(one.why)
        assert not re.search(r"(?<![.\w])outcome", one.query)
    why = exported(target)["Clones from elsewhere than CI"].why
    assert why == "expected_network needs what only the hunt itself knows"


@pytest.mark.parametrize("target", DIALECTS)
def test_every_hunt_is_sql_or_says_why_not(target: str) -> None:
    found = exported(target).values()
    assert all(bool(one.query) != bool(one.why) for one in found)
    assert sum(bool(one.query) for one in found) >= (100 if target == "bigquery" else 137)


@pytest.mark.parametrize(
    ("dialect", "sql", "said"),
    [
        ("spark", "count(DISTINCT lower(a)) OVER (PARTITION BY b)", "SIZE(COLLECT_SET(LOWER(a)) OVER (PARTITION BY b))"),
        ("clickhouse", "lower(a)", "lowerUTF8(a)"),
        ("clickhouse", "TRY_CAST(a AS DOUBLE) = 7", "toFloat64OrNull(a) = 7"),
        ("clickhouse", "epoch(a)", "toUnixTimestamp(a)"),
        ("snowflake", "TRY_CAST(a AS DOUBLE) = 7", "TRY_TO_DOUBLE(a) = 7"),
        ("snowflake", "regexp_matches(a, '(?i)x$')", "REGEXP_INSTR(a, 'x$', 1, 1, 0, 'i') > 0"),
        ("snowflake", "regexp_matches(a, 'x$')", "REGEXP_INSTR(a, 'x$', 1, 1, 0, 'c') > 0"),
        ("trino", "count(DISTINCT a) OVER (PARTITION BY b)", "CARDINALITY(ARRAY_EXCEPT(ARRAY_AGG(a) OVER (PARTITION BY b), ARRAY[NULL]))"),
    ],
)  # fmt: skip
def test_what_engines_say_otherwise(dialect: str, sql: str, said: str) -> None:
    assert translate(f"SELECT {sql}", dialect) == f"SELECT {said}"


@pytest.mark.parametrize("dialect", ["bigquery", "snowflake"])
def test_what_an_engine_has_no_words_for_is_refused(dialect: str) -> None:
    with pytest.raises(ValueError, match="sliding window"):
        translate("SELECT count(DISTINCT a) OVER (PARTITION BY b)", dialect)


def test_the_exported_sql_runs_on_the_engine_at_hand() -> None:
    connection = table("aws", {"events": [{"action": "ListBuckets"}]})
    for one in exported("duckdb").values():
        connection.execute(one.query).fetchall()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_exported_is_sql_of_the_dialect(dialect: str) -> None:
    for one in exported(dialect).values():
        if one.query:
            sqlglot.parse_one(one.query, read=dialect)


def test_sigma_comes_back_as_the_same_hunts() -> None:
    text = "---\n".join(one.query for one in exported("sigma").values())
    again = [compile_rule(document, "again") for document in yaml.safe_load_all(text)]
    assert [hunt.condition for hunt in again] == [hunt.condition for hunt in packaged()]


def test_an_unknown_target_lists_the_known() -> None:
    with pytest.raises(ConfigError) as caught:
        list(export(packaged(), "abacus"))
    assert all(target in caught.value.hint for target in targets())


def test_every_telling_hunt_of_a_platform_has_an_alert_or_a_reason() -> None:
    told = {one.hunt.id for one in alerts(packaged())}
    left = {hunt.id: why for hunt, why in left_out(packaged())}
    assert told.isdisjoint(left)
    assert told | set(left) == {h.id for h in packaged() if h.platform and h.level in WORTH}
    assert len(left) <= 8
    by_title = {one.hunt.title: one.filter for one in alerts(packaged())}
    assert '{"suffix": ":policy/AdministratorAccess"}' in by_title["Administrator made"]
    assert by_title["Credential added to an application"].count(" contains ") == 3
    assert "=~" in by_title["Foreign identities let in"]


def test_alerts_are_filters_of_telling_hunts_only() -> None:
    found = list(alerts(packaged()))
    assert set(Counter(one.hunt.platform for one in found)) == {
        "aws", "azure", "circleci", "gcp", "github",
    }  # fmt: skip
    by_title = {one.hunt.title: one for one in found}
    pattern = json.loads(by_title["Access key made"].filter)
    assert pattern["detail"] == {
        "eventName": ["CreateAccessKey"],
        "eventSource": ["iam.amazonaws.com"],
        "errorCode": [{"exists": False}],
    }
    assert "Lists what the account holds" not in by_title
    assert by_title["Key of a service account made"].filter.startswith("(protoPayload.methodName=~")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "--to", "splunk"], "not run on splunk"),
        (["export", "--to", "athena"], "not run on athena"),
        (["export", "--to", "spark"], "; run on spark"),
        (["export", "--to", "sigma"], "149 of 149 hunts"),
        (["alerts"], "EventBridge rule"),
    ],
)
def test_the_commands(words: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["hunts", *words])
    assert result.exit_code == 0
    assert said in result.stdout
    told: dict[str, Any] = json.loads(
        CliRunner().invoke(app, ["hunts", *words, "--format", "json"]).stdout
    )
    assert told["schema_version"] == 1
    if words[0] == "export":
        assert told["was_run"] == (words[-1] in {"spark", "sigma"})


def test_no_target_is_guessed() -> None:
    result = CliRunner().invoke(app, ["hunts", "export", "--to", "abacus"])
    assert result.exit_code == 2
    assert duckdb.__name__ in result.stderr
