"""Everything that is read of Google Cloud: by which calls, with which permissions, what for.

One table says what gaps ask for and what the audit's own role grants, so that they cannot drift
apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.models import PlannedCall


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is read. `leaves` says what stays open without it.

    `calls`: the methods as they go over the wire. `permissions`: what the audit's role grants for
    them; `besides` is what no role of Google Cloud can give. `command` exports the same.
    """

    what: str
    calls: tuple[PlannedCall, ...]
    permissions: tuple[str, ...]
    leaves: str
    command: str = ""
    besides: str = ""

    @property
    def permission(self) -> str:
        """Return what to ask for, in words."""
        return " and ".join((*self.permissions, *filter(None, [self.besides])))


def _asset(method: str, quota: str) -> PlannedCall:
    call = f"gRPC /google.cloud.asset.v1.AssetService/{method}"
    return PlannedCall("cloudasset.googleapis.com", call, "scope", quota=quota)


def _iam(method: str, each: str, quota: str) -> PlannedCall:
    return PlannedCall("iam.googleapis.com", f"gRPC /google.iam.{method}", each, quota=quota)


def _logging(method: str, each: str) -> PlannedCall:
    call = f"gRPC /google.logging.v2.{method}"
    return PlannedCall("logging.googleapis.com", call, each)


# Quotas: https://docs.cloud.google.com/asset-inventory/docs/quota,
# https://docs.cloud.google.com/iam/quotas
_LIST_ASSETS = _asset("ListAssets", "100 a minute")
_LIST_ENTRIES = _logging("LoggingServiceV2/ListLogEntries", "project")
_IAM_READS = "6,000 a minute"
_GUARD_READS = "5 a minute"
_BOUNDARIES = "v3.PrincipalAccessBoundaryPolicies"

