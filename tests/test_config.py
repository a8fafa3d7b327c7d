from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict

from auditor import config, tomlfile
from auditor.config import STRICT, Endpoint, Loaded, VariableName
from auditor.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Table:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    url: Endpoint = "https://ci.example"
    token_env: VariableName = "TOKEN"
    parallel: int = 4


def load(tmp_path: Path, text: str, **flags: Any) -> Loaded:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    return config.load(file, flags=flags, environ={}, home=tmp_path / "home")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('out = "x"\n[sla]\ncritcal = 3\n', 3, ["sla.critcal", "critical"]),
        ('ouut = "x"\n', 1, ["ouut", "out"]),
        ('\nsince = "2023-13-01"\n', 2, ["since", "date"]),
        ("\nsince = 2023-13-01\n", 2, ["since"]),
        ('fail_on = "bad"\n', 1, ["fail_on", "critical"]),
        ('[[overrides]]\nname = "A"\n[[overrides]]\nnam = "B"\n', 4, ["overrides.1", "nam"]),
        ('out = "x"\nout = "y"\n', 2, ["out"]),
        ("[sla]\nhigh = -1\n", 2, ["sla.high"]),
        ('[[overrides]]\nname = "/(/"\n', 2, ["overrides.0.name", "regular expression"]),
        ('[[overrides]]\nname = "/(a+)+$/"\n', 2, ["overrides.0.name", "costly"]),
        ('[[overrides]]\nname = "A"\nrole = "key"\n', 3, ["overrides.0.role", "secret"]),
    ],
)
def test_mistakes_name_file_line_and_key(
    tmp_path: Path, text: str, line: int, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    shown = f"{error.value.message} {error.value.hint}"
    assert f"config.toml:{line}: " in shown
    assert all(word in shown for word in words), shown
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("url", "http://ci.example", "https"),
        ("url", "ftp://ci.example", "https"),
        ("url", "https://user:pass@ci.example", "password"),
        ("token_env", "ghp_notaname-but-a-token", "name"),
        ("urll", "https://ci.example", "url"),
    ],
)
def test_tables_of_packages_are_checked(tmp_path: Path, key: str, value: str, word: str) -> None:
    loaded = load(tmp_path, f'[inventory.ci]\nparallel = 2\n{key} = "{value}"\n')
    with pytest.raises(ConfigError) as error:
        loaded.section("inventory", "ci", Table)
    assert "config.toml:3: " in error.value.message
    assert f"inventory.ci.{key}" in error.value.message
    assert word in f"{error.value.message} {error.value.hint}"


@pytest.mark.parametrize("host", ["127.0.0.1:8443", "localhost", "[::1]:80", "127.9.9.9"])
def test_plain_http_is_accepted_for_this_machine(host: str) -> None:
    assert config.check_endpoint(f"http://{host}/") == f"http://{host}"


def test_a_pasted_token_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, "token = CCIPAT_planted_token_0123456789\n")
    assert "planted" not in f"{error.value.message} {error.value.hint}"


def test_flags_win_over_environment_over_file_over_user_file(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config" / "auditor").mkdir(parents=True)
    (home / ".config" / "auditor" / "config.toml").write_text(
        'out = "user"\nincident = "user"\nstrict = true\nfail_on = "low"\n'
    )
    file = tmp_path / "config.toml"
    file.write_text('out = "file"\nincident = "file"\nstrict = false\n')
    environ = {"AUDITOR_OUT": "env", "AUDITOR_INCIDENT": "env"}
    loaded = config.load(file, flags={"out": "flag"}, environ=environ, home=home)
    settings = loaded.settings
    assert (settings.out, settings.incident, settings.strict) == ("flag", "env", False)
    assert settings.fail_on == "low"
    assert str(loaded.origin("out")) == "--out"
    assert str(loaded.origin("incident")) == "environment AUDITOR_INCIDENT"
    assert str(loaded.origin("strict")) == f"{file}:3"
    assert str(loaded.origin("since")) == "default"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(tmp_path / "none.toml", environ={}, home=tmp_path)


def test_settings_survive_json(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, 'since = 2023-01-05\n[[overrides]]\nname = "A*"\n[providers.x]\na = [1]\n'
    )
    assert config.from_json(config.to_json(loaded), "run.json").settings == loaded.settings


@given(st.text(max_size=200))
def test_any_text_is_a_configuration_or_a_config_error(text: str) -> None:
    assert isinstance(tomlfile.key_lines(text), dict)
