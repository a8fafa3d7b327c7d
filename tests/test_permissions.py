"""`auditor permissions`: what is shipped is what the code says, and only what exists."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.providers import Permitted, providers

PERMITTED = [provider for provider in providers().values() if isinstance(provider, Permitted)]


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["permissions", *words])


@pytest.mark.parametrize("provider", PERMITTED, ids=lambda provider: provider.name)
def test_the_command_prints_a_file_that_is_shipped(provider: Any) -> None:
    result = run(provider.name)
    assert result.exit_code == 0
    assert result.stdout.endswith("\n")
    shipped = [
        entry.read_text("utf-8")
        for entry in resources.files("auditor.data").iterdir()
        if entry.name.startswith(f"{provider.name}-audit-")
    ]
    assert result.stdout in shipped


def test_an_unknown_provider_is_an_error_of_the_command_line() -> None:
    result = run("nobody")
    assert result.exit_code == 2
    assert "provider nobody is unknown" in result.stderr
