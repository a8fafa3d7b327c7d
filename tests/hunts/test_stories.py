"""Signals become stories: by identity, place and time, each hunt once, the new alone not enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hunt_cases import NOON, table

from auditor.hunts.rules.loading import packaged
from auditor.hunts.searching import Searched, search
from auditor.hunts.stories import Known, Stories, tell
from auditor.hunts.subjects import Subject, Subjects
from auditor.hunts.wanted import Window
from auditor.models import Severity, Strength

PAST: dict[str, Any] = {
    "action": "PutObject", "service": "s3.amazonaws.com", "times": 200, "every": "2h",
    "outcome": "success", "user_agent": "aws-cli/2.9.1", "src_ip": "3.80.0.1",
    "origin": "plausible", "region": "us-east-1", "as_name": "AMAZON-AES",
}  # fmt: skip
HOME = {name: value for name, value in PAST.items() if name not in ("times", "every")}
AWAY: dict[str, Any] = {
    "user_agent": "Boto3/1.26.1", "src_ip": "178.249.214.10", "origin": "other",
    "as_name": "DATACAMP", "region": "us-east-1",
}  # fmt: skip


def hunted(*events: dict[str, Any], known: Known | None = None) -> tuple[Searched, Stories]:
    connection = table("aws", {"history": [PAST], "events": list(events)})
    searched = search(connection, packaged(), Window(since=NOON))
    return searched, tell(connection, searched.hunts, lambda _: known or Known())


def test_a_job_that_does_what_it_always_does_is_no_story() -> None:
    _, stories = hunted(HOME | {"times": 50, "every": "1m"})
    assert stories == Stories((), 0)


def test_a_job_that_does_something_new_is_no_story() -> None:
    new = HOME | {"action": "Invoke", "service": "lambda.amazonaws.com", "outcome": "success"}
    _, stories = hunted(new, new | {"user_agent": "Boto3/1.26.1", "at": "1m"})
    assert not stories.findings
    assert stories.quiet == 1


def test_a_stolen_key_is_a_story_with_its_evidence() -> None:
    known = Known("arn:ci", Severity.CRITICAL, ("S-1", "S-2"))
    _, stories = hunted(
        AWAY | {"action": "GetCallerIdentity", "service": "sts.amazonaws.com"},
        AWAY | {"action": "List{n}", "service": "iam.amazonaws.com", "times": 20, "every": "10s",
                "outcome": "denied", "at": "1m"},
        AWAY | {"action": "CreateAccessKey", "service": "iam.amazonaws.com", "at": "9m",
                "outcome": "success"},
        HOME | {"at": "2m"},
        known=known,
    )  # fmt: skip
    (story,) = stories.findings
    assert (story.severity, story.strength) == (Severity.CRITICAL, Strength.STRONG)
    assert (story.identity, story.identity_id, story.secret_ids) == (
        "who",
        "arn:ci",
        ("S-1", "S-2"),
    )
    assert (story.events, story.denied, story.src_ip) == (22, 20, "178.249.214.10")
    assert (story.origin, story.network, story.agents) == ("other", "DATACAMP", ("Boto3/1.26.1",))
    assert (story.first, story.last) == (NOON, NOON.replace(minute=9))
    assert story.hits[0].title == "Access key made"
    assert story.samples[0].action == "CreateAccessKey"
    assert story.samples[0].position == 221
    assert story.question == story.hits[0].question
    assert {"Burst of reconnaissance", "Used from elsewhere than CI"} <= {
        h.title for h in story.hits
    }
    assert [hit.title for hit in story.hits].count("Refused for lack of permission") == 1


def test_a_pause_ends_a_session_and_an_agent_does_not() -> None:
    made = AWAY | {"action": "CreateAccessKey", "service": "iam.amazonaws.com"}
    made |= {"outcome": "success"}
    _, stories = hunted(made, made | {"at": "1h", "user_agent": "curl/7"}, made | {"at": "4h"})
    assert sorted(story.events for story in stories.findings) == [1, 2]
    assert len({story.id for story in stories.findings}) == 2


def test_the_worst_secret_comes_first_among_equal_signals() -> None:
    made = AWAY | {"action": "CreateAccessKey", "service": "iam.amazonaws.com"}
    made |= {"outcome": "success"}
    events = [made | {"actor_uid": name} for name in ("low", "worst", "unknown")]
    connection = table("aws", {"history": [PAST], "events": events})
    searched = search(connection, packaged(), Window(since=NOON))
    ranks = {"low": Severity.LOW, "worst": Severity.CRITICAL, "unknown": Severity.UNKNOWN}
    stories = tell(connection, searched.hunts, lambda who: Known(who, ranks[who]))
    assert [story.identity for story in stories.findings] == ["worst", "unknown", "low"]


def test_hunts_that_can_see_nothing_say_so() -> None:
    searched, _ = hunted(HOME)
    why = {run.title: run.not_run for run in searched.runs}
    assert why["Repository cloned, fetched or pulled"] == "no events of github"
    assert why["Used while no job was running"] == "no log tells when jobs ran"
    assert why["Faster than anybody travels"] == "no database tells where addresses are"
    assert "no permissions" in why["Dangerous permission used for the first time"]
    assert not why["Access key made"]


@pytest.mark.parametrize(("days", "unjudged"), [(20, 0), (3, 1)])
def test_too_little_past_is_told(days: int, unjudged: int) -> None:
    past = HOME | {"times": days, "every": "1d"}
    connection = table("aws", {"history": [past], "events": [HOME]})
    searched = search(connection, packaged(), Window(since=NOON))
    by_title = {run.title: run for run in searched.runs}
    assert by_title["Service that is new for it"].unjudged == unjudged
    assert by_title["Access key made"].unjudged == 0
    assert searched.habits[0].past_days == days


def test_a_rule_the_engine_refuses_is_told_and_the_rest_go_on() -> None:
    bad = replace(packaged()[0], condition="no_such_column")
    connection = table("aws", {"events": [HOME]})
    searched = search(connection, [bad, *packaged()[1:]], Window())
    assert "engine refused" in searched.runs[0].not_run
    assert not searched.runs[2].not_run


def test_a_name_that_several_have_stands_for_nobody() -> None:
    people = (
        Subject("arn:1:bot", frozenset({"arn:1:bot", "bot"}), "aws"),
        Subject("arn:2:bot", frozenset({"arn:2:bot", "bot"}), "aws"),
        Subject("7", frozenset({"7", "bot"}), "github"),
        Subject("bot", frozenset({"bot"})),
    )
    found = {(one.alias, one.platform): one.name for one in Subjects(people).aliases()}
    assert found == {
        ("arn:1:bot", "aws"): "arn:1:bot",
        ("arn:2:bot", "aws"): "arn:2:bot",
        ("7", "github"): "7",
        ("bot", "github"): "7",
    }
    assert Subjects(people).unseen({"7", "arn:2:bot"}) == ("arn:1:bot", "bot")


def test_a_person_stands_for_all_their_credentials() -> None:
    people = (
        Subject("c/1", frozenset({"c/1"}), "github", Severity.HIGH, ("S-1",), "otto"),
        Subject("c/2", frozenset({"c/2"}), "github", Severity.CRITICAL, ("S-2", "S-1"), "otto"),
        Subject("c/3", frozenset({"c/3"}), "github", Severity.LOW, ("S-3",), "vera"),
        Subject("Otto", frozenset({"otto"})),
    )
    subjects = Subjects(people)
    assert "vera" in subjects.names
    assert subjects.known("Otto") == Known(None, Severity.CRITICAL, ("S-2", "S-1"))
    assert subjects.known("c/3") == Known("c/3", Severity.LOW, ("S-3",))
    assert subjects.known("nobody") == Known()
    assert subjects.unseen({"otto"}) == ("c/3",)
