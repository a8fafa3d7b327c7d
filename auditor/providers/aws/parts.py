"""What is read of an account: one part a kind of document, with the calls that it takes.

Both what a gap asks for and the policy that the audit's own identity needs come from this table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is read of an account.

    `what` completes "… of account 123456789012"; `leaves` says what stays open without it.
    `command` is the AWS CLI's, its first word `service`.
    """

    what: str
    actions: tuple[str, ...]
    command: str
    leaves: str
    service: str = "iam"
    each: tuple[str, str] = ("user", "users")
    """What it is read of, one by one, where it is."""
    where: str = ""
    """In which account the actions must be granted, where not in the one that is read."""

    @property
    def permission(self) -> str:
        """Return the actions in words."""
        *first, last = self.actions
        named = f"{', '.join(first)} and {last}" if first else last
        return f"{named} {self.where}".rstrip()


DETAILS = Part(
    "users, groups, roles and policies",
    ("iam:GetAccountAuthorizationDetails",),
    "get-account-authorization-details",
    "what its identities may do",
)
KEYS = Part(
    "access keys",
    ("iam:ListAccessKeys",),
    "list-access-keys --user-name USER > USER.json",
    "whose access key a variable holds",
)
LAST_USED = Part(
    "last use of the access keys",
    ("iam:GetAccessKeyLastUsed",),
    "get-access-key-last-used --access-key-id ID",
    "whether a key is in use",
)
REPORT = Part(
    "credential report",
    ("iam:GenerateCredentialReport", "iam:GetCredentialReport"),
    "get-credential-report",
    "whether the root user has an access key",
)
ALIASES = Part(
    "account alias",
    ("iam:ListAccountAliases",),
    "list-account-aliases",
    "the account's name in the report",
)
ORGANIZATION = Part(
    "organization",
    ("organizations:DescribeOrganization",),
    "describe-organization",
    "whether an organization limits its identities",
    service="organizations",
)
GUARDRAILS = Part(
    "service and resource control policies",
    (
        "organizations:DescribePolicy",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
    ),
    "describe-policy",
    "what its organization forbids",
    service="organizations",
    where="in the management account or a delegated administrator",
)
OIDC = Part(
    "OpenID Connect providers",
    ("iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"),
    "get-open-id-connect-provider",
    "which outside systems can sign in",
)
LAST_ACCESSED = Part(
    "last accessed services",
    ("iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails"),
    "get-service-last-accessed-details",
    "what is granted and not used",
    each=("identity", "identities"),
)
TRAILS = Part(
    "CloudTrail trails",
    (
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListTrails",
        "s3:GetLifecycleConfiguration",
        "s3:ListAllMyBuckets",
    ),
    "describe-trails",
    "what its logs can show",
    service="cloudtrail",
    each=("trail", "trails"),
)
DETECTORS = Part(
    "GuardDuty detectors",
    ("guardduty:GetDetector", "guardduty:ListDetectors"),
    "list-detectors",
    "whether anybody watches for misuse",
    service="guardduty",
)

HISTORY = Part(
    "event history",
    ("cloudtrail:LookupEvents", "ec2:DescribeRegions"),
    "lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=USER > EVENTS.json",
    "what its identities did",
    service="cloudtrail",
    each=("identity", "identities"),
)
FINDINGS = Part(
    "GuardDuty findings",
    ("guardduty:GetFindings", "guardduty:ListDetectors", "guardduty:ListFindings"),
    "get-findings --detector-id ID --finding-ids IDS > FINDINGS.json",
    "what of its keys GuardDuty found suspicious",
    service="guardduty",
    each=("region", "regions"),
)
ATHENA = Part(
    "events in a table of Athena",
    (
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
        "athena:GetWorkGroup",
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
        "glue:GetPartitions",
        "glue:GetTable",
    ),
    "start-query-execution",
    "what its logs there show",
    service="athena",
    each=("table", "tables"),
)
_POLICY_CALLS = {
    "ecr": (("repository", "repositories"), ("ecr:GetRepositoryPolicy",), "get-repository-policy"),
    "kms": (("key", "keys"), ("kms:GetKeyPolicy",), "get-key-policy"),
    "lambda": (("function", "functions"), ("lambda:GetPolicy",), "get-policy"),
    "s3": (("bucket", "buckets"), ("s3:GetBucketPolicy",), "get-bucket-policy"),
    "secretsmanager": (
        ("secret", "secrets"),
        ("secretsmanager:GetResourcePolicy",),
        "get-resource-policy",
    ),
    "sns": (("topic", "topics"), ("sns:GetTopicAttributes",), "get-topic-attributes"),
    "sqs": (
        ("queue", "queues"),
        ("sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
        "get-queue-attributes",
    ),
}
SERVICES_WITH_POLICIES = tuple(sorted(_POLICY_CALLS))
"""Services whose resources may have policies of their own."""


def resource_policies_of(service: str) -> Part:
    """Return the part that the policies of a service's resources are."""
    unknown = (("resource", "resources"), (service,), "")
    each, actions, command = _POLICY_CALLS.get(service, unknown)
    return Part(
        f"{service} resource policy",
        actions,
        command,
        "what it grants or forbids",
        service="s3api" if service == "s3" else service,
        each=each,
    )


_STATEMENTS = {
    "Identities": (DETAILS, KEYS, LAST_USED, REPORT, ALIASES, OIDC, LAST_ACCESSED),
    "Organization": (ORGANIZATION, GUARDRAILS),
    "Resources": tuple(map(resource_policies_of, SERVICES_WITH_POLICIES)),
    "Logs": (TRAILS, DETECTORS, HISTORY, FINDINGS),
}
_OF_TRAILS: tuple[dict[str, object], ...] = (
    {
        "Sid": "TrailFolders",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": "*",
        "Condition": {"StringLike": {"s3:prefix": "*AWSLogs/*"}},
    },
    {
        "Sid": "TrailObjects",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": "arn:*:s3:::*/AWSLogs/*/CloudTrail/*",
    },
    {
        "Sid": "TrailKeys",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": "*",
        "Condition": {"Null": {"kms:EncryptionContext:aws:cloudtrail:arn": "false"}},
    },
)
"""Only what trails left, and only with keys that trails use.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
"""
_OF_TABLES: dict[str, object] = {
    "Sid": "OptionalOnlyForTablesOfAthena",
    "Effect": "Allow",
    "Action": [*ATHENA.actions, "glue:GetDatabase", "s3:GetBucketLocation"],
    "Resource": "*",
}
"""Only for who names tables in `athena` of the settings; leave the statement out otherwise.

Athena itself asks for the last two, and reads objects, with the rights of whoever queries.

With nothing that writes to a bucket, queries of a workgroup that keeps its results there fail.
"""


def audit_policy() -> str:
    """Return the least policy with which an account is read whole, as a JSON text.

    sts:GetCallerIdentity needs no permission, and iam:ListUsers is asked for only where
    iam:GetAccountAuthorizationDetails is refused.
    """
    statements = list(_statements())
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2) + "\n"


def _statements() -> Iterator[dict[str, object]]:
    for sid, parts in _STATEMENTS.items():
        actions = sorted({action for part in parts for action in part.actions})
        yield {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}
    yield from _OF_TRAILS
    yield _OF_TABLES