PARTS = {
    "policies": Part(
        what="IAM policies",
        calls=(_asset("SearchAllIamPolicies", "400 a minute"),),
        permissions=("cloudasset.assets.searchAllIamPolicies",),
        leaves="what service accounts may do",
        command="gcloud asset search-all-iam-policies --scope=organizations/ID --format=json",
    ),
    "assets": Part(
        what="projects, folders and service accounts",
        calls=(_LIST_ASSETS,),
        permissions=("cloudasset.assets.listResource",),
        leaves="which service accounts there are, and which of them are disabled",
        command="gcloud asset list --organization=ID --content-type=resource --format=json",
    ),
    "audit-configs": Part(
        what="audit log configuration in IAM policies",
        calls=(_LIST_ASSETS,),
        permissions=("cloudasset.assets.listIamPolicy",),
        leaves="which data access is logged",
        command="gcloud asset list --organization=ID --content-type=iam-policy --format=json",
    ),
    "keys": Part(
        what="keys of service accounts",
        calls=(_iam("admin.v1.IAM/ListServiceAccountKeys", "service account", _IAM_READS),),
        permissions=("iam.serviceAccountKeys.list",),
        leaves="whose key a variable holds, and whether the old key is gone",
        command="gcloud iam service-accounts keys list --iam-account=EMAIL --format=json "
        "> EMAIL.json",
    ),
    "roles": Part(
        what="permissions of roles",
        calls=(_iam("admin.v1.IAM/ListRoles", "place that has roles", _IAM_READS),),
        permissions=("iam.roles.get", "iam.roles.list"),
        leaves="what bindings of these roles allow",
        command="gcloud iam roles describe ROLE --format=json",
    ),
    "deny": Part(
        what="deny policies",
        calls=(
            _iam("v2.Policies/ListPolicies", "place", _GUARD_READS),
            _iam("v2.Policies/GetPolicy", "deny policy", _GUARD_READS),
        ),
        permissions=("iam.denypolicies.get", "iam.denypolicies.list"),
        leaves="what is taken away again (permissions shown are an upper bound)",
        command="gcloud iam policies get NAME --attachment-point=PLACE --kind=denypolicies "
        "--format=json",
    ),
    "boundaries": Part(
        what="principal access boundaries",
        calls=(
            _iam(
                f"{_BOUNDARIES}/ListPrincipalAccessBoundaryPolicies", "organisation", _GUARD_READS
            ),
            _iam(
                f"{_BOUNDARIES}/SearchPrincipalAccessBoundaryPolicyBindings",
                "boundary",
                _GUARD_READS,
            ),
        ),
        permissions=(
            "iam.principalaccessboundarypolicies.list",
            "iam.principalaccessboundarypolicies.searchPolicyBindings",
        ),
        leaves="what is taken away again (permissions shown are an upper bound)",
    ),
    "groups": Part(
        what="groups that hold service accounts",
        calls=(
            PlannedCall(
                "cloudidentity.googleapis.com",
                "GET /v1/groups/-/memberships:searchTransitiveGroups",
                "service account with keys",
            ),
        ),
        permissions=(),
        leaves="what service accounts may do through groups",
        command="gcloud identity groups memberships list --group-email=G --format=json > G.json",
        besides="the admin role Groups Reader of Google Workspace or Cloud Identity",
    ),
    "logs": Part(
        what="log buckets and sinks",
        calls=(
            _logging("ConfigServiceV2/ListBuckets", "place"),
            _logging("ConfigServiceV2/ListSinks", "place"),
        ),
        permissions=("logging.buckets.list", "logging.sinks.list"),
        leaves="how long logs are kept, and where they go",
        command="gcloud logging buckets list --project=P --format=json",
    ),
    "activity": Part(
        what="last authentication of service accounts and keys",
        calls=(
            PlannedCall(
                "policyanalyzer.googleapis.com",
                "GET /v1/projects/{project}/locations/global/activityTypes/{type}/activities:query",
                "project",
            ),
        ),
        permissions=(
            "policyanalyzer.serviceAccountKeyLastAuthenticationActivities.query",
            "policyanalyzer.serviceAccountLastAuthenticationActivities.query",
        ),
        leaves="whether a key is in use",
    ),
    "insights": Part(
        what="insights on permissions that were used",
        calls=(
            PlannedCall(
                "recommender.googleapis.com",
                "GET /v1/projects/{project}/locations/global/insightTypes/{type}/insights",
                "project",
            ),
        ),
        permissions=("recommender.iamPolicyInsights.list",),
        leaves="which permissions were used",
    ),
    "uses": Part(
        what="log entries that name the keys",
        calls=(_LIST_ENTRIES,),
        permissions=("logging.logEntries.list",),
        leaves="from where a key was used",
    ),
    "history": Part(
        what="audit logs",
        calls=(_LIST_ENTRIES,),
        # Without the second Google leaves entries of data access out, and does not say so.
        # https://docs.cloud.google.com/logging/docs/access-control#considerations
        permissions=("logging.logEntries.list", "logging.privateLogEntries.list"),
        leaves="what service accounts did",
        command="gcloud logging read 'logName:cloudaudit.googleapis.com' --project=P --format=json "
        "--freshness=60d > P.json, and auditor hunt --logs P.json",
    ),
}


def audit_role() -> str:
    """Return the least custom role for the audit, as `gcloud iam roles create --file` takes it."""
    permissions = {name for part in PARTS.values() for name in part.permissions}
    besides = (part.besides for part in PARTS.values() if part.besides)
    lines = [
        "# gcloud iam roles create ciSecretsAuditor --organization=ID --file=gcp-audit-role.yaml",
        "# Made by `auditor permissions gcp`.",
        "# Besides, on the project that calls are counted on: serviceusage.services.use",
        *(f"# Besides, for groups: {one}" for one in besides),
        "title: CI secrets auditor",
        "description: Reads who may do what and which keys there are, and changes nothing.",
        "stage: GA",
        "includedPermissions:",
        *(f"- {name}" for name in sorted(permissions)),
    ]
    return "\n".join(lines) + "\n"
