"""A door in front of the moto server, which can refuse, drop and answer calls of its own.

moto itself never refuses a call and never pages. The door keeps the names of all calls.
"""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
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


_JSON_SERVICES = ("guardduty", "lambda")
"""Services with paths of their own that answer in JSON."""


_REST = {
    "GET /": "ListAllMyBuckets",
    "GET /*?lifecycle": "GetLifecycleConfiguration",
    "GET /*?policy": "GetBucketPolicy",
    "GET /*?list-type": "ListBucket",
    "GET /*/*": "GetObject",
    "GET /detector": "ListDetectors",
    "GET /detector/*": "GetDetector",
    "GET /2015-03-31/functions/*": "GetPolicy",
}
"""The IAM actions of calls that have no name on the wire."""


def _shape(call: str) -> str:
    """Return a call with the names in its path taken out."""
    command, _, path = call.partition(" ")
    path, _, query = path.partition("?")
    if command != "GET":
        return call
    if path.startswith("/2015-03-31/functions/") and path.endswith("/policy"):
        return "GET /2015-03-31/functions/*"
    if path not in ("/", "/detector"):
        path = "/detector/*" if path.startswith("/detector/") else "/*" * min(path.count("/"), 2)
    query = "list-type" if "list-type=2" in query else query
    return f"GET {path}?{query}" if query and path == "/*" else f"GET {path}"


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
        self.actions: set[str] = set()
        self.agents: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, action: str) -> int:
        return sum(name == action for name, _ in self.calls)


def _without_moto(action: str, given: dict[str, str]) -> Answer | None:
    """Return the answer to a call that moto does not know: the job that says when what was used."""
    if action == "GenerateServiceLastAccessedDetails":
        return reply(action, f"<JobId>{given['Arn']:>36}</JobId>")
    if action == "GetServiceLastAccessedDetails":
        return last_accessed()
    return None


def reply(action: str, result: str) -> Answer:
    """Return what IAM answers to a call."""
    return 200, f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"


def last_accessed(
    services: Mapping[str, str] | None = None, status: str = "COMPLETED", more: str = ""
) -> Answer:
    """Return a page of the job: services with the time that they were last used, "" for never."""
    members = "".join(
        f"<member><ServiceNamespace>{name}</ServiceNamespace><ServiceName>{name}</ServiceName>"
        + (f"<LastAuthenticated>{used}</LastAuthenticated></member>" if used else "</member>")
        for name, used in (services or {}).items()
    )
    return reply(
        "GetServiceLastAccessedDetails",
        f"<JobStatus>{status}</JobStatus><JobCreationDate>2026-11-22T00:00:00Z</JobCreationDate>"
        f"<JobCompletionDate>2026-11-22T00:00:01Z</JobCompletionDate>"
        f"<ServicesLastAccessed>{members}</ServicesLastAccessed>"
        f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>"
        + (f"<Marker>{more}</Marker>" if more else ""),
    )


def _as_json(text: str) -> str:
    """Return a refusal as the services say it that speak JSON."""
    found = re.search("<Code>(.*)</Code><Message>(.*)</Message>", text)
    return json.dumps({"__type": found[1], "message": found[2]}) if found else text


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: two would wait 40 ms for one another
    server: Door

    def do_POST(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        action, given = self._asked(body)
        self.server.calls.append((action, given))
        self.server.actions.add(f"{self._service()}:{_REST.get(_shape(action), action)}")
        self.server.agents.add(self.headers["User-Agent"])
        ruled = self.server.rule(action, given) or _without_moto(action, given)
        text: str | bytes
        status, text, kind = (*ruled, "text/xml") if ruled else self._ask_moto(body)
        if not status:
            self.close_connection = True
            return
        if ruled and ("X-Amz-Target" in self.headers or self._service() in _JSON_SERVICES):
            text, kind = _as_json(ruled[1]), "application/x-amz-json-1.1"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        content = text if isinstance(text, bytes) else text.encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _service(self) -> str:
        """Return the service that a call is signed for."""
        found = re.search(
            r"Credential=[^,]*/([a-z0-9-]+)/aws4_request", self.headers["Authorization"] or ""
        )
        return found[1] if found else ""

    def _asked(self, body: bytes) -> tuple[str, dict[str, str]]:
        """Return the name of the call and its parameters, whatever the protocol of the service."""
        if target := self.headers["X-Amz-Target"]:
            return target.rpartition(".")[2], json.loads(body)
        form = "x-www-form-urlencoded" in (self.headers["Content-Type"] or "")
        given = parse_qs(body.decode()) if form else {}
        first = {name: values[0] for name, values in given.items()}
        return first.pop("Action", f"{self.command} {self.path}"), first

    def _ask_moto(self, body: bytes) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection(*self.server.behind, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        reply = connection.getresponse()
        kind = reply.headers["Content-Type"] or "text/xml"
        status, content = reply.status, reply.read()
        connection.close()
        return status, content, kind

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


def session_of(door: Door, account: str) -> Any:
    """Return a session that fills an account: moto lets anyone into any role."""
    import boto3  # noqa: PLC0415

    sts = boto3.client("sts", endpoint_url=door.url, region_name="us-east-1")
    given = sts.assume_role(RoleArn=role(account, "seed"), RoleSessionName="seed")["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name="us-east-1",
    )


def iam_of(door: Door, account: str) -> Any:
    """Return a client that fills the identities of an account."""
    return session_of(door, account).client("iam", endpoint_url=door.url)


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
