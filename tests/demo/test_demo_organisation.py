"""The organisation as a whole: it comes up, says how to reach it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
from asking import Asking, without_accounts
from aws_door import environment

from auditor import config
from auditor.collecting import Collecting, Memory, Silent
from auditor.demo import Organisation, Recording
from auditor.demo.accounts import access_keys
from auditor.demo.estate import Context, Project
from auditor.models import Known
from auditor.providers.aws import collect as aws_collect
from auditor.providers.aws import settings as aws_settings
from auditor.providers.aws.accounts import Account, read_accounts
from auditor.tails import Sealer

IMPORTS = "import sys; sys.modules[{!r}] = None\n"
START = (
    "from auditor.demo import Organisation\n"
    "from auditor.errors import MissingExtra\n"
    "import threading\n"
    "try: Organisation().__enter__()\n"
    "except MissingExtra as missing: print(missing.hint, threading.active_count())\n"
)


@pytest.fixture(scope="module")
def demo() -> Iterator[Organisation]:
    with Organisation() as running:
        yield running


# --- AWS --------------------------------------------------------------------------------------


def sessions(demo: Organisation) -> tuple[Any, Any]:
    """Return IAM clients of the first account, and of the second through its role."""
    import boto3  # noqa: PLC0415 (a second to load, for these tests only)

    given = demo.environment()
    table = tomllib.loads(demo.config_toml())["providers"]["aws"]
    session = boto3.session.Session(
        given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
    )
    sts = session.client("sts", endpoint_url=table["endpoint"])
    role = sts.assume_role(RoleArn=table["accounts"][1]["role_arn"], RoleSessionName="audit")
    second = boto3.session.Session(
        role["Credentials"]["AccessKeyId"],
        role["Credentials"]["SecretAccessKey"],
        role["Credentials"]["SessionToken"],
        region_name="us-east-1",
    )
    clients = (s.client("iam", endpoint_url=table["endpoint"]) for s in (session, second))
    return next(clients), next(clients)


@pytest.fixture(scope="module")
def accounts(demo: Organisation) -> Iterator[tuple[Any, Any]]:
    clients = sessions(demo)
    yield clients
    for client in clients:
        client.close()


def test_the_credentials_are_the_auditors(accounts: tuple[Any, Any]) -> None:
    assert accounts[0].get_user()["User"]["UserName"] == "auditor"


def test_both_accounts_hold_what_the_scenario_says(
    demo: Organisation, accounts: tuple[Any, Any]
) -> None:
    for client, account in zip(accounts, demo.scenario.accounts[:2], strict=True):
        assert client.list_account_aliases()["AccountAliases"] == [account.alias]
        users = client.list_users()["Users"]
        assert {user["Arn"] for user in users} == {
            f"arn:aws:iam::{account.id}:user/{user.name}" for user in account.users
        }


def test_access_keys_are_those_of_the_scenario(
    demo: Organisation, accounts: tuple[Any, Any]
) -> None:
    for client, account in zip(accounts, demo.scenario.accounts[:2], strict=True):
        for user in account.users:
            listed = client.list_access_keys(UserName=user.name)["AccessKeyMetadata"]
            known = [key for key in user.keys if key.status != "Deleted"]
            assert [(k["AccessKeyId"], k["Status"], k["CreateDate"]) for k in listed] == [
                (key.pair.id, key.status, key.created) for key in known
            ]


def test_a_key_tells_when_it_was_last_used(demo: Organisation, accounts: tuple[Any, Any]) -> None:
    key = access_keys(demo.scenario.accounts)["ci-legacy/1"]
    used = accounts[0].get_access_key_last_used(AccessKeyId=key.pair.id)["AccessKeyLastUsed"]
    assert used["LastUsedDate"] == key.last_used


def test_the_details_hold_groups_boundaries_and_policies_of_aws(accounts: tuple[Any, Any]) -> None:
    details = accounts[0].get_account_authorization_details()
    users = {user["UserName"]: user for user in details["UserDetailList"]}
    roles = {role["RoleName"]: role for role in details["RoleDetailList"]}
    policies = {policy["PolicyName"]: policy for policy in details["Policies"]}
    assert users["ci-legacy"]["GroupList"] == ["deployers"]
    assert users["backup-runner"]["UserPolicyList"][0]["PolicyName"] == "Backups"
    boundary = roles["api-task"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert boundary == "arn:aws:iam::417023958611:policy/ServiceBoundary"
    admin = policies["AdministratorAccess"]
    assert admin["Arn"] == "arn:aws:iam::aws:policy/AdministratorAccess"
    assert admin["PolicyVersionList"][0]["Document"]["Statement"][0]["Action"] == "*"


def test_the_credential_report_is_there(accounts: tuple[Any, Any]) -> None:
    accounts[0].generate_credential_report()
    report = accounts[0].get_credential_report()["Content"].decode()
    assert "\nci-admin,arn:aws:iam::417023958611:user/ci-admin,2019-03-04T" in report


def test_what_stands_around_the_accounts_is_what_the_scenario_says(demo: Organisation) -> None:
    """The whole of it, as the audit itself reads it."""
    production, sandbox = (found.surroundings for found in read(demo))
    assert production.is_management == Known(value=True)
    assert production.organization_id == sandbox.organization_id
    assert isinstance(sandbox.guardrails.scps, Known)
    assert isinstance(sandbox.guardrails.rcps, Known)
    assert [len(level) for level in sandbox.guardrails.scps.value or ()] == [1, 2, 1]
    assert "cloudtrail:StopLogging" in str(sandbox.guardrails.scps.value)
    assert "aws:PrincipalAccount" in str(sandbox.guardrails.rcps.value)
    assert "log-shipper" in str(production.resource_policies["arn:aws:s3:::acme-mission-website"])
    assert isinstance(production.oidc_providers, Known)
    (provider,) = production.oidc_providers.value
    assert provider.url.startswith("oidc.circleci.com/org/")
    terraform = production.last_accessed["arn:aws:iam::417023958611:user/terraform"]
    assert isinstance(terraform, Known)
    assert terraform.value.unused_services() == ("rds",)


def test_the_trail_is_the_one_of_the_scenario(demo: Organisation) -> None:
    production, sandbox = (found.logs.coverage for found in read(demo))
    trail = next(log for log in production if log.log == "CloudTrail trail main")
    assert (trail.enabled, trail.retention_days) == (Known(value=True), Known(365))
    assert (trail.level, trail.central) == ("management", Known(value=False))
    none = next(log for log in sandbox if log.log == "CloudTrail trail")
    assert none.enabled == Known(value=False)


@cache
def read(demo: Organisation) -> tuple[Account, ...]:
    """Return the AWS accounts as the audit reads them."""
    table = tomllib.loads(demo.config_toml())["providers"]["aws"]
    reached = tuple(aws_settings.Account(**account) for account in table.pop("accounts"))
    snapshot, sealer = Memory(), Sealer(b"k" * 32)
    settings = aws_settings.Settings(accounts=reached, **table)
    with environment(dict(demo.environment())):
        now = datetime(2026, 11, 25, tzinfo=UTC)
        aws_collect.collect(settings, Collecting(snapshot, sealer, Silent(), now))
    return read_accounts([], snapshot).accounts


# --- how to reach it --------------------------------------------------------------------------


def test_the_configuration_is_one_that_the_audit_takes(demo: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(demo.config_toml(), "utf-8")
    settings = config.load(file, environ={}, home=tmp_path).settings
    circleci, aws = settings.inventory["circleci"], settings.providers["aws"]
    assert config.check_endpoint(circleci["url"]) == demo.circleci_url
    assert circleci["token_env"] in demo.environment()
    assert config.check_endpoint(aws["endpoint"])
    assert aws["accounts"] == [{}, {"role_arn": "arn:aws:iam::809154276334:role/auditor"}]


def test_the_configuration_holds_no_token(demo: Organisation) -> None:
    assert demo.tokens.personal not in demo.config_toml()


def test_the_authority_is_for_its_owner_only(demo: Organisation) -> None:
    assert demo.ca_bundle.stat().st_mode & 0o777 == 0o600


def test_the_recording_has_no_header_and_no_value(demo: Organisation) -> None:
    with Asking(demo) as ask:
        for organization in demo.scenario.organizations:
            for context in organization.contexts:
                ask(f"/api/v2/context/{context.id}/environment-variable")
            for project in organization.projects:
                ask(f"/api/v2/project/{project.slug}/envvar")
                ask(f"/api/v1.1/project/{project.slug}/settings")
    text = "\n".join(demo.recording.lines())
    assert demo.tokens.personal not in text
    secrets = [key.pair.secret for key in access_keys(demo.scenario.accounts).values()]
    places: list[Context | Project] = []
    for organization in demo.scenario.organizations:
        places += [*organization.contexts, *organization.projects]
    secrets += [variable.value for place in places for variable in place.variables]
    assert not [value for value in secrets if len(value) >= 20 and json.dumps(value)[1:-1] in text]
    exchange = {"provider", "method", "path", "status", "body"}
    assert all(set(line) == exchange for line in demo.recording)


def test_a_recording_can_only_count() -> None:
    recording = Recording(keep=False)
    with Organisation(without_accounts(), recording=recording) as demo, Asking(demo) as ask:
        ask.json("/api/v2/me")
        assert (len(recording), recording.lines()) == (1, ())


# --- up and down ------------------------------------------------------------------------------


def test_nothing_is_left_behind() -> None:
    threads = threading.active_count()
    with Organisation(without_accounts()) as demo:
        ask = Asking(demo)
        ask.json("/api/v2/me")
        folder = demo.folder  # and the connection stays open
    assert not folder.exists()
    assert threading.active_count() == threads
    with ask, pytest.raises(OSError):  # noqa: PT011 (which one depends on the moment)
        ask("/api/v2/me")


@pytest.mark.parametrize("package", ["trustme", "moto"])
def test_a_missing_package_is_named_and_nothing_keeps_running(package: str) -> None:
    code = IMPORTS.format(package) + START
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "install them: pip install 'ci-secrets-auditor[demo]' 1\n"


def test_it_starts_whatever_the_persons_own_configuration_says() -> None:
    hostile = {"AWS_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:9", "AWS_REGION": ""}
    code = "from auditor.demo import Organisation\nwith Organisation(): print('up')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | hostile,
    )
    assert (done.stdout, done.stderr) == ("up\n", "")


def test_importing_the_demo_loads_no_server_package() -> None:
    code = "import sys, auditor.demo; print({'boto3', 'moto', 'trustme'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    sizes = ["--contexts", "3", "--context-variables", "2", "--projects", "4"]
    command = [sys.executable, "-m", "auditor.demo", *sizes, "--project-variables", "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        yield running


@pytest.mark.parametrize("way", ["stdin closes", "SIGTERM"])
def test_it_serves_from_a_process_of_its_own(process: subprocess.Popen[str], way: str) -> None:
    assert process.stdout
    assert process.stdin
    facts = json.loads(process.stdout.readline())
    assert set(facts) == {"url", "config", "environment"}
    table = tomllib.loads(facts["config"])
    assert table["inventory"]["circleci"]["url"] == facts["url"]
    assert "providers" not in table
    if way == "SIGTERM":
        process.send_signal(signal.SIGTERM)
    else:
        process.stdin.close()
    assert json.loads(process.stdout.readline()) == {"requests": 0}
    assert process.wait(30) == 0
    assert process.stderr
    assert process.stderr.read() == ""


def test_aws_that_somebody_else_emptied_is_put_in_place_again(demo: Organisation) -> None:
    def users() -> set[str]:
        return {user["UserName"] for user in sessions(demo)[0].list_users()["Users"]}

    demo.refill()
    before = users()
    endpoint = tomllib.loads(demo.config_toml())["providers"]["aws"]["endpoint"]
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)
    demo.refill()
    assert users() == before != set()
