"""What moto has no call for: the job of IAM that tells when an identity last used each service.

It stands in front of moto's application and answers these two calls, from the scenario. And the
event history of CloudTrail, which is empty: the demo's events are in its folder of logs.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from auditor.demo.estate import Account, Principal

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[Environ, Start], Iterable[bytes]]

_START, _RESULT = "GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails"
_LONGEST = 100_000


class LastAccessed:
    """A WSGI application that answers the three calls and passes on all others."""

    def __init__(self, behind: Application, accounts: Iterable[Account]) -> None:
        """Take moto's application, and the accounts whose identities tell of their use."""
        self._behind = behind
        self._used: Mapping[str, Principal] = {
            f"arn:aws:iam::{account.id}:{kind}/{principal.name}": principal
            for account in accounts
            for kind, principals in (("user", account.users), ("role", account.roles))
            for principal in principals
        }
        self._jobs: dict[str, str] = {}

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("HTTP_X_AMZ_TARGET", "").endswith(".LookupEvents"):
            return _say(start, "application/x-amz-json-1.1", '{"Events": []}')
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        if not form or length > _LONGEST:
            return self._behind(environ, start)
        body = environ["wsgi.input"].read(length)
        given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        answer = self._answer(given)
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self._behind(environ, start)
        return _say(start, "text/xml", answer)

    def _answer(self, given: Mapping[str, str]) -> str | None:
        action = given.get("Action", "")
        if action == _START:
            job = str(uuid.uuid5(uuid.NAMESPACE_URL, given["Arn"]))
            self._jobs[job] = given["Arn"]
            return _reply(action, f"<JobId>{job}</JobId>")
        if action == _RESULT:
            return _reply(action, self._result(self._jobs[given["JobId"]]))
        return None

    def _result(self, arn: str) -> str:
        services = self._used[arn].used if arn in self._used else ()
        members = "".join(_service(arn, name, last) for name, last in services)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (
            "<JobStatus>COMPLETED</JobStatus><JobType>ACTION_LEVEL</JobType>"
            f"<JobCreationDate>{now}</JobCreationDate>"
            f"<JobCompletionDate>{now}</JobCompletionDate>"
            f"<ServicesLastAccessed>{members}</ServicesLastAccessed>"
            "<IsTruncated>false</IsTruncated>"
        )


def _service(arn: str, name: str, last: datetime | None) -> str:
    used = (
        f"<LastAuthenticated>{last.strftime('%Y-%m-%dT%H:%M:%SZ')}</LastAuthenticated>"
        f"<LastAuthenticatedEntity>{escape(arn)}</LastAuthenticatedEntity>"
        if last
        else ""
    )
    count = f"<TotalAuthenticatedEntities>{int(bool(last))}</TotalAuthenticatedEntities>"
    named = f"<ServiceName>{name}</ServiceName><ServiceNamespace>{name}</ServiceNamespace>"
    return f"<member>{named}{used}{count}</member>"


def _say(start: Start, kind: str, answer: str) -> Iterable[bytes]:
    text = answer.encode()
    start("200 OK", [("Content-Type", kind), ("Content-Length", str(len(text)))])
    return [text]


def _reply(action: str, result: str) -> str:
    space = "https://iam.amazonaws.com/doc/2010-05-08/"
    return (
        f'<{action}Response xmlns="{space}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
