"""Builds the boto3 clients of one account: the only place of the product that does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from auditor import __version__, calls
from auditor.errors import MissingExtra
from auditor.providers.aws.settings import Account, Settings

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.config import Config
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

SESSION_NAME = "ci-secrets-auditor"
"""How the audit shows in the account's own logs when a role is assumed."""
_CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of one account; all may be used from many threads."""

    iam: IAMClient
    sts: STSClient
    _session: Any
    _options: Mapping[str, Any]
    _others: dict[tuple[str, str], Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def other(self, service: str, region: str = "") -> Any:
        """Return the client of another service, in the session's region unless one is given."""
        with self._lock:  # a session makes one client at a time
            if (service, region) not in self._others:
                made = self._session.client(service, region_name=region or None, **self._options)
                self._others[service, region] = made
            return self._others[service, region]


def connect(account: Account, settings: Settings) -> Clients:
    """Return clients for an account, through its own audit role where one is configured.

    MissingExtra without boto3; botocore's own errors where the account cannot be entered.
    """
    session, config = _telling(_session(account, settings)), _config(settings)
    options: dict[str, Any] = {"config": config, "endpoint_url": settings.endpoint or None}
    if account.role_arn:
        session = _telling(_assume(session.client("sts", **options), account, settings))
    iam, sts = session.client("iam", **options), session.client("sts", **options)
    return Clients(iam, sts, session, options)


def _session(account: Account, settings: Settings) -> Session:
    try:
        import boto3  # noqa: PLC0415 (the SDK costs half a second: only who needs it pays)
    except ImportError as error:
        raise MissingExtra("AWS", "aws") from error
    return boto3.Session(profile_name=account.profile or None, region_name=settings.region)


def _telling(session: Session) -> Session:
    """Return the session, whose calls say by name what they do: most of them have the path "/"."""
    session.events.register("before-call", _tell)
    return session


def _tell(model: Any, **_: Any) -> None:
    calls.doing(f"{model.service_model.service_name}:{model.name}")


def _config(settings: Settings) -> Config:
    from botocore.config import Config  # noqa: PLC0415

    # IAM answers large accounts with Throttling: adaptive mode slows down before it is told to.
    # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html
    return Config(
        retries={"mode": "adaptive", "total_max_attempts": settings.retries + 1},
        connect_timeout=min(_CONNECT_SECONDS, settings.timeout),
        read_timeout=settings.timeout,
        max_pool_connections=settings.parallel,
        user_agent_extra=f"ci-secrets-auditor/{__version__}",
    )


def _assume(sts: STSClient, account: Account, settings: Settings) -> Session:
    """Return a session of the audit's own role: the only token the product ever asks for."""
    from boto3 import Session  # noqa: PLC0415

    wanted: Any = {"RoleArn": account.role_arn, "RoleSessionName": SESSION_NAME}
    if account.external_id:
        wanted["ExternalId"] = account.external_id
    credentials = sts.assume_role(**wanted)["Credentials"]
    return Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=settings.region,
    )
