"""Reading the policies of resources, and that the policy for the audit is what all this takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_door import DEV, PROD, Door, collect, deny, session_of, settings_for

from auditor.models import Fact, Known, Unknown
from auditor.providers.aws import parts
from auditor.providers.aws.accounts import read_accounts
from auditor.providers.aws.resources import resource_of

VERSION = "2012-10-17"
OPEN = {
    "Version": VERSION,
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
TEXT = json.dumps(OPEN)


@pytest.mark.parametrize(
    ("pattern", "arn"),
    [
        ("arn:aws:s3:::acme", "arn:aws:s3:::acme"),
        ("arn:aws:s3:::acme/*", "arn:aws:s3:::acme"),
        ("arn:aws:s3:::acme/builds/a?.tgz", "arn:aws:s3:::acme"),
        ("arn:aws:s3:::acme*", ""),
        ("arn:aws:s3:::${aws:username}/*", ""),
        ("arn:aws:s3:eu-west-1:111122223333:accesspoint/ap/object/*", ""),
        ("arn:aws:sqs:eu-west-1:111122223333:jobs", "arn:aws:sqs:eu-west-1:111122223333:jobs"),
        ("arn:aws:sqs:*:111122223333:jobs", ""),
        ("arn:aws:sns:eu-west-1:111122223333:t", "arn:aws:sns:eu-west-1:111122223333:t"),
        ("arn:aws:kms:eu-west-1:111122223333:key/k", "arn:aws:kms:eu-west-1:111122223333:key/k"),
        ("arn:aws:kms:eu-west-1:111122223333:alias/k", ""),
        ("arn:aws:lambda:r:111122223333:function:f:*", "arn:aws:lambda:r:111122223333:function:f"),
        ("arn:aws:ecr:r:111122223333:repository/a/b", "arn:aws:ecr:r:111122223333:repository/a/b"),
        (
            "arn:aws:secretsmanager:r:111122223333:secret:db-??????",
            "arn:aws:secretsmanager:r:111122223333:secret:db",
        ),
        (
            "arn:aws:secretsmanager:r:111122223333:secret:db-*",
            "arn:aws:secretsmanager:r:111122223333:secret:db",
        ),
        ("arn:aws:dynamodb:r:111122223333:table/t", ""),
        ("*", ""),
        ("arn:aws:s3", ""),
    ],
)
def test_which_resource_a_pattern_is_about(pattern: str, arn: str) -> None:
    assert resource_of(pattern) == arn


def found(world: Any, account: str = PROD) -> Mapping[str, Fact[Any]]:
    (reading,) = [one for one in read_accounts([], world.snapshot).accounts if one.id == account]
    return reading.surroundings.resource_policies


@pytest.fixture
def resources(door: Door) -> dict[str, str]:
    """One resource of each service, each with an open policy, and a user whose policy names all."""
    pytest.importorskip("moto.server", reason="the demo extra is not installed")
    session = session_of(door, PROD)

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=door.url)

    s3, kms, ecr, sqs, sns = map(client, ("s3", "kms", "ecr", "sqs", "sns"))
    secrets = client("secretsmanager")
    s3.create_bucket(Bucket="acme-builds")
    s3.put_bucket_policy(Bucket="acme-builds", Policy=TEXT)
    repository = ecr.create_repository(repositoryName="site")["repository"]
    ecr.set_repository_policy(repositoryName="site", policyText=TEXT)
    queue = sqs.create_queue(QueueName="jobs", Attributes={"Policy": TEXT})
    attributes = sqs.get_queue_attributes(QueueUrl=queue["QueueUrl"], AttributeNames=["QueueArn"])
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=TEXT)
    secret = secrets.create_secret(Name="db", SecretString="not-read")["ARN"]
    secrets.put_resource_policy(SecretId="db", ResourcePolicy=TEXT)
    arns = {
        "s3": "arn:aws:s3:::acme-builds",
        "kms": kms.create_key(Policy=TEXT)["KeyMetadata"]["Arn"],
        "ecr": repository["repositoryArn"],
        "sqs": attributes["Attributes"]["QueueArn"],
        "sns": topic,
        "secretsmanager": secret,
        "lambda": f"arn:aws:lambda:us-east-1:{PROD}:function:gone",
    }
    name_all(client("iam"), [*arns.values(), f"{arns['s3']}/*"])
    door.open()
    return arns


def name_all(iam: Any, arns: list[str]) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": arns}
    iam.create_user(UserName="ci")
    iam.create_access_key(UserName="ci")
    iam.put_user_policy(
        UserName="ci",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": VERSION, "Statement": statement}),
    )


def test_every_service_gives_the_policies_of_its_resources(
    world: Any, door: Door, resources: dict[str, str]
) -> None:
    directory = collect(world, settings_for(door, PROD))
    assert directory.gaps == ()
    policies = found(world)
    assert set(policies) == set(resources.values())
    for service, arn in resources.items():
        expected = None if service == "lambda" else OPEN
        assert policies[arn] == Known(expected), service
    assert "not-read" not in "".join(world.snapshot.texts.values())


CALLS = {
    "s3": "GET /acme-builds?policy",
    "kms": "GetKeyPolicy",
    "ecr": "GetRepositoryPolicy",
    "sqs": "GetQueueAttributes",
    "sns": "GetTopicAttributes",
    "secretsmanager": "GetResourcePolicy",
    "lambda": f"GET /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A{PROD}",
}


def test_a_refused_policy_is_a_gap_and_is_read_again(
    world: Any, door: Door, resources: dict[str, str]
) -> None:
    def rule(action: str, given: dict[str, str]) -> Any:
        refused = action.startswith(tuple(CALLS.values()))
        return deny(action)(action, given) if refused else None

    door.rule = rule
    directory = collect(world, settings_for(door, PROD))
    assert len(directory.gaps) == len(CALLS)
    for gap in directory.gaps:
        service = gap.what.partition(" ")[0]
        assert gap.what.startswith(f"{service} resource policy of ")
        assert gap.fix.startswith(f"grant {parts.resource_policies_of(service).permission} to")
        assert gap.fix.endswith("what it grants or forbids is not known")
        assert isinstance(found(world)[resources[service]], Unknown)
    door.rule = deny("GetQueueUrl")
    assert len(collect(world, settings_for(door, PROD)).gaps) == 1
    door.open()
    assert collect(world, settings_for(door, PROD)).gaps == ()
    assert (door.count("GetQueueAttributes"), door.count("GetRepositoryPolicy")) == (1, 0)


@pytest.mark.parametrize(
    ("bucket", "code", "listed", "is_open"),
    [
        ("acme-builds", "AccessDenied", True, True),
        ("acme-builds", "AccessDenied", False, True),
        ("strangers", "AccessDenied", True, False),
        ("strangers", "AccessDenied", False, True),
        ("strangers", "MethodNotAllowed", False, False),
    ],
)
def test_a_bucket_that_refuses_leaves_open_what_identities_of_its_own_account_may_do(
    world: Any, door: Door, bucket: str, code: str, listed: bool, is_open: bool
) -> None:
    """S3 says the same of a bucket of ours and of a stranger's; ListBuckets tells which it is."""
    pytest.importorskip("moto.server", reason="the demo extra is not installed")
    session = session_of(door, PROD)
    session.client("s3", endpoint_url=door.url).create_bucket(Bucket="acme-builds")
    name_all(session.client("iam", endpoint_url=door.url), [f"arn:aws:s3:::{bucket}/*"])
    denied, shut = deny(f"GET /{bucket}?policy", code=code), deny("GET /")

    def rule(action: str, given: dict[str, str]) -> Any:
        return denied(action, given) or (
            None if listed or action != "GET /" else shut(action, given)
        )

    door.rule = rule
    directory = collect(world, settings_for(door, PROD))
    user = f"arn:aws:iam::{PROD}:user/ci"
    assert any("s3 resource policy" in gap.what for gap in directory.gaps)
    assert bool(directory.resolve(user).gaps) == is_open


