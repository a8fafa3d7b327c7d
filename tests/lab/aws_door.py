"""A door in front of the moto server, which can refuse, drop and answer calls of its own.

moto itself never refuses a call and never pages. The door keeps the names of all calls.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from auditor.providers.aws import PROVIDER
from auditor.providers.aws.settings import Account, Settings

PROD, DEV = "222233334444", "555566667777"
Answer = tuple[int, str]
Rule = Callable[[str, dict[str, str]], Answer | None]


def refuse(code: str, message: str = "you are not authorized", status: int = 403) -> Answer:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"


def deny(*actions: str, code: str = "AccessDenied", **params: str) -> Rule:
    """Return a rule that refuses the calls of these names that have these parameters."""

    def rule(action: str, given: dict[str, str]) -> Answer | None:
        return refuse(code) if action in actions and params.items() <= given.items() else None

    return rule


def once(answer: Answer, action: str) -> Rule:
    left = [answer]
    return lambda name, _: left.pop() if name == action and left else None


class Door(ThreadingHTTPServer):
    """Passes calls on to moto, but for those its rule answers; keeps the names of all."""

    daemon_threads = True

    def __init__(self, behind: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.open()

    def open(self) -> None:
        self.rule: Rule = lambda _action, _params: None
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.agents: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, action: str) -> int:
        return sum(name == action for name, _ in self.calls)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait 40 ms for one another
    server: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        action = given.pop("Action")
        self.server.calls.append((action, given))
        self.server.agents.add(self.headers["User-Agent"])
        status, text = self.server.rule(action, given) or self._ask_moto(body)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def _ask_moto(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(*self.server.behind, timeout=30)
        connection.request("POST", "/", body, dict(self.headers))
        reply = connection.getresponse()
        status, text = reply.status, reply.read().decode()
        connection.close()
        return status, text

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Have only these variables of AWS set, so that no configuration of a person has a say."""
    kept = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


# --- accounts behind it ----------------------------------------------------------------------


def role(account: str, name: str = "audit") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def iam_of(door: Door, account: str) -> Any:
    """Return a client that fills an account: moto lets anyone into any role."""
    import boto3  # noqa: PLC0415

    options: dict[str, Any] = {"endpoint_url": door.url, "region_name": "us-east-1"}
    sts = boto3.client("sts", **options)
    given = sts.assume_role(RoleArn=role(account, "seed"), RoleSessionName="seed")["Credentials"]
    return boto3.client(
        "iam",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        **options,
    )


def fill(door: Door, account: str, *users: str) -> dict[str, dict[str, str]]:
    """Make users with one access key each; return the keys by user."""
    iam = iam_of(door, account)
    keys = {}
    for user in users:
        iam.create_user(UserName=user)
        keys[user] = iam.create_access_key(UserName=user)["AccessKey"]
    door.open()
    return keys


def settings_for(door: Door, *accounts: str, **more: Any) -> Settings:
    found = tuple(Account(role_arn=role(account), name=account) for account in accounts)
    told: dict[str, Any] = {"accounts": found, "endpoint": door.url, "retries": 0}
    return Settings(**told | more)


def collect(world: Any, settings: Settings) -> Any:
    PROVIDER.collect(settings, world.collecting)
    return PROVIDER.read(settings, world.snapshot)


def whats(directory: Any) -> list[str]:
    return [gap.what for gap in directory.gaps]
