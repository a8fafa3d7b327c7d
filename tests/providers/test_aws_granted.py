"""What resources grant identities by their own policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

BUCKET = "arn:aws:s3:::site"


def told(world: Any, resource: str, **changes: Any) -> dict[str, tuple[str, ...]]:
    """Return what user ci can do on what, where the resource's policy has one statement."""
    saved(world, resource, **changes)
    directory = world.directory()
    assert directory.resolve(world.arn("bob")).capabilities == ()
    found = directory.resolve(world.arn("ci"))
    assert found.gaps == ()
    return {str(one.name): one.resources for one in found.capabilities}


def saved(world: Any, resource: str, **changes: Any) -> None:
    """Write users ci and bob, and a resource whose policy has one statement, about ci."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": world.arn("ci")},
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/*",
    }
    statement |= changes
    kept = {name: value for name, value in statement.items() if value is not None}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [kept]})
    world.write(users={"ci": {}, "bob": {}})
    service = resource.split(":")[2]
    world.save(f"resource-policies/{service}", {"Policies": [{"Arn": resource, "Policy": policy}]})


def test_a_bucket_grants_by_itself(world: Any) -> None:
    assert told(world, BUCKET) == {"write-data": (f"{BUCKET}/*",)}
    found = world.directory().resolve(world.arn("ci"))
    assert "policy of arn:aws:s3:::site allows s3:PutObject" in found.capabilities[0].path[0]
    assert found.grants[0].via == "policy of arn:aws:s3:::site"


@pytest.mark.parametrize("resource", ["*", ["*"], None])
def test_everything_in_a_policy_of_a_resource_is_the_resource(world: Any, resource: Any) -> None:
    found = told(world, BUCKET, Resource=resource)
    assert set(found["write-data"]) <= {BUCKET, f"{BUCKET}/*"}
    assert found["write-data"]


def test_a_condition_stays(world: Any) -> None:
    told(world, BUCKET, Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    found = world.directory().resolve(world.arn("ci"))
    assert all(one.conditional for one in found.capabilities)


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:user/eve"}},
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Effect": "Deny"},
    ],
)
def test_who_is_not_named_gets_nothing(world: Any, changes: Any) -> None:
    assert told(world, BUCKET, **changes) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:user/eve"}},
    ],
)
def test_what_everyone_may_do_every_identity_may(world: Any, changes: Any) -> None:
    saved(world, BUCKET, **changes)
    found = world.directory().resolve(world.arn("bob")).capabilities
    assert {str(one.name) for one in found} >= {"write-data"}
    assert all(one.limited for one in found)


def test_a_list_of_names(world: Any) -> None:
    names = {"AWS": ["arn:aws:iam::111122223333:user/eve", world.arn("ci")]}
    assert "write-data" in told(world, BUCKET, Principal=names)


def test_a_statement_that_cannot_be_read_is_a_gap(world: Any) -> None:
    with pytest.raises(AssertionError):
        told(world, BUCKET, Action=7)
    (gap,) = world.directory().resolve(world.arn("ci")).gaps
    assert "policy of arn:aws:s3:::site" in gap.what


def test_a_boundary_that_such_a_grant_gets_past_is_told(world: Any) -> None:
    told(world, BUCKET)
    arn = "arn:aws:iam::111122223333:policy/bound"
    allowed = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
    version = {"VersionId": "v1", "IsDefaultVersion": True}
    version |= {"Document": {"Version": "2012-10-17", "Statement": allowed}}
    bound = {"PermissionsBoundary": {"PermissionsBoundaryArn": arn}}
    policy = {"PolicyName": "bound", "Arn": arn, "PolicyVersionList": [version]}
    world.write(users={"ci": bound, "bob": bound}, Policies=[policy])
    directory = world.directory()
    (gap,) = directory.resolve(world.arn("ci")).gaps
    assert gap.what == "permissions of user ci through policy of arn:aws:s3:::site"
    assert gap.fix == "compare that policy with the boundary by hand"
    assert directory.resolve(world.arn("bob")).gaps == ()
