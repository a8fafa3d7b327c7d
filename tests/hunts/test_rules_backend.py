"""The SQL of a selection means what Sigma says: case, absence, wildcards, ranges of addresses."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import duckdb
import pytest
from hunt_cases import table
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from auditor.hunts.rules.backend import packed
from auditor.hunts.rules.loading import condition

EVENTS: list[dict[str, Any]] = [
    {"action": "CreateUser", "service": "iam.amazonaws.com", "error_code": None},
    {"action": "createuser", "error_code": "AccessDenied", "user_agent": "100%_sure\\it's"},
    {"action": "Get!Object", "resource": "a_b", "error_code": "7", "read_only": True},
    {"action": "GetXObject", "resource": "axb", "src_ip": "10.1.2.3", "read_only": False},
    {"action": "ListKeys", "resource": "line\nbreak", "src_ip": "2001:db8::17"},
    {"action": "Other", "details": {"requestParameters.name": "Ünï_Cødé"}, "service": ""},
]


def rule(detection: dict[str, Any]) -> SigmaRule:
    return SigmaRule.from_dict(
        {"title": "t", "logsource": {"category": "any"}, "detection": detection}
    )


def hits(detection: dict[str, Any]) -> list[int]:
    """Return the numbers of the events that a detection selects, from 0."""
    connection = table("aws", {"events": EVENTS})
    sql = f"SELECT position FROM seen WHERE {condition(rule(detection))} ORDER BY 1"
    return [row[0] for row in connection.execute(sql).fetchall()]


def select(**fields: Any) -> list[int]:
    return hits({"s": {k.replace("__", "|"): v for k, v in fields.items()}, "condition": "s"})


def test_text_compares_without_case() -> None:
    assert select(action="CREATEUSER") == [0, 1]
    assert select(action=["createuser", "LISTKEYS"]) == [0, 1, 4]
    assert select(action__cased="CreateUser") == [0]


def test_an_event_without_the_field_does_not_match_and_does_match_the_opposite() -> None:
    assert hits({"s": {"error_code": "AccessDenied"}, "condition": "not s"}) == [0, 2, 3, 4, 5]
    assert hits({"s": {"error_code|contains": "x"}, "condition": "not s"}) == [0, 1, 2, 3, 4, 5]
    both = {"a": {"action|endswith": "user"}, "b": {"error_code": "*"}, "condition": "a and not b"}
    assert hits(both) == [0]


def test_characters_that_sql_takes_for_wildcards_are_characters() -> None:
    assert select(resource="a_b") == [2]
    assert select(resource__startswith="a_") == [2]
    assert select(user_agent__contains="%_") == [1]
    assert select(user_agent__contains="0%s") == []
    assert select(action__contains="t!O") == [2]
    assert select(user_agent__endswith="\\it's") == [1]


def test_wildcards_of_sigma_are_wildcards() -> None:
    assert select(action="get?object") == [2, 3]
    assert select(action="*user") == [0, 1]
    assert select(resource="line*break") == [4]
    assert select(action="*") == [0, 1, 2, 3, 4, 5]


def test_nothing_is_null_and_empty() -> None:
    assert select(service=None) == [1, 2, 3, 4, 5]
    assert select(service="") == [1, 2, 3, 4, 5]
    assert select(service__exists=True) == [0]
    assert select(service__exists=False) == [1, 2, 3, 4, 5]


def test_numbers_and_truth_compare_however_they_are_written() -> None:
    assert select(error_code=7) == [2]
    assert select(error_code__gte=7) == [2]
    assert select(error_code__lt=7) == []
    assert select(read_only=True) == [2]
    assert select(read_only="false") == [3]


def test_ranges_of_addresses_hold_in_any_company() -> None:
    assert select(src_ip__cidr="10.0.0.0/8") == [3]
    assert select(src_ip__cidr=["2001:db8::/32", "10.1.2.0/30"]) == [3, 4]
    assert select(src_ip__cidr=["10.0.0.0/8", "2001:db8::/64"], action="ListKeys") == [4]
    assert hits({"s": {"src_ip|cidr": "10.0.0.0/8"}, "condition": "not s"}) == [0, 1, 2, 4, 5]


def test_regular_expressions_search_with_case_unless_told() -> None:
    assert select(action__re="^create") == [1]
    assert select(action__re__i="^create") == [0, 1]


def test_keywords_are_looked_for_everywhere() -> None:
    assert hits({"k": ["iam.amazon", "ünï_cødé"], "condition": "k"}) == [0, 5]
    assert hits({"k": ["i%m"], "condition": "k"}) == []


def test_details_go_by_the_logs_own_dotted_names() -> None:
    assert select(**{"details.requestParameters.name__contains": "_cød"}) == [5]
    assert select(**{"details.requestParameters.none": None}) == [0, 1, 2, 3, 4, 5]


def test_two_fields_of_one_event_compare() -> None:
    assert select(action__fieldref="operation") == []


@pytest.mark.parametrize(
    "detection", [{"s": {"no_such": "x"}}, {"s": {"user_agent|cidr": "10.0.0.0/8"}}]
)
def test_what_no_event_can_answer_is_an_error(detection: dict[str, Any]) -> None:
    with pytest.raises(SigmaError):
        condition(rule(detection | {"condition": "s"}))


WORD = st.text(st.sampled_from("aB%_!'\\\"*?ß\n"), max_size=5)


@settings(max_examples=150, deadline=None)
@given(value=WORD, text=WORD)
def test_no_value_breaks_out_and_equality_is_equality(value: str, text: str) -> None:
    """A value with its wildcards escaped matches exactly the text that it is."""
    escaped = value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    sql = condition(rule({"s": {"resource|cased": escaped}, "condition": "s"}))
    connection = duckdb.connect()
    found = connection.execute(f"SELECT {sql} FROM (SELECT ? AS resource)", [text]).fetchone()
    assert found == (value == text,)


@settings(max_examples=200)
@given(network=st.ip_addresses(), bits=st.integers(0, 32), address=st.ip_addresses())
def test_packed_addresses_sort_as_addresses(network: Any, bits: int, address: Any) -> None:
    around = ip_network((network, bits), strict=False)
    first, last = packed(around.network_address), packed(around.broadcast_address)
    if address.version == around.version:
        assert (first <= packed(address) <= last) == (address in around)
    assert packed(ip_address("::ffff:10.0.0.1")) == packed(ip_address("10.0.0.1"))
