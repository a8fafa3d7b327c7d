"""How far the logs of an account see: what their settings mean, and how they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_door import PROD, Answer, Door, collect, deny, session_of, settings_for

from auditor.models import Fact, Known, LogCoverage, Unknown
from auditor.providers.aws.logs import read_logs

MAIN = f"arn:aws:cloudtrail:eu-central-1:{PROD}:trail/main"
ARN = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/main"
MANAGEMENT = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
S3 = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}


def trail(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Name": "main",
        "TrailARN": ARN,
        "HomeRegion": "eu-central-1",
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "IsOrganizationTrail": False,
        "S3BucketName": "logs",
        "Status": {"IsLogging": True},
        "Selectors": {"EventSelectors": [MANAGEMENT]},
        "Bucket": {"Own": True, "Rules": []},
    }
    return told | changes


def coverage_of(world: Any, told: dict[str, Any]) -> LogCoverage:
    """Return what is said of an account with that one trail."""
    world.write().save("trails", {"trailList": [told]})
    coverage = read_logs(world.account, world.snapshot).coverage
    (found,) = [log for log in coverage if log.log == "CloudTrail trail main"]
    return found


def test_the_event_history_is_always_there(world: Any) -> None:
    history = read_logs(world.account, world.snapshot).coverage[0]
    assert history.log == "CloudTrail event history"
    assert (history.enabled, history.retention_days) == (Known(value=True), Known(90))
    assert "S3 objects" in history.never


def advanced(*fields: tuple[str, str, list[str]]) -> dict[str, Any]:
    return {"FieldSelectors": [{"Field": name, kind: values} for name, kind, values in fields]}


@pytest.mark.parametrize(
    ("selectors", "level", "never"),
    [
        ({"EventSelectors": [MANAGEMENT]}, "management", "reads and writes of data (S3 objects"),
        (
            {"EventSelectors": [MANAGEMENT | {"DataResources": [S3]}]},
            "management and data (AWS::S3::Object)",
            "data events of other types than AWS::S3::Object",
        ),
        (
            {"EventSelectors": [MANAGEMENT | {"ReadWriteType": "WriteOnly"}]},
            "management (writes only)",
            "management events that read",
        ),
        (
            {"EventSelectors": [MANAGEMENT | {"ReadWriteType": "ReadOnly"}]},
            "management (reads only)",
            "management events that write",
        ),
        (
            {"EventSelectors": [MANAGEMENT | {"ExcludeManagementEventSources": ["kms"]}]},
            "management",
            "management events of kms",
        ),
        (
            {"EventSelectors": [{"IncludeManagementEvents": False, "DataResources": [S3]}]},
            "data (AWS::S3::Object)",
            "management events",
        ),
        (
            {
                "AdvancedEventSelectors": [
                    advanced(
                        ("eventCategory", "Equals", ["Management"]),
                        ("readOnly", "Equals", ["false"]),
                        ("eventSource", "NotEquals", ["kms.amazonaws.com"]),
                    ),
                    advanced(
                        ("eventCategory", "Equals", ["Data"]),
                        ("resources.type", "Equals", ["AWS::Lambda::Function"]),
                    ),
                ]
            },
            "management (writes only) and data (AWS::Lambda::Function)",
            "management events of kms.amazonaws.com",
        ),
        ({"EventSelectors": []}, "nothing", "management events"),
        ({"error": "AccessDenied", "message": "no"}, "not known", "what it leaves out is not"),
    ],
)
def test_selectors_tell_the_level(world: Any, selectors: Any, level: str, never: str) -> None:
    found = coverage_of(world, trail(Selectors=selectors))
    assert found.level == level
    assert never in found.never


@pytest.mark.parametrize(
    ("changes", "never"),
    [
        ({"IsMultiRegionTrail": False}, "regions other than eu-central-1"),
        ({"IncludeGlobalServiceEvents": False}, "events of IAM and STS"),
        (
            {"Status": {"IsLogging": True, "LatestDeliveryError": "NoSuchBucket"}},
            "what it fails to deliver (NoSuchBucket)",
        ),
    ],
)
def test_settings_tell_what_it_can_never_show(world: Any, changes: Any, never: str) -> None:
    assert never in coverage_of(world, trail(**changes)).never


def rule(days: int, status: str = "Enabled", **more: Any) -> dict[str, Any]:
    return {"Status": status, "Expiration": {"Days": days}} | more


@pytest.mark.parametrize(
    ("changes", "misses"),
    [
        ({}, ()),
        ({"IsMultiRegionTrail": False}, ("regions", "global")),
        ({"IsMultiRegionTrail": None}, ("regions", "global")),
        ({"IncludeGlobalServiceEvents": False}, ("global",)),
    ],
)
def test_a_trail_of_one_region_misses_others(
    world: Any, changes: Any, misses: tuple[str, ...]
) -> None:
    assert coverage_of(world, trail(**changes)).misses == misses


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ([], None),
        ([rule(400)], 400),
        ([rule(400), rule(30)], 30),
        ([rule(30, status="Disabled")], None),
        ([rule(30, Filter={"Prefix": "exports/"}), rule(365, Prefix="AWSLogs/")], 365),
        ([rule(30, Filter={"And": {"Prefix": "exports/", "Tags": []}})], None),
        ([rule(30, Filter={"Prefix": ""})], 30),
        ([{"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 3}}], None),
    ],
)
def test_the_bucket_tells_how_long_it_keeps(world: Any, rules: Any, days: int | None) -> None:
    found = coverage_of(world, trail(Bucket={"Own": True, "Rules": rules}))
    assert found.retention_days == Known(days)


@pytest.mark.parametrize(
    ("changes", "central"),
    [
        ({}, False),
        ({"Bucket": {"Own": False}}, True),
        ({"IsOrganizationTrail": True}, False),
        (
            {"IsOrganizationTrail": True, "TrailARN": ARN.replace("1111", "9999"), "Bucket": None},
            True,
        ),
        ({"Bucket": {"error": "AccessDenied", "message": "no"}}, None),
    ],
)
def test_a_bucket_of_another_account_is_central(
    world: Any, changes: Any, central: bool | None
) -> None:
    found: Fact[bool] = coverage_of(world, trail(**changes)).central
    assert isinstance(found, Unknown) if central is None else found == Known(central)


def test_a_trail_that_is_stopped(world: Any) -> None:
    found = coverage_of(world, trail(Status={"IsLogging": False}))
    assert found.enabled == Known(value=False)


def test_no_trail_is_told_and_no_answer_is_a_gap(world: Any) -> None:
    world.write()
    logs = read_logs(world.account, world.snapshot)
    assert logs.gaps == ()
    (none,) = [log for log in logs.coverage if log.log == "CloudTrail trail"]
    assert none.enabled == Known(value=False)
    world.save("trails", {"error": "AccessDenied", "message": "no"})
    logs = read_logs(world.account, world.snapshot)
    (gap,) = logs.gaps
    assert gap.fix.startswith("grant cloudtrail:DescribeTrails, ")
    (unseen,) = [log for log in logs.coverage if log.log == "CloudTrail trails"]
    assert isinstance(unseen.enabled, Unknown)


@pytest.mark.parametrize(
    ("document", "enabled"),
    [
        ({"Region": "r", "Detectors": [{"DetectorId": "d", "Status": "ENABLED"}]}, True),
        ({"Region": "r", "Detectors": [{"DetectorId": "d", "Status": "DISABLED"}]}, False),
        ({"Region": "r", "Detectors": []}, False),
        ({"DetectorIds": []}, False),
        ({"DetectorIds": ["d"]}, None),
        ({"error": "AccessDeniedException", "message": "no"}, None),
    ],
)
def test_guardduty(world: Any, document: Any, enabled: bool | None) -> None:
    world.write().save("detectors", document)
    found = read_logs(world.account, world.snapshot).coverage[-1].enabled
    assert isinstance(found, Unknown) if enabled is None else found == Known(enabled)


# --- who can read them ------------------------------------------------------------------------


def allowed(action: str, resource: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource} | more
    document = {"Version": "2012-10-17", "Statement": statement}
    return {"UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]}


def test_readers_are_those_whose_policies_reach_the_files(world: Any) -> None:
    tls = {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    users = {
        "all": allowed("s3:*", "*"),
        "files": allowed("s3:GetObject", "arn:aws:s3:::logs/ct/AWSLogs/*"),
        "maybe": allowed("s3:GetObject", "arn:aws:s3:::logs/*", **tls),
        "other": allowed("s3:GetObject", "arn:aws:s3:::builds/*"),
        "lists": allowed("s3:ListBucket", "arn:aws:s3:::logs"),
        "events": allowed("cloudtrail:Lookup*", "*"),
    }
    world.write(users=users).save("trails", {"trailList": [trail(S3KeyPrefix="ct")]})
    readers = {log.log: log.readers for log in world.directory().logs}
    found = ("user all", "user files", "user maybe, conditional")
    assert readers["CloudTrail trail main"] == Known(found)
    assert readers["CloudTrail event history"] == Known(("user events",))
    assert readers["GuardDuty in us-east-1"] is None


def test_many_readers_are_counted(world: Any) -> None:
    world.write(users={f"u{n:02}": allowed("*", "*") for n in range(23)})
    readers = world.directory().logs[0].readers
    assert isinstance(readers, Known)
    assert (len(readers.value), readers.value[-1]) == (21, "and 3 more")


def test_readers_are_unknown_where_policies_are(world: Any) -> None:
    world.write()
    world.save("authorization-details", {"error": "AccessDenied", "message": "no"})
    assert isinstance(world.directory().logs[0].readers, Unknown)


# --- read live -------------------------------------------------------------------------------


@pytest.fixture
def logging(door: Door) -> Door:
    """A door in front of an account with a trail in another region than the audit's."""
    pytest.importorskip("moto.server", reason="the demo extra is not installed")
    session = session_of(door, PROD)

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=door.url, region_name="eu-central-1")

    s3, cloudtrail = client("s3"), client("cloudtrail")
    place = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="acme-logs", CreateBucketConfiguration=place)
    expire = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
    s3.put_bucket_lifecycle_configuration(
        Bucket="acme-logs", LifecycleConfiguration={"Rules": [expire]}
    )
    cloudtrail.create_trail(Name="main", S3BucketName="acme-logs")
    cloudtrail.start_logging(Name="main")
    client("guardduty").create_detector(Enable=True)
    door.open()
    return door


