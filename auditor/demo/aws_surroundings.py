"""Fills what stands around the identities of the demo's AWS accounts, through boto3.

Identity providers, buckets with policies, trails, and the organization with what it forbids.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from auditor.demo.estate import Account, AwsOrganization, Trail

PARTITION = "aws"
_THUMBPRINT = "0" * 40

Client = Callable[[str], Any]
"""Makes the client of a service for one account."""


def fill(client: Client, account: Account) -> None:
    """Make everything but the organization, which needs all accounts to be there."""
    for id_ in account.providers:
        client("iam").create_open_id_connect_provider(
            Url=f"https://oidc.circleci.com/org/{id_}",
            ClientIDList=[id_],
            ThumbprintList=[_THUMBPRINT],
        )
    for name, policy in account.buckets.items():
        s3 = client("s3")
        s3.create_bucket(Bucket=name)
        if policy["Statement"]:
            s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    for trail in account.trails:
        _start(client, trail)


def _start(client: Client, trail: Trail) -> None:
    expire = {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}}
    client("s3").put_bucket_lifecycle_configuration(
        Bucket=trail.bucket,
        LifecycleConfiguration={"Rules": [expire | {"Expiration": {"Days": trail.days}}]},
    )
    cloudtrail = client("cloudtrail")
    cloudtrail.create_trail(
        Name=trail.name,
        S3BucketName=trail.bucket,
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
    )
    resources = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}] if trail.data else []
    selector: Mapping[str, Any] = {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": resources,
    }
    cloudtrail.put_event_selectors(TrailName=trail.name, EventSelectors=[selector])
    cloudtrail.start_logging(Name=trail.name)


def organize(client: Client, management: Account, organization: AwsOrganization) -> None:
    """Make the organization of a management account, with its policies on one unit."""
    organizations = client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    made = organizations.create_organizational_unit(ParentId=root["Id"], Name=organization.unit)
    unit = made["OrganizationalUnit"]["Id"]
    kinds = (("SERVICE", organization.scps), ("RESOURCE", organization.rcps))
    for kind, policies in kinds:
        kind_ = f"{kind}_CONTROL_POLICY"
        organizations.enable_policy_type(RootId=root["Id"], PolicyType=kind_)
        for policy in policies:
            created = organizations.create_policy(
                Name=policy.name,
                Description=policy.name,
                Type=kind_,
                Content=json.dumps(policy.document),
            )
            id_ = created["Policy"]["PolicySummary"]["Id"]
            organizations.attach_policy(PolicyId=id_, TargetId=unit)
    for member in organization.members:
        _join(organizations, management, member)
        organizations.move_account(
            AccountId=member, SourceParentId=root["Id"], DestinationParentId=unit
        )


def _join(organizations: Any, management: Account, member: str) -> None:
    """Make an account a member: moto makes up the ids of members, so it is told the right one."""
    from moto.organizations.models import organizations_backends  # noqa: PLC0415

    made = organizations.create_account(AccountName=member, Email=f"{member}@acme.example")
    id_ = made["CreateAccountStatus"]["AccountId"]
    backend = organizations_backends[management.id][PARTITION]
    backend.get_account_by_id(id_).id = member
    managers = organizations_backends.master_accounts
    managers[member] = managers.pop(id_)
