"""Every hunt finds the same events on each engine, notes included: `make test-engines`."""

from __future__ import annotations

import duckdb
import pytest
from hunt_cases import NOON
from hunt_corpus import STRANGE, VARIED

from auditor.hunts.compile import query
from auditor.hunts.engines import Engine, EngineError
from auditor.hunts.rules.definition import Hunt
from auditor.hunts.rules.loading import compile_rule, packaged
from auditor.hunts.searching import bounded


def here(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[int, str | None]]:
    return sorted(connection.execute(sql).fetchall(), key=str)


@pytest.mark.parametrize("hunt", packaged(), ids=lambda hunt: hunt.title)
def test_a_hunt_finds_the_same(
    hunt: Hunt, engine: Engine, everything: duckdb.DuckDBPyConnection
) -> None:
    sql = bounded(query(hunt, since=NOON))
    expected = here(everything, sql)
    assert expected, "its own test events are among them"
    assert sorted(engine.find(sql), key=str) == expected


def rule(**selection: object) -> Hunt:
    return compile_rule(
        {
            "title": "strange",
            "logsource": {"category": "any"},
            "detection": {"selection": selection, "condition": "selection"},
        },
        "strange.yml",
    )


def keyword(*words: object) -> Hunt:
    document = {
        "title": "words",
        "logsource": {"category": "any"},
        "detection": {"keywords": list(words), "condition": "not keywords"},
    }
    return compile_rule(document, "words.yml")


@pytest.mark.parametrize("modifier", ["", "|contains", "|startswith", "|endswith", "|cased"])
@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_a_strange_value_is_compared_alike(
    value: str, modifier: str, engine: Engine, everything: duckdb.DuckDBPyConnection
) -> None:
    for column in VARIED[:2]:
        sql = bounded(query(rule(**{f"{column}{modifier}": value})))
        expected = here(everything, sql)
        assert expected or value.strip() in {"axb", "", "true"} or modifier, "it was planted"
        assert sorted(engine.find(sql), key=str) == expected


@pytest.mark.parametrize(
    "hunt",
    [
        rule(**{"action|re": "^(get|list).*s$"}),
        rule(**{"action|re|i": "^(get|list).*s$"}),
        rule(**{"user_agent|re": r"[\s/]+\d"}),
        rule(**{"error_code|exists": True}),
        rule(**{"error_code|exists": False}),
        rule(error_code=None),
        rule(error_code=7),
        rule(**{"error_code|gt": 6}),
        rule(read_only=True),
        rule(position=1),
        rule(**{"src_ip|cidr": "192.0.2.0/25"}),
        rule(**{"src_ip|cidr": "2001:db8::/32"}),
        rule(**{"action|fieldref": "resource"}),
        rule(**{"action|contains": ["a_", "%", "\\"]}),
        rule(**{"details.requestParameters.userName|contains": "a"}),
        keyword("straße", "100%"),
        keyword("back\\slash"),
    ],
    ids=lambda hunt: hunt.condition[:60],
)
def test_each_form_of_a_selection_is_read_alike(
    hunt: Hunt, engine: Engine, everything: duckdb.DuckDBPyConnection
) -> None:
    sql = bounded(query(hunt))
    assert sorted(engine.find(sql), key=str) == here(everything, sql)


def test_a_refused_query_says_why_in_a_line(engine: Engine) -> None:
    with pytest.raises(EngineError) as caught:
        engine.find("SELECT nothing_of_the_kind AS n, NULL AS note FROM seen")
    assert "nothing_of_the_kind" in str(caught.value)
    assert "\n" not in str(caught.value)