LISTED = {"Trails": [{"Name": "main", "TrailARN": MAIN, "HomeRegion": "eu-central-1"}]}


def listing(action: str, _: dict[str, str]) -> Answer | None:
    """List the trails of all regions, as AWS does; moto lists those of one."""
    return (200, json.dumps(LISTED)) if action == "ListTrails" else None


def test_a_trail_of_another_region_is_found(world: Any, logging: Door) -> None:
    logging.rule = listing
    directory = collect(world, settings_for(logging, PROD))
    assert directory.gaps == ()
    found = {log.log: log for log in directory.logs}
    assert found["CloudTrail trail main"].enabled == Known(value=True)
    assert found["CloudTrail trail main"].retention_days == Known(9)
    assert "regions other than eu-central-1" in found["CloudTrail trail main"].never
    assert found["GuardDuty in us-east-1"].enabled == Known(value=False)
    other = settings_for(logging, PROD, region="eu-central-1")
    found = {log.log: log for log in collect(type(world)(), other).logs}
    assert found["GuardDuty in eu-central-1"].enabled == Known(value=True)


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("DescribeTrails", "cloudtrail:DescribeTrails"),
        ("ListTrails", "cloudtrail:DescribeTrails"),
        ("GetTrailStatus", "cloudtrail:DescribeTrails"),
        ("GET /", "cloudtrail:DescribeTrails"),
        ("GET /acme-logs?lifecycle", "cloudtrail:DescribeTrails"),
        ("GET /detector", "guardduty:GetDetector"),
    ],
)
def test_a_refused_call_is_a_gap(world: Any, logging: Door, action: str, permission: str) -> None:
    refused = deny(action, code="AccessDenied")
    logging.rule = lambda *call: refused(*call) or listing(*call)
    directory = collect(world, settings_for(logging, PROD))
    (gap,) = directory.gaps
    assert gap.fix.startswith(f"grant {permission}")
    logging.open()
    logging.rule = listing
    assert collect(world, settings_for(logging, PROD)).gaps == ()