def test_a_limit_is_told(world: Any, door: Door, resources: dict[str, str]) -> None:
    directory = collect(world, settings_for(door, PROD, resource_policies=6))
    (gap,) = directory.gaps
    left_out = max(resources.values())
    assert gap.why.startswith("Limit: only 6 resources of the account were asked for")
    assert isinstance(found(world)[left_out], Unknown)
    door.open()
    fresh = type(world)()
    assert collect(fresh, settings_for(door, PROD, resource_policies=0)).gaps == ()
    assert door.count("GetRepositoryPolicy") == 0
    assert found(fresh) == {}


def test_resources_of_another_account_are_asked_of_that_account(
    world: Any, door: Door, resources: dict[str, str]
) -> None:
    session = session_of(door, DEV)
    foreign = f"arn:aws:sqs:us-east-1:{'9' * 12}:jobs"
    name_all(session.client("iam", endpoint_url=door.url), [resources["sqs"], foreign])
    door.open()
    assert collect(world, settings_for(door, PROD, DEV)).gaps == ()
    assert resources["sqs"] in found(world)
    assert found(world, DEV) == {}


# --- the policy for the audit ----------------------------------------------------------------


def test_the_policy_for_the_audit_is_what_the_code_calls(
    world: Any, door: Door, resources: dict[str, str]
) -> None:
    """Read everything there is to read, and compare the calls with the policy, both ways."""
    session = session_of(door, PROD)

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=door.url)

    client("cloudtrail").create_trail(Name="main", S3BucketName="acme-builds")
    client("guardduty").create_detector(Enable=True)
    client("iam").create_open_id_connect_provider(
        Url="https://oidc.circleci.com/org/1", ClientIDList=["1"], ThumbprintList=["0" * 40]
    )
    organizations = client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    made = organizations.create_account(AccountName="dev", Email="dev@acme.example")
    member = made["CreateAccountStatus"]["AccountId"]
    door.open()
    assert collect(world, settings_for(door, PROD, member)).gaps == ()
    assert set(found(world)) == set(resources.values())
    policy = json.loads(parts.audit_policy())
    granted = {action for statement in policy["Statement"] for action in statement["Action"]}
    # Of the hunts: test_aws_lookup, test_aws_objects and test_aws_findings make these calls.
    granted -= {*parts.HISTORY.actions, "s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
    granted -= {"guardduty:ListFindings", "guardduty:GetFindings"}
    # Of tables of logs: test_aws_athena.py makes these.
    granted -= {*parts.ATHENA.actions, "glue:GetDatabase", "s3:GetBucketLocation"}
    assert door.actions - {"sts:AssumeRole", "sts:GetCallerIdentity"} == granted
