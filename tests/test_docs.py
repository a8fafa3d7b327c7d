"""The documentation says what the program does: commands, keys, exit codes, the example."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor import config, errors
from auditor.cli import app
from auditor.inventory import systems
from auditor.plan import plan
from auditor.providers import providers
from auditor.publishing import EXIT_CONTRADICTED, EXIT_FOUND, EXIT_INCOMPLETE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLE = (ROOT / "config.example.toml").read_text("utf-8")
COMMANDS = [
    "audit",
    "demo",
    "report",
    "verify",
    "doctor",
    "classify",
    "simulate",
    "resolve",
    "explain",
    "hunt",
    "hunts list",
    "hunts export",
    "hunts alerts",
    "permissions",
    "config init",
    "config show",
]


def help_of(command: str) -> str:
    result = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "100"})
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_has_short_help(command: str) -> None:
    assert f"`auditor {command}" in README
    assert len(help_of(command).splitlines()) <= 40


def test_there_is_no_command_the_tests_do_not_know() -> None:
    named = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    }
    assert named | {group.name for group in app.registered_groups} == {
        command.split()[0] for command in COMMANDS
    }


@pytest.mark.parametrize("option", sorted(set(re.findall(r"--[a-z][a-z-]+", help_of("audit")))))
def test_every_option_of_audit_is_in_the_readme(option: str) -> None:
    assert option == "--help" or option in README


def error_codes() -> set[int]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    return {kind.exit_code for kind in kinds if issubclass(kind, errors.AuditorError)}


def test_every_exit_code_is_in_the_readme() -> None:
    told = {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", README)}
    assert told == error_codes() | {0, EXIT_FOUND, EXIT_INCOMPLETE, EXIT_CONTRADICTED}


TABLES = ("inventory", "providers", "sla", "hunts", "overrides", "waivers")


def keys() -> list[str]:
    found = [field.name for field in dataclasses.fields(config.Settings)]
    found = [name for name in found if name not in TABLES]
    found += [f"sla.{field.name}" for field in dataclasses.fields(config.Sla)]
    found += [f"hunts.{field.name}" for field in dataclasses.fields(config.Hunts)]
    found += [f"overrides.{field.name}" for field in dataclasses.fields(config.Override)]
    found += [f"waivers.{field.name}" for field in dataclasses.fields(config.Waiver)]
    tables: list[tuple[str, Any]] = [("inventory", s) for s in systems().values()]
    tables += [("providers", provider) for provider in providers().values()]
    for kind, part in tables:
        fields = dataclasses.fields(part.settings)
        found += [f"{kind}.{part.name}.{field.name}" for field in fields]
    return found


@pytest.mark.parametrize("key", keys())
def test_every_key_is_in_the_example_and_in_the_readme(key: str) -> None:
    name = key.rsplit(".", 1)[-1]
    assert re.search(rf"(?m)^#? ?{name} = ", EXAMPLE)
    assert f"`{name}`" in README


def test_the_example_loads_and_is_all_defaults(tmp_path: Path) -> None:
    loaded = config.load(ROOT / "config.example.toml", environ={}, home=tmp_path)
    todo = plan(loaded)
    plain = dataclasses.replace(loaded.settings, inventory={}, providers={})
    assert plain == config.Settings()
    parts: list[Any] = [*todo.systems.values(), *todo.providers.values()]
    for part, settings in parts:
        assert settings == part.settings()


def test_commented_keys_of_the_example_load_too(tmp_path: Path) -> None:
    told = re.sub(r"(?m)^# (?=[a-z_]+ = |\[|    \{|\])", "", EXAMPLE)
    for default in ('incident = ""\n', "accounts = []\n", "logs = []\n"):
        told = told.replace(default, "")
    file = tmp_path / "config.toml"
    file.write_text(told)
    settings = config.load(file, environ={}, home=tmp_path).settings
    assert settings.overrides
    assert settings.waivers
    assert settings.providers["aws"]["accounts"]
    assert tomllib.loads(told)["since"]


def test_the_packaged_example_is_the_one_at_the_top() -> None:
    assert (ROOT / "auditor" / "data" / "config.example.toml").read_text("utf-8") == EXAMPLE


def test_the_pins_hold_no_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")
