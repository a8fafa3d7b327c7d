from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inventory.circleci.projects import Project, settled, union
from auditor.inventory.circleci.replies import Reply


def listing(*entries: dict[str, Any]) -> Reply:
    return Reply("GET /list", 200, items=entries)


def found(projects: Iterable[Project]) -> list[tuple[str, str, str, list[str]]]:
    return [(one.id, one.slug, one.name, one.sources) for one in projects]


@pytest.mark.parametrize(
    ("listings", "projects"),
    [
        ({}, []),
        (
            {"v3": listing({"id": "1", "name": "web"})},
            [("1", "", "web", ["v3"])],
        ),
        (  # an id from one, a slug from another, joined by the one that has both
            {
                "v3": listing({"id": "1", "name": "web"}),
                "private": listing({"id": "1", "slug": "gh/a/web"}),
                "followed": listing({"slug": "github/a/web", "name": "web"}),
            },
            [("1", "gh/a/web", "web", ["v3", "private", "followed"])],
        ),
        (  # the same name is not the same project
            {"v3": listing({"id": "1", "name": "web"}, {"id": "2", "name": "web"})},
            [("1", "", "web", ["v3"]), ("2", "", "web", ["v3"])],
        ),
        (  # a standalone project has several slugs: the first stays
            {
                "private": listing({"id": "1", "slug": "circleci/Xy/Zq"}),
                "followed": listing({"id": "1", "slug": "circleci/org/1", "name": "web"}),
                "pipelines": listing({"slug": "circleci/org/1"}),
            },
            [("1", "circleci/Xy/Zq", "web", ["private", "followed", "pipelines"])],
        ),
        (  # a bare name names what is known, or, failing that, itself
            {
                "v3": listing({"id": "1", "name": "web"}),
                "insights": listing({"name": "web"}, {"name": "old"}),
            },
            [("1", "", "web", ["v3", "insights"]), ("", "", "old", ["insights"])],
        ),
        (  # a bare name that fits two names neither
            {
                "v3": listing({"id": "1", "name": "web"}, {"id": "2", "name": "web"}),
                "insights": listing({"name": "web"}),
            },
            [("1", "", "web", ["v3"]), ("2", "", "web", ["v3"])],
        ),
        (  # listed twice by one listing
            {"pipelines": listing({"slug": "gh/a/w"}, {"slug": "gh/a/w"})},
            [("", "gh/a/w", "", ["pipelines"])],
        ),
    ],
)
def test_the_union_of_listings(listings: dict[str, Reply], projects: list[Any]) -> None:
    assert found(union(listings)) == projects


def test_an_answer_about_a_project_nobody_lists_adds_none() -> None:
    assert union({}, [listing({"id": "9", "slug": "gh/a/x"})]) == []


def asking(known: dict[str, dict[str, Any]]) -> tuple[Any, list[str]]:
    """Return a `resolve` over what is known by id and by slug, and what it was asked."""
    asked: list[str] = []

    def resolve(keys: list[str]) -> list[tuple[str, Reply]]:
        asked.extend(keys)
        return [
            (key, listing(known[key]) if key in known else Reply("GET /p", 404, "404"))
            for key in keys
        ]

    return resolve, asked


def test_what_is_known_by_halves_is_asked_for_once() -> None:
    web = {"id": "1", "slug": "gh/a/web", "name": "web"}
    resolve, asked = asking({"1": web, "gh/a/web": web})
    listings = {
        "v3": listing({"id": "1", "name": "web"}, {"id": "2", "name": "gone"}),
        "followed": listing({"slug": "gh/a/web"}, {"slug": "gh/a/lost"}),
    }
    assert found(settled(listings, resolve)) == [
        ("1", "gh/a/web", "web", ["v3", "followed"]),
        ("2", "", "gone", ["v3"]),
        ("", "gh/a/lost", "", ["followed"]),
    ]
    assert asked == ["1", "2", "gh/a/lost"]


def test_nothing_is_asked_where_a_listing_gives_both() -> None:
    resolve, asked = asking({})
    listings = {
        "private": listing({"id": "1", "slug": "gh/a/web"}),
        "followed": listing({"slug": "gh/a/web"}),
    }
    assert len(settled(listings, resolve)) == 1
    assert asked == []


def test_of_two_projects_with_one_slug_the_living_one_has_it() -> None:
    living = {"id": "2", "slug": "gh/a/web", "name": "web"}
    resolve, _ = asking({"gh/a/web": living})
    private = listing({"id": "1", "slug": "gh/a/web", "name": "old"}, living)
    assert found(settled({"private": private}, resolve)) == [
        ("2", "gh/a/web", "web", ["private"]),
        ("1", "", "old", ["private"]),
    ]


ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["1", "2", "3"]),
        "slug": st.sampled_from(["gh/a/x", "gh/a/y", "github/a/x"]),
        "name": st.sampled_from(["x", "y"]),
    },
)


@given(st.lists(ENTRY, max_size=6), st.lists(ENTRY, max_size=6))
def test_laws_of_the_union(one: list[dict[str, str]], other: list[dict[str, str]]) -> None:
    listings = {"one": listing(*one), "other": listing(*other)}
    resolve, _ = asking({})
    projects = settled(listings, resolve)
    ids = [project.id for project in projects if project.id]
    slugs = [project.slug for project in projects if project.slug]
    assert set(ids) == {entry["id"] for entry in (*one, *other) if "id" in entry}
    assert len(ids) == len(set(ids))
    assert len(slugs) == len(set(slugs))
    assert all(project.sources for project in projects)
    keys = [project.key for project in projects]
    assert len(keys) == len(set(keys))
