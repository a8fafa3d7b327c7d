from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.config import load
from auditor.errors import ConfigError
from auditor.inventory.circleci.settings import Settings


def settings(tmp_path: Path, lines: str) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(f"[inventory.circleci]\n{lines}\n")
    return load(file, environ={}, home=tmp_path).section("inventory", "circleci", Settings)


def test_defaults_are_for_cloud() -> None:
    told = Settings()
    assert told.base == "https://circleci.com"
    assert told.tokens_page == "https://app.circleci.com/settings/user/tokens"
    assert told.token_names == ("CIRCLE_TOKEN", "CIRCLE_CLI_TOKEN")
    assert told.uses_v3
    assert told.uses_private


@pytest.mark.parametrize(
    "url",
    [
        "https://ci.acme.example",
        "https://ci.acme.example/",
        "https://ci.acme.example/api",
        "https://ci.acme.example/api/v2",
        "https://ci.acme.example/api/v1.1/",
    ],
)
def test_an_api_path_behind_the_address_is_taken_away(tmp_path: Path, url: str) -> None:
    assert settings(tmp_path, f'url = "{url}"').base == "https://ci.acme.example"


def test_server_has_neither_v3_nor_private_and_its_own_pages() -> None:
    told = Settings(url="https://ci.acme.example", server=True)
    assert not told.uses_v3
    assert not told.uses_private
    assert told.tokens_page == "https://ci.acme.example/settings/user/tokens"


def test_a_token_variable_of_ones_own_has_no_fallback(tmp_path: Path) -> None:
    assert settings(tmp_path, 'token_env = "MINE"').token_names == ("MINE",)


@pytest.mark.parametrize(
    "lines",
    [
        'token = "x"',
        'token_env = "CCIPAT_a-b"',
        'url = "http://ci.acme.example"',
        "parallel = 0",
        "parallel = 17",
        "retries = -1",
        "timeout = 0",
        "max_wait = 100000",
        'organizations = "gh/acme"',
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, lines: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml:\d"):
        settings(tmp_path, lines)


@pytest.mark.parametrize("value", [("gh/acme", "circleci/X"), ()])
def test_organizations_are_a_list(tmp_path: Path, value: Any) -> None:
    assert settings(tmp_path, f"organizations = {list(value)}").organizations == value
