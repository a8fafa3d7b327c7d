"""The first configuration: what is found on a machine, and never a value of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import beginning
from auditor.config import load
from auditor.errors import ConfigError
from auditor.plan import plan
from auditor.providers import providers

PLANTED = "pLaNtEdVaLuE0123456789"
ENVIRON = {
    "AWS_ACCESS_KEY_ID": PLANTED,
    "GITHUB_TOKEN": PLANTED,
    "GITHUB_APP_PRIVATE_KEY": PLANTED,
    "GITHUB_APP_ID": PLANTED,
    "CIRCLE_TOKEN": PLANTED,
    "AZURE_CLIENT_ID": PLANTED,
    "AZURE_TENANT_ID": PLANTED,
    "GOOGLE_APPLICATION_CREDENTIALS": PLANTED,
}
FILES = {
    ".aws/config": f"[default]\n[profile production]\nsso={PLANTED}\n[sso-session acme]\n",
    ".aws/credentials": f"[legacy]\naws_secret_access_key = {PLANTED}\n",
    ".config/gh/hosts.yml": f"github.com:\n    oauth_token: {PLANTED}\n    user: ann\n",
    ".config/gcloud/application_default_credentials.json": f'{{"refresh_token": "{PLANTED}"}}',
    ".azure/azureProfile.json": f'{{"subscriptions": [{{"name": "{PLANTED}"}}]}}',
    ".circleci/cli.yml": f"token: {PLANTED}\n",
}


def home(folder: Path) -> Path:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_credentials_are_found_by_name_and_never_by_value(tmp_path: Path) -> None:
    found = beginning.located(ENVIRON, home(tmp_path))
    told = list(beginning.words(found))
    assert PLANTED not in "".join(told)
    for expected in (
        "aws: variable AWS_ACCESS_KEY_ID",
        "aws: profile default",
        "aws: profile production",
        "aws: profile legacy",
        "azure: variables AZURE_CLIENT_ID and AZURE_TENANT_ID",
        "azure: az, as whom az login says",
        "gcp: variable GOOGLE_APPLICATION_CREDENTIALS",
        "gcp: application default credentials of gcloud",
        "github: variable GITHUB_TOKEN",
        "circleci: variable CIRCLE_TOKEN",
    ):
        assert expected in told
    assert any(line.startswith("github: gh, for github.com") for line in told)
    assert (
        "github: variable GITHUB_APP_PRIVATE_KEY: to log in as that GitHub App, set app_id to what "
        "GITHUB_APP_ID holds" in told
    )
    assert any(line.startswith("circleci: circleci, whose cli.yml") for line in told)
    assert not any("acme" in line for line in told)


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    found = beginning.located({}, tmp_path)
    assert set(found) >= {f"providers.{name}" for name in providers()}
    assert not any(found.values())


@pytest.mark.parametrize("text", ["[unclosed", "no section\n", "\x00\xff", "[a]\nb\n"])
def test_a_broken_file_is_no_profile(tmp_path: Path, text: str) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(text, "latin-1")
    assert isinstance(list(beginning.words(beginning.located({}, tmp_path))), list)


@pytest.mark.parametrize("wanted", [(), ("aws",), ("gcp", "github"), ("azure",)])
def test_the_providers_that_are_wanted_are_on_and_no_other(
    tmp_path: Path, wanted: tuple[str, ...]
) -> None:
    text = beginning.configuration(wanted, beginning.located(ENVIRON, home(tmp_path)))
    beginning.check(text)
    file = tmp_path / "config.toml"
    file.write_text(text)
    todo = plan(load(file, environ={}, home=tmp_path))
    assert set(todo.providers) == set(wanted)
    assert "# Found on this machine: profile production" in text
    assert PLANTED not in text


def test_settings_are_set_by_name(tmp_path: Path) -> None:
    told = ["providers.aws.region=eu-west-1", "inventory.circleci.parallel=2",
            'providers.aws.accounts=[{ profile = "production" }]',
            "inventory.circleci.token_env=ACME_TOKEN"]  # fmt: skip
    file = tmp_path / "config.toml"
    file.write_text(beginning.configuration(["aws"], beginning.located({}, tmp_path), told))
    todo = plan(load(file, environ={}, home=tmp_path))
    aws, circleci = todo.providers["aws"][1], todo.systems["circleci"][1]
    assert (aws.region, aws.accounts[0].profile) == ("eu-west-1", "production")
    assert (circleci.parallel, circleci.token_env) == (2, "ACME_TOKEN")


@pytest.mark.parametrize(
    ("wanted", "told", "message"),
    [
        (["acme"], [], "--provider acme: unknown"),
        ([], ["providers.aws.colour=red"], "no such setting"),
        ([], ["region"], "no such setting"),
        (["aws"], ["providers.aws.retries=many"], "retries"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, wanted: list[str], told: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        beginning.check(beginning.configuration(wanted, beginning.located({}, tmp_path), told))


def test_a_github_app_is_offered_and_can_be_set(tmp_path: Path) -> None:
    """A key alone switches GitHub on; whose app it is, a person says, here or in the file."""
    found = beginning.located({"GITHUB_APP_PRIVATE_KEY": PLANTED}, tmp_path)
    (line,) = found["providers.github"]
    assert "set app_id to its id, from the app's page" in line
    made = beginning.configuration(["github"], found, ["providers.github.app_id=Iv1.0a1b2c3d"])
    beginning.check(made)
    assert f"# Found on this machine: {line}" in made
    assert 'app_id = "Iv1.0a1b2c3d"' in made.splitlines()
    assert PLANTED not in made
