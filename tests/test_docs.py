"""The documentation says what the program does: commands, keys, exit codes, the example."""

from __future__ import annotations

import dataclasses
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from auditor import config, errors
from auditor.cli import app
from auditor.inventory import systems
from auditor.plan import plan
from auditor.providers import providers
from auditor.publishing import EXIT_CONTRADICTED, EXIT_FOUND, EXIT_INCOMPLETE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])
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
def test_every_key_is_in_the_example_and_on_its_page(key: str) -> None:
    name = key.rsplit(".", 1)[-1]
    assert re.search(rf"(?m)^#? ?{name} = ", EXAMPLE)
    assert f"`{name}`" in CONFIGURATION


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
    for default in ('incident = ""\n', "accounts = []\n", "logs = []\n", "athena = []\n"):
        told = told.replace(default, "")
    file = tmp_path / "config.toml"
    file.write_text(told)
    settings = config.load(file, environ={}, home=tmp_path).settings
    assert settings.overrides
    assert settings.waivers
    assert settings.providers["aws"]["accounts"]
    assert settings.providers["aws"]["athena"]
    assert tomllib.loads(told)["since"]


def test_the_packaged_example_is_the_one_at_the_top() -> None:
    assert (ROOT / "auditor" / "data" / "config.example.toml").read_text("utf-8") == EXAMPLE


def test_the_pins_hold_no_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")


# --- the pages beside the README ---------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if heading:
            titles = re.findall(r"(?m)^#+ (.+)$", target.read_text("utf-8"))
            assert heading in {title.lower().replace(" ", "-") for title in titles}, link


def test_the_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\((docs/[\w-]+\.md)", README))
    assert linked == {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("name", sorted({*systems(), *providers()}))
def test_every_source_has_a_page_with_what_to_grant(name: str) -> None:
    page = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    assert f"`auditor permissions {name}" in page
    assert f"[{name}](docs/{name}.md)" in README


def said() -> list[str]:
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    return re.findall(r"(?m)^\| `([^`]+)` \|", page)


def code() -> str:
    """Return all code, with texts that go on in the next line joined."""
    files = sorted((ROOT / "auditor").rglob("*.py"))
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text("utf-8") for file in files))


CODE = code()


def test_there_are_messages_to_look_for() -> None:
    assert len(said()) > 20


@pytest.mark.parametrize("message", said())
def test_every_message_of_the_troubleshooting_is_one_of_the_program(message: str) -> None:
    for part in message.split("…"):
        assert part.strip() in CODE


# --- recipes: nobody can run them here, but they can be read -------------------------------------

RECIPES = ("circleci/config.yml", "github/audit.yml")


def recipe(name: str) -> Any:
    # BaseLoader: "on" stays a word.
    return yaml.load((ROOT / "examples" / name).read_text("utf-8"), yaml.BaseLoader)  # noqa: S506


def commands(node: Any) -> list[str]:
    """Return every line of shell in a recipe."""
    if isinstance(node, list):
        return [line for item in node for line in commands(item)]
    if not isinstance(node, dict):
        return []
    found: list[str] = []
    for key, value in node.items():
        is_shell = key in ("run", "command") and isinstance(value, str)
        found += value.splitlines() if is_shell else commands(value)
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_audits_weekly_with_commands_that_exist(name: str) -> None:
    assert "Not run where it was written" in (ROOT / "examples" / name).read_text("utf-8")
    lines = [shlex.split(line) for line in commands(recipe(name))]
    (audit,) = (words for words in lines if words[0] == "auditor")
    assert audit[1] == "audit"
    told = help_of("audit")
    assert all(word in told for word in audit if word.startswith("--"))
    (install,) = (words for words in lines if words[:2] == ["pip", "install"])
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = re.findall(r"[a-z]+", install[-1])
    assert wanted
    assert set(wanted) <= set(extras["optional-dependencies"])


def test_the_pipeline_of_circleci_runs_the_job_when_it_is_asked_for() -> None:
    told = recipe("circleci/config.yml")
    (workflow,) = told["workflows"].values()
    assert workflow["when"] == "<< pipeline.parameters.audit >>"
    assert told["parameters"]["audit"] == {"type": "boolean", "default": "false"}
    (job,) = workflow["jobs"]
    assert set(job) == set(told["jobs"])
    (kept,) = (
        step["store_artifacts"]
        for step in told["jobs"]["audit"]["steps"]
        if isinstance(step, dict) and "store_artifacts" in step
    )
    assert kept["path"] == "shown"


def test_the_workflow_of_github_keeps_the_page_but_no_snapshot() -> None:
    told = recipe("github/audit.yml")
    assert told["on"]["schedule"] == [{"cron": "17 5 * * 1"}]
    assert told["permissions"] == {"contents": "read", "id-token": "write"}
    (kept,) = (
        step["with"]["path"].split()
        for step in told["jobs"]["audit"]["steps"]
        if step.get("uses", "").startswith("actions/upload-artifact@")
    )
    assert [path.rpartition("/")[2] for path in kept] == [
        "tracker*.xlsx",
        "report.html",
        "summary.md",
    ]


def test_the_image_has_no_rights_and_extras_that_exist() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert re.fullmatch(r"USER [1-9]\d*", next(x for x in lines if x.startswith("USER")))
    (extras,) = (x.partition("=")[2] for x in lines if x.startswith("ARG EXTRAS="))
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(extras.split(",")) <= set(known["optional-dependencies"])
    copied = {word for x in lines if x.startswith("COPY p") for word in x.split()[1:-1]}
    assert copied == {"pyproject.toml", "constraints.txt", "README.md"}
    assert all((ROOT / name).is_file() for name in copied)
