from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.config import Override
from auditor.errors import ConfigError
from auditor.overrides import Overrides
from auditor.report.explained import explain, names_in, show

NONE = Overrides(())


def config(tmp_path: Path, text: str = "") -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    return file


def test_every_name_is_explained() -> None:
    told = explain(["AWS_ACCESS_KEY_ID", "PROD_SLACK_TOKEN", "FOO"], NONE)
    facts = told["AWS_ACCESS_KEY_ID"]
    assert "deactivate" in facts.pop("note")
    assert facts.pop("console").startswith("https://console.aws.amazon.com/iam/")
    assert "deactivate the key" in facts.pop("revoke")
    assert facts == {
        "role": "identifier",
        "vendor": "AWS",
        "kind": "aws-access-key",
        "part": "id",
        "group": "aws-access-key",
        "rule": "name AWS_ACCESS_KEY_ID",
        "confidence": "high",
        "published": False,
    }
    assert told["PROD_SLACK_TOKEN"]["group"] == "slack-token PROD"
    assert told["FOO"]["role"] == "unclassified"


def test_names_given_together_are_companions() -> None:
    assert explain(["CF_TOKEN", "CF_SPACE"], NONE)["CF_TOKEN"]["vendor"] == "Cloud Foundry"


def test_an_override_is_shown_as_the_rule() -> None:
    told = explain(["ACME_X_KEY"], Overrides([Override("/^ACME_.*_KEY$/", vendor="Acme")]))
    assert told["ACME_X_KEY"]["rule"] == "override /^ACME_.*_KEY$/"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A\n\nB\n", ["A", "B"]),
        ("# note\nexport A=planted-value\n B = planted\n", ["A", "B"]),
        ("=planted\n", []),
        ("", []),
    ],
)
def test_of_a_file_only_the_names_are_read(tmp_path: Path, text: str, names: list[str]) -> None:
    assert names_in(config(tmp_path, text)) == names


def test_bytes_that_are_no_text_are_written_out(tmp_path: Path) -> None:
    file = tmp_path / "names"
    file.write_bytes(b"A\xff_TOKEN\n")
    assert names_in(file) == ["A\\xff_TOKEN"]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        names_in(tmp_path / "none")


@pytest.mark.parametrize("name", ["\x1b[31mTOKEN", "\ud800_TOKEN", "=HYPERLINK(1)", "Ä_TOKEN"])
@pytest.mark.parametrize("as_json", [True, False])
def test_hostile_names_are_printed_safely(tmp_path: Path, name: str, as_json: bool) -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    show([name, name], config(tmp_path), stream, as_json=as_json)
    stream.flush()
    printed = buffer.getvalue().decode("ascii")
    assert "\x1b" not in printed
    assert not as_json or list(json.loads(printed)) == [name]


def test_a_secret_that_builds_publish_says_so(tmp_path: Path) -> None:
    stream = io.StringIO()
    show(["VITE_CLIENT_SECRET"], config(tmp_path), stream, as_json=False)
    assert "builds publish it" in stream.getvalue()


def test_the_command_reads_a_file_and_prints_json(tmp_path: Path) -> None:
    file = tmp_path / "names"
    file.write_text("NPM_TOKEN\n")
    arguments = ["classify", "GH_TOKEN", "--file", str(file), "--format", "json"]
    result = CliRunner().invoke(app, [*arguments, "--config", str(config(tmp_path))])
    assert result.exit_code == 0
    assert set(json.loads(result.stdout)) == {"GH_TOKEN", "NPM_TOKEN"}


def test_a_mistake_in_an_override_is_named_where_it_stands(tmp_path: Path) -> None:
    file = config(tmp_path, '[[overrides]]\nname = "A"\nkind = "no-such-kind"\n')
    result = CliRunner().invoke(app, ["classify", "A", "--config", str(file)])
    assert result.exit_code == 2
    assert "config.toml:3: overrides.0.kind" in result.stderr
