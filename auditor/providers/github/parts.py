"""What is read of an organisation: one part a listing, with the call and the rights that it takes.

What a gap asks for, where an exported file must lie, and the least rights of the audit's own
credential all come from this table.
"""

from __future__ import annotations

from auditor.providers.github.part import Part

_DO, _WHO = "What it can do", "Identity"
_PERSON = ("login", "id", "type", "site_admin")
_REPOSITORY = (
    "id", "name", "full_name", "private", "visibility", "archived", "disabled", "default_branch",
    "pushed_at", "permissions", "role_name",
)  # fmt: skip

ORGANIZATION = Part(
    "/orgs/{org}",
    "settings",
    "what every member may do by default",
    _DO,
    "read:org",
    "organization_administration:read",
    (
        "login", "id", "plan", "total_private_repos", "default_repository_permission",
        "members_can_create_repositories", "members_can_delete_repositories",
        "two_factor_requirement_enabled", "deploy_keys_enabled_for_repositories",
    ),
    "login",
    inside=None,
)  # fmt: skip
REPOSITORIES = Part(
    "/orgs/{org}/repos",
    "repositories",
    "which repositories a credential reaches",
    _DO,
    "repo",
    "metadata:read",
    _REPOSITORY,
    "name",
    query={"type": "all"},
)
OWNERS = Part(
    "/orgs/{org}/members",
    "owners",
    "whose credentials may do everything",
    _DO,
    "read:org",
    "members:read",
    _PERSON,
    "login",
    query={"role": "admin"},
    suffix="-admin",
)
MEMBERS = Part(
    "/orgs/{org}/members",
    "members",
    "who is a member",
    _WHO,
    "read:org",
    "members:read",
    _PERSON,
    "login",
)
OUTSIDE = Part(
    "/orgs/{org}/outside_collaborators",
    "outside collaborators",
    "who has access without being a member",
    _DO,
    "read:org",
    "members:read",
    _PERSON,
    "login",
)
TEAMS = Part(
    "/orgs/{org}/teams",
    "teams",
    "what members may do by their teams",
    _DO,
    "read:org",
    "members:read",
    ("id", "name", "slug", "permission"),
    "slug",
)
TEAM_MEMBERS = Part(
    "/orgs/{org}/teams/{team}/members",
    "members of teams",
    "what members may do by their teams",
    _DO,
    "read:org",
    "members:read",
    ("login", "id"),
    "login",
)
TEAM_REPOSITORIES = Part(
    "/orgs/{org}/teams/{team}/repos",
    "repositories of teams",
    "what members may do by their teams",
    _DO,
    "read:org",
    "members:read",
    ("name", "full_name", "permissions", "role_name"),
    "name",
)
AUTHORIZATIONS = Part(
    "/orgs/{org}/credential-authorizations",
    "tokens and SSH keys authorized for single sign-on",
    "whose classic token a variable holds, and whether it is still good",
    _WHO,
    "read:org",
    "organization_administration:read",
    (
        "login", "credential_id", "credential_type", "token_last_eight", "credential_authorized_at",
        "credential_accessed_at", "scopes", "fingerprint", "authorized_credential_id",
        "authorized_credential_title", "authorized_credential_note",
        "authorized_credential_expires_at",
    ),
    "credential_id",
    only="owners of an organisation of Enterprise Cloud with SAML single sign-on",
)  # fmt: skip
TOKENS = Part(
    "/orgs/{org}/personal-access-tokens",
    "fine-grained personal access tokens",
    "which fine-grained tokens exist and what they may do",
    _WHO,
    "",
    "organization_personal_access_tokens:read",
    (
        "id", "owner", "repository_selection", "permissions", "access_granted_at", "token_id",
        "token_name", "token_expired", "token_expires_at", "token_last_used_at",
    ),
    "id",
    only="GitHub Apps",
)  # fmt: skip
TOKEN_REPOSITORIES = Part(
    "/orgs/{org}/personal-access-tokens/{token}/repositories",
    "repositories of fine-grained tokens",
    "which repositories a fine-grained token reaches",
    _DO,
    "",
    "organization_personal_access_tokens:read",
    ("name", "full_name"),
    "name",
    only="GitHub Apps",
)
INSTALLATIONS = Part(
    "/orgs/{org}/installations",
    "installed GitHub Apps",
    "which apps act in the organisation and what they may do",
    _WHO,
    "read:org",  # GitHub's description says admin:read, which is no scope
    "organization_administration:read",
    (
        "id", "account", "app_id", "client_id", "app_slug", "repository_selection", "permissions",
        "events", "created_at", "updated_at", "suspended_at",
    ),
    "id",
    inside="installations",
    only="owners",
)  # fmt: skip
DEPLOY_KEYS = Part(
    "/repos/{org}/{repo}/keys",
    "deploy keys",
    "which deploy keys open a repository, and whether a revoked one lives on",
    _WHO,
    "repo",
    "administration:read",
    ("id", "key", "title", "read_only", "created_at", "added_by", "last_used", "enabled", "url"),
    "key",
)
COLLABORATORS = Part(
    "/repos/{org}/{repo}/collaborators",
    "direct collaborators",
    "who has access beyond their teams",
    _DO,
    "repo",
    "metadata:read",
    ("login", "permissions", "role_name"),
    "login",
    query={"affiliation": "direct"},
)
BRANCH = Part(
    "/repos/{org}/{repo}/branches/{branch}",
    "protection of default branches",
    "whether who may push can change what CI runs",
    _DO,
    "repo",
    "contents:read",
    ("name", "protected"),
    "protected",
    inside=None,
)
RULES = Part(
    "/repos/{org}/{repo}/rules/branches/{branch}",
    "rulesets of default branches",
    "whether who may push can change what CI runs",
    _DO,
    "repo",
    "metadata:read",
    ("type", "ruleset_source_type", "ruleset_source", "ruleset_id"),
    "type",
    optional=True,
)
PROTECTION = Part(
    "/repos/{org}/{repo}/branches/{branch}/protection",
    "settings of branch protection",
    "whether who may push passes the protection of default branches",
    _DO,
    "repo",
    "administration:read",
    (
        "enforce_admins", "required_pull_request_reviews", "restrictions", "required_status_checks",
        "lock_branch", "url",
    ),
    "url",
    inside=None,
)  # fmt: skip
RULESET = Part(
    "/repos/{org}/{repo}/rulesets/{ruleset}",
    "rulesets that guard default branches",
    "whether who may push passes the rulesets of default branches",
    _DO,
    "repo",
    "metadata:read",
    ("id", "name", "source_type", "source", "enforcement", "bypass_actors"),
    "id",
    inside=None,
)
USER_KEYS = Part(
    "/users/{user}/keys",
    "public SSH keys of people",
    "whose SSH key CI holds",
    _WHO,
    "",
    "",
    ("id", "key", "created_at", "last_used"),
    "key",
)
AUDIT_LOG = Part(
    "/orgs/{org}/audit-log",
    "audit log",
    "what the credentials were used for",
    "Log findings",
    "read:audit_log",
    "organization_administration:read",
    ("@timestamp", "action", "actor_ip", "programmatic_access_type"),
    "action",
    query={"include": "all", "per_page": "30"},
    follow=False,
    only="owners of an organisation of Enterprise Cloud",
)

PARTS: tuple[Part, ...] = (
    ORGANIZATION, REPOSITORIES, OWNERS, MEMBERS, OUTSIDE, TEAMS, TEAM_MEMBERS, TEAM_REPOSITORIES,
    AUTHORIZATIONS, TOKENS, TOKEN_REPOSITORIES, INSTALLATIONS, DEPLOY_KEYS, COLLABORATORS, BRANCH,
    RULES, PROTECTION, RULESET, USER_KEYS, AUDIT_LOG,
)  # fmt: skip
"""Every call that is made, the organisation's first."""
OF_ORGANIZATION = tuple(
    part for part in PARTS if part.path.startswith("/orgs/") and part.path.count("{") == 1
)
"""Those that need no name but the organisation's."""
