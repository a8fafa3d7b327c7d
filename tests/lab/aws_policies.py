"""Policy documents and principals that tests of the AWS engine share."""

from __future__ import annotations

from typing import Any

ACCOUNT = "111122223333"
OTHER = "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/ci"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/build-7"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
STRANGER = f"arn:aws:iam::{OTHER}:user/Bob"
BUCKET = "arn:aws:s3:::builds"
OBJECT = f"{BUCKET}/a.tgz"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234"


def doc(*statements: dict[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": version, "Statement": list(statements)}


def statement(effect: str, action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement; `more` are further elements. None leaves an element out."""
    told = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {name: value for name, value in told.items() if value is not None}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return an Allow."""
    return statement("Allow", action, resource, **more)


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a Deny."""
    return statement("Deny", action, resource, **more)


ALL = doc(allow())
NOTHING = doc(allow("none:None"))
