"""The whole invented organisation, up and running on loopback, and how to point an audit at it."""

from __future__ import annotations

import json
import secrets
import ssl
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from auditor.demo import aws, azure_tenant, github, github_app, scenario
from auditor.demo.azure import AzureCloud
from auditor.demo.circleci import CircleCi, Tokens
from auditor.demo.estate import Account, KeyPair, Scenario
from auditor.demo.faults import Faults
from auditor.demo.google import GoogleServer, rest
from auditor.demo.google_estate import Google
from auditor.demo.loopback import HOST, Loopback
from auditor.demo.wire import Recording
from auditor.errors import MissingExtra

GITHUB_VARIABLE = "AUDITOR_DEMO_GITHUB_TOKEN"
TOKEN_VARIABLE = "AUDITOR_DEMO_CIRCLECI_TOKEN"  # noqa: S105 (a name, not a token)
AUDITOR = "auditor"
"""The user, role or application, in each account and tenant, that the audit is meant to use."""


class Organisation:
    """Serves a scenario while its `with` block runs, as the vendors would.

    One at a time in a process, if it has AWS accounts. `faults` can be switched at any time,
    `recording` holds every exchange with CircleCI, GitHub and Azure; those with Google and AWS have
    recordings of their own.
    """

    def __init__(
        self,
        served: Scenario | None = None,
        faults: Faults | None = None,
        recording: Recording | None = None,
    ) -> None:
        """Prepare to serve the scenario, the packaged one when none is given."""
        self.scenario = scenario.load() if served is None else served
        self.faults = Faults() if faults is None else faults
        self.recording = Recording() if recording is None else recording
        self.tokens = Tokens(f"demo-{secrets.token_hex(16)}", f"demo-{secrets.token_hex(16)}")
        self.github_tokens = github_app.Tokens(f"demo-{secrets.token_hex(16)}", {})
        self._stack = ExitStack()
        self._circleci: Loopback | None = None
        self._github: Loopback | None = None
        self._aws: aws.Aws | None = None
        self.google_recording = Recording(keep=self.recording.keeps)
        self.aws_recording = Recording(keep=self.recording.keeps)
        self._google: tuple[GoogleServer, Loopback] | None = None
        self._azure: Loopback | None = None

    def __enter__(self) -> Self:
        """Start the servers.

        MissingExtra when the packages of the demo are not installed.
        """
        with ExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(prefix="auditor-demo-")
            self.folder = Path(stack.enter_context(temporary))
            self._write_aws_configuration()
            tls = self._tls()
            app = CircleCi(self.scenario, self.tokens)
            self._circleci = self._serve(Loopback("circleci", app, tls, *self._lab), stack)
            if self.scenario.github:
                hub = github.GitHub(self.scenario, self.github_tokens)
                self._github = self._serve(Loopback("github", hub, tls, *self._lab), stack)
                hub.url = self._github.url
            if self.scenario.tenant:
                cloud = AzureCloud(self.scenario.tenant, azure_tenant.login(AUDITOR).client)
                self._azure = self._serve(Loopback("azure", cloud, tls, *self._lab), stack)
                cloud.url = self._azure.url
            if self.scenario.accounts:
                self._aws = aws.Aws(self.scenario.accounts, self.faults, self.aws_recording)
                stack.callback(self._aws.stop)
                self._aws.start()
            if self.scenario.google:
                self._google = self._start_google(self.scenario.google, stack)
            self._stack = stack.pop_all()
        return self

    def refill(self) -> None:
        """Put AWS in place again, if whoever else uses moto in this process emptied it."""
        if self._aws:
            self._aws.refill()

    @property
    def _lab(self) -> tuple[Faults, Recording]:
        return self.faults, self.recording

    @staticmethod
    def _serve(server: Loopback, stack: ExitStack) -> Loopback:
        stack.callback(server.stop)
        server.start()
        return server

    def _start_google(
        self, table: Mapping[str, Any], stack: ExitStack
    ) -> tuple[GoogleServer, Loopback]:
        google = Google(table)
        server = GoogleServer(google, self.faults, self.google_recording)
        beside = Loopback("google", rest(google), None, self.faults, self.google_recording)
        stack.callback(server.stop)
        server.start()
        return server, self._serve(beside, stack)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the servers and remove the folder."""
        self._stack.close()

    @property
    def circleci_url(self) -> str:
        """Return the base address of the CircleCI server."""
        if self._circleci is None:
            raise RuntimeError("the organisation is not running")
        return self._circleci.url

    @property
    def ca_bundle(self) -> Path:
        """Return the file of the throw-away CA that signed the server's certificate."""
        return self.folder / "ca.pem"

    def config_toml(self) -> str:
        """Return the configuration for `auditor audit`."""
        lines = [
            "[inventory.circleci]",
            f'url = "{self.circleci_url}"',
            f'token_env = "{TOKEN_VARIABLE}"',
            f"ca_bundle = {json.dumps(str(self.ca_bundle))}",
        ]
        if self._aws:
            reached = ", ".join(filter(None, map(_reach, self.scenario.accounts)))
            lines += [
                "",
                "[providers.aws]",
                f'endpoint = "{self._aws.url}"',
                f"accounts = [{reached}]",
            ]
        if self._github and self.scenario.github:
            lines += [
                "",
                "[providers.github]",
                f'base_url = "{self._github.url}{github_app.PREFIX}"',
                f'token_env = "{GITHUB_VARIABLE}"',
                f"ca_bundle = {json.dumps(str(self.ca_bundle))}",
                f'organizations = ["{self.scenario.github["organization"]}"]',
                "per_minute = 100000",
            ]
        if self._google:
            server, beside = self._google
            lines += [
                "",
                "[providers.gcp]",
                f'endpoint = "{server.url}"',
                f'rest_endpoint = "{beside.url}"',
                f'scopes = ["{Google(self.scenario.google or {}).organization}"]',
                "guardrails_per_minute = 1000",
            ]
        if self._azure:
            url = self._azure.url
            lines += ["", "[providers.azure]", f'authority = "{url}"']
            lines += [f'arm = "{url}"', f'graph = "{url}"']
            lines += [f"ca_bundle = {json.dumps(str(self.ca_bundle))}"]
        return "\n".join(lines) + "\n"

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables that the configuration counts on.

        They also keep the person's own AWS configuration, metadata services and proxies out.
        """
        tokens = {TOKEN_VARIABLE: self.tokens.personal, GITHUB_VARIABLE: self.github_tokens.app}
        common = tokens | {"NO_PROXY": HOST, "no_proxy": HOST}
        common |= _azure_environment() if self._azure else {}
        return common | (self._aws_environment() if self._aws else {})

    def _aws_environment(self) -> dict[str, str]:
        pair = _auditor_key(self.scenario.accounts)
        return {
            "AWS_ACCESS_KEY_ID": pair.id,
            "AWS_SECRET_ACCESS_KEY": pair.secret,
            "AWS_SESSION_TOKEN": "",
            "AWS_PROFILE": "default",
            "AWS_CONFIG_FILE": str(self.folder / "aws.ini"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "no-credentials.ini"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _write_aws_configuration(self) -> None:
        text = f"[default]\nregion = {aws.REGION}\n"
        (self.folder / "aws.ini").write_text(text, "utf-8")

    def _tls(self) -> ssl.SSLContext:
        """Return the server's TLS context, signed by a CA made for this run."""
        try:
            import trustme  # noqa: PLC0415
        except ImportError as missing:
            raise MissingExtra("the demo", "demo") from missing
        authority = trustme.CA()
        self.ca_bundle.touch(mode=0o600)
        authority.cert_pem.write_to_path(str(self.ca_bundle))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST, "localhost").configure_cert(context)
        return context


def _reach(account: Account) -> str:
    """Return how the configuration names an account, "" for one that nobody reaches."""
    return {
        "credentials": "{}",
        "role": f'{{role_arn = "arn:aws:iam::{account.id}:role/{AUDITOR}"}}',
    }.get(account.reached_by, "")


def _azure_environment() -> dict[str, str]:
    login = azure_tenant.login(AUDITOR)
    return {
        "AZURE_CLIENT_ID": login.client,
        "AZURE_CLIENT_SECRET": login.secret,
        "AZURE_TENANT_ID": login.tenant,
    }


def _auditor_key(accounts: tuple[Account, ...]) -> KeyPair:
    """Return the key of the user "auditor"; the scenario must have one."""
    return next(u.keys[0].pair for a in accounts for u in a.users if u.name == AUDITOR)
