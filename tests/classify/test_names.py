from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.classify.catalogue import GENERIC, catalogue, kinds
from auditor.classify.names import _judge, classify
from auditor.classify.tokens import squash
from auditor.models import Confidence, Role

# name, role, vendor, kind, part
TABLE = """
AWS_ACCESS_KEY_ID                      identifier AWS aws-access-key id
AWS_ACCESS_KEY                         identifier AWS aws-access-key id
AWS_SECRET_ACCESS_KEY                  secret AWS aws-access-key secret
AWS_SECRET_KEY                         secret AWS aws-access-key secret
AWS_SESSION_TOKEN                      secret AWS aws-access-key session
AWS_REGION                             config AWS aws-access-key region
AWS_DEFAULT_REGION                     config AWS aws-access-key region
AWS_ACCOUNT_ID                         identifier AWS aws-access-key account
AWS_ECR_REGISTRY_ID                    identifier AWS aws-access-key account
AWS_ROLE_ARN                           identifier AWS aws-access-key role
MYAPP_ROLE_TO_ASSUME                   identifier AWS aws-access-key role
AWS_PROFILE                            config AWS aws-access-key -
aws_secret_access_key                  secret AWS aws-access-key secret
awsAccessKeyId                         identifier AWS aws-access-key id
\uff21\uff37\uff33_ACCESS_KEY_ID      identifier AWS aws-access-key id
PROD_AWS_SECRET_ACCESS_KEY             secret AWS aws-access-key secret
AWS_PROD_ACCESS_KEY_ID                 identifier AWS aws-access-key id
AWS_ACCESS_KEY_ID_STAGING              identifier AWS aws-access-key id
AWS_SECRET_ACCESS_KEY_2                secret AWS aws-access-key secret
TF_VAR_aws_access_key_id               identifier AWS aws-access-key id
CLA_FRONTEND_ECR_REGION                config AWS aws-access-key region
AWS_KMS_KEY_ID                         identifier AWS aws-access-key -
AWS_KMS_KEY_ARN                        identifier AWS aws-access-key -
AWS_BEARER_TOKEN_BEDROCK               secret AWS aws-bedrock-key secret
GCLOUD_SERVICE_KEY                     secret Google gcp-service-account-key secret
GCP_SA_KEY                             secret Google gcp-service-account-key secret
GCP_SA_DEPLOYER                        secret Google gcp-service-account-key secret
GOOGLE_APPLICATION_CREDENTIALS_JSON    secret Google gcp-service-account-key secret
MYAPP_SERVICE_ACCOUNT_JSON             secret Google gcp-service-account-key secret
TEAM_GCLOUD_ACCOUNT_AUTH               secret Google gcp-service-account-key secret
GOOGLE_PROJECT_ID                      identifier Google gcp-service-account-key project
GOOGLE_COMPUTE_ZONE                    config Google gcp-service-account-key region
OIDC_SERVICE_ACCOUNT_EMAIL identifier Google gcp-workload-identity account
GOOGLE_MAPS_API_KEY                    secret Google google-api-key secret
GOOGLE_PLAY_JSON                       secret Google google-play secret
FIREBASE_TOKEN                         secret Firebase firebase-token secret
FIREBASE_API_KEY                       public Firebase firebase-token -
AZURE_SP                               identifier Azure azure-service-principal id
AZURE_CLIENT_SECRET                    secret Azure azure-service-principal secret
ARM_CLIENT_ID                          identifier Azure azure-service-principal id
AZURE_TENANT_ID                        identifier Azure azure-service-principal tenant
ARM_SUBSCRIPTION_ID                    identifier Azure azure-service-principal subscription
AZURE_PASSWORD                         secret Azure azure-user secret
AZURE_STORAGE_CONNECTION_STRING        secret Azure azure-storage-key secret
LOGS_SAS_TOKEN                         secret Azure azure-storage-key secret
ACR_PASSWORD                           secret Azure azure-registry secret
SYSTEM_ACCESSTOKEN                     secret Azure azure-devops-token secret
GITHUB_TOKEN                           secret GitHub github-token secret
githubToken                            secret GitHub github-token secret
GitHub-Token                           secret GitHub github-token secret
JANE_GITHUB_TOKEN                      secret GitHub github-token secret
GITHUB_MYTEAM_PASS                     secret GitHub github-token secret
GH_PAT_JANE                            secret GitHub github-token secret
GH_PAT_USER                            identifier GitHub github-token user
GITHUB_TOKEN_EXPIRES_IN                config GitHub github-token -
TF_VAR_github_token                    secret GitHub github-token secret
GITHUB_APP_PRIVATE_KEY                 secret GitHub github-app-key secret
GITHUB_APP_ID                          identifier GitHub github-app-key id
GITHUB_WEBHOOK_SECRET                  secret GitHub github-webhook-secret secret
GITHUB_CLIENT_SECRET                   secret GitHub github-oauth-client secret
GITHUB_DEPLOY_KEY                      secret GitHub github-deploy-key secret
NPM_GITHUB_TOKEN                       secret GitHub github-packages-token secret
CR_PAT                                 secret GitHub github-packages-token secret
CI_JOB_TOKEN                           secret GitLab gitlab-token secret
BITBUCKET_APP_PASSWORD                 secret Bitbucket bitbucket-credential secret
CIRCLE_TOKEN                           secret CircleCI circleci-token secret
CCI_TOKEN                              secret CircleCI circleci-token secret
TEAMX_CIRCLECI_DEPLOY_TOKEN            secret CircleCI circleci-token secret
CIRCLE_OIDC_TOKEN                      config CircleCI circleci-token -
CIRCLE_OIDC_TOKEN_V2                   config CircleCI circleci-token -
CIRCLE_SHA1                            config CircleCI circleci-token -
JENKINS_TOKEN                          secret Jenkins jenkins-token secret
BUILDPULSE_SECRET_ACCESS_KEY           secret BuildPulse buildpulse-key secret
RENOVATE_TOKEN                         secret bot bot-token secret
DOCKER_PASSWORD                        secret Docker_Hub docker-hub secret
DOCKER_HUB_PAT                         secret Docker_Hub docker-hub secret
DOCKER_LOGIN                           identifier Docker_Hub docker-hub user
QUAY_TOKEN                             secret Quay quay secret
REGISTRY_PASSWORD                      secret - container-registry secret
ARTIFACTORY_URL                        config JFrog artifactory url
JF_ACCESS_TOKEN                        secret JFrog artifactory secret
NEXUS_PASSWORD                         secret Nexus nexus secret
NPM_TOKEN                              secret npm npm-token secret
NODE_AUTH_TOKEN                        secret npm npm-token secret
TWINE_PASSWORD                         secret PyPI pypi-token secret
TWINE_USERNAME                         identifier PyPI pypi-token user
BUNDLE_GEMS__CONTRIBSYS__COM           secret RubyGems rubygems-key secret
RUBYGEMS_API_KEY                       secret RubyGems rubygems-key secret
ORG_GRADLE_PROJECT_mavenCentralPassword secret Maven_Central maven-central-publisher secret
GRADLE_PUBLISH_KEY identifier Gradle_Plugin_Portal gradle-plugin-portal-publisher id
NUGET_API_KEY                          secret NuGet nuget-api-key secret
CARGO_REGISTRY_TOKEN                   secret crates.io crates-io-token secret
COMPOSER_AUTH                          secret Packagist packagist-token secret
TURBO_TEAM                             config Turborepo turborepo-cache-token organization
GPG_PRIVATE_KEY                        secret GPG gpg-key secret
GPG_PASSPHRASE                         secret GPG gpg-key passphrase
GPG_KEY_ID                             identifier GPG gpg-key key-id
SIGNING_KEY                            secret GPG gpg-key secret
MATCH_PASSWORD                         secret Apple apple-signing passphrase
APPLE_ID                               identifier Apple apple-signing user
MYAPP_P12_PASSWORD                     secret Apple apple-signing passphrase
MYAPP_P12_BASE64                       secret Apple apple-signing secret
APP_STORE_CONNECT_API_KEY_ID           identifier Apple apple-signing key-id
KEYSTORE_PASSWORD                      secret Android android-signing passphrase
KEY_PASSWORD                           secret Android android-signing passphrase
PROD_KEY_PASSWORD                      secret Android android-signing passphrase
KEY_ALIAS                              config Android android-signing -
WINDOWS_CERT_FINGERPRINT               public - windows-signing certificate
WINDOWS_PFX_2023                       secret - windows-signing secret
SM_API_KEY                             secret DigiCert digicert-signing secret
CLOUDINARY_API_SECRET                  secret Cloudinary cloudinary-credential secret
TWITCH_CLIENT_ID                       identifier Twitch twitch-credential id
ENABLE_BILLING                         config - - -
NEXT_PUBLIC_IS_PREVIEWED               config - - -
SENTRY_DISABLE_AUTO_UPLOAD             config Sentry sentry-token -
SHOP_DISABLE_LOGIN_TOKEN               secret - generic-token secret
TEAM_ID_VERCEL                         identifier Vercel vercel-api-key -
UPLOAD_FILE_ANDROID                    unclassified Android android-signing -
SEGMENT_SOURCE_ID                      identifier Segment segment-write-key -
SEGMENT_ADMIN_TOKEN                    secret - generic-token secret
MACOS_NOTARY_KEY                       secret Apple apple-signing secret
SINGULAR_MACOS_TOKEN                   secret Singular singular-credential secret
CODEPUSH_ANDROID_DEPLOYMENT_KEY        secret CodePush codepush-credential secret
CLOUDGOV_PROD_PASSWORD                 secret cloud.gov cloud-gov-credential secret
GORELEASER_KEY                         secret GoReleaser goreleaser-licence secret
SIGNING_LOCAL_FILE_CONTENTS            secret - generic-secret secret
WALLET_TEST_SRP                        secret Web3 wallet-key secret
PGSSLMODE                              config database database-credential -
GOOGLE_SERVICES_B64_IOS                config Google gcp-service-account-key -
COSIGN_PASSWORD                        secret Sigstore cosign-key passphrase
TFE_TOKEN                              secret HashiCorp_Terraform terraform-cloud-token secret
TF_TOKEN_app_terraform_io              secret HashiCorp_Terraform terraform-cloud-token secret
VAULT_ROLE_ID                          identifier HashiCorp_Vault vault-credential id
VAULT_SECRET_ID                        secret HashiCorp_Vault vault-credential secret
VAULT_ADDR                             config HashiCorp_Vault vault-credential url
OP_SERVICE_ACCOUNT_TOKEN               secret 1Password 1password-credential secret
SOPS_AGE_KEY                           secret SOPS sops-key secret
KUBECONFIG_B64                         secret Kubernetes kubernetes-credential secret
K8S_TOKEN_PROD                         secret Kubernetes kubernetes-credential secret
K8S_CLUSTER_CERT_PROD                  public Kubernetes kubernetes-credential certificate
ARGOCD_AUTH_TOKEN                      secret Argo_CD argo-cd-credential secret
CF_PASSWORD                            secret Cloud_Foundry cloud-foundry secret
CF_API                                 config Cloud_Foundry cloud-foundry url
CF_API_TOKEN                           secret Cloudflare cloudflare-token secret
CF_ZONE_ID                             identifier Cloudflare cloudflare-token account
DO_TOKEN                               secret DigitalOcean digitalocean-api-key secret
SCW_ACCESS_KEY                         identifier Scaleway scaleway-api-key id
OCI_FINGERPRINT                        identifier Oracle_Cloud oracle-cloud-access-key key-id
HEROKU_API_KEY                         secret Heroku heroku-api-key secret
HEROKU_LOGIN                           identifier Heroku heroku-api-key user
EXPO_TOKEN                             secret Expo expo-token secret
DEPLOY_KEY                             secret SSH ssh-key secret
SSH_KNOWN_HOSTS                        config SSH ssh-key -
SSH_KEY_FINGERPRINT                    public SSH ssh-key certificate
DOCKER_APP_SSH_PRIVATE_KEY             secret SSH ssh-key secret
SFTP_PASSWORD                          secret file_transfer file-transfer-password secret
NGROK_AUTHTOKEN                        secret ngrok ngrok-credential secret
SLACK_WEBHOOK_URL                      secret Slack slack-token webhook
SLACK_MYTEAM_WEBHOOK_URL               secret Slack slack-token webhook
SLACK_PROD_TOKEN_2                     secret Slack slack-token secret
SLACK_DEFAULT_CHANNEL                  config Slack slack-token -
DISCORD_WEBHOOK                        secret Discord discord-token secret
SMTP_PASSWORD                          secret SMTP smtp-credential secret
TWILIO_API_KEY                         identifier Twilio twilio-credential id
TWILIO_ACCOUNT_SID                     identifier Twilio twilio-credential account
JIRA_BASE_URL                          config Atlassian atlassian-token url
PAGERDUTY_FOO_ROUTING_KEY              secret PagerDuty pagerduty-key secret
DD_API_KEY                             secret Datadog datadog-key secret
DD_SERVICE                             config Datadog datadog-key -
NEW_RELIC_LICENSE_KEY                  secret New_Relic new-relic-key secret
NEWRELIC_FOO_KEY                       secret New_Relic new-relic-key secret
SENTRY_AUTH_TOKEN                      secret Sentry sentry-token secret
SENTRY_FRONTEND_DSN                    secret Sentry sentry-dsn secret
CODECOV_TOKEN                          secret Codecov codecov-token secret
CC_TEST_REPORTER_ID                    secret Code_Climate codeclimate-reporter secret
SONAR_HOST_URL                         config Sonar sonar-token url
SNYK_TOKEN                             secret Snyk snyk-token secret
CYPRESS_RECORD_KEY                     secret Cypress cypress-key secret
OPENAI_API_KEY                         secret OpenAI openai-api-key secret
CLAUDE_TEAM_KEY                        secret Anthropic anthropic-api-key secret
OPENAI_MODEL                           config OpenAI openai-api-key -
TOGETHER_API_KEY                       secret Together together-credential secret
AUTH_AUTH0_SECRET                      secret Auth0 auth0-credential secret
MAC_CERTS                              secret Apple apple-signing secret
R2_SECRET_ACCESS_KEY                   secret Cloudflare cloudflare-token secret
EMAIL_SERVER_PASSWORD                  secret SMTP smtp-credential secret
RENDER_DEPLOY_HOOK_URL                 secret - generic-webhook secret
GKE_SERVICE_ACCOUNT                    secret Google gcp-service-account-key secret
OPENID_ISSUER                          config - - -
KEYSTORE_FILE_BASE64                   secret Android android-signing secret
MYAPP_KEY_FILE_BASE64                  secret - generic-private-key secret
MYAPP_KEY_FILE                         config - - -
AZURE_WEBAPP_PUBLISH_PROFILE           secret Azure azure-service-principal secret
SLACK_URL                              secret Slack slack-token webhook
DEPLOY_PROFILE                         unclassified - - -
STRIPE_SECRET_KEY                      secret Stripe stripe-key secret
STRIPE_PUBLISHABLE_KEY                 public Stripe stripe-key -
BRAINTREE_PUBLIC_KEY                   identifier Braintree braintree-credential id
AUTH0_CLIENT_SECRET                    secret Auth0 auth0-credential secret
CLIENT_SECRET                          secret - generic-oauth-client secret
CLIENT_ID                              identifier - generic-oauth-client id
JWT_SECRET                             secret - application-secret secret
RAILS_MASTER_KEY                       secret - application-secret secret
DATABASE_URL                           secret database database-credential secret
DATABASE_URL_TEST                      secret database database-credential secret
PGPASSWORD                             secret database database-credential secret
DB_HOST                                config database database-credential host
DB_USER                                identifier database database-credential user
DB_SECRET_NAME                         config database database-credential -
ORDERS_CONNECTION_STRING               secret database database-credential secret
SNOWFLAKE_PRIVATE_KEY_PASSPHRASE       secret Snowflake snowflake-credential passphrase
DBT_ENV_SECRET_GIT                     secret dbt dbt-credential secret
ATLAS_PUBLIC_KEY                       identifier MongoDB_Atlas mongodb-atlas-key id
SUPABASE_ANON_KEY                      public Supabase supabase-key -
SEGMENT_WRITE_KEY                      secret Segment segment-write-key secret
ALGOLIA_APP_ID                         identifier Algolia algolia-key id
SFDX_AUTH_URL                          secret Salesforce salesforce-credential secret
TRELLO_TOKEN                           secret Trello trello-token secret
GOVUK_NOTIFY_API_KEY                   secret GOV.UK_Notify gov-uk-notify-api-key secret
RC_E2E_TEST_API_KEY_IOS                secret RevenueCat revenuecat-sdk-key secret
RC_SECRET_KEY                          secret RevenueCat revenuecat-secret secret
MNEMONIC                               secret Web3 wallet-key secret
JETBRAINS_LICENSE_KEY                  secret - licence-key secret
API_TOKEN                              secret - generic-token secret
ACCESS_KEY                             secret - generic-key secret
PASSPHRASE                             secret - generic-password passphrase
MYAPPTOKEN                             secret - generic-token secret
TOKEN_OF_JANE                          secret - generic-token secret
ALERTS_WEBHOOK_URL                     secret - generic-webhook secret
MYAPP_KEYSTORE                         secret - generic-private-key secret
MYAPP_USERNAME                         identifier - generic-password user
OTP_SEED                               secret - generic-secret secret
SESSION_COOKIE                         secret - generic-token secret
PEPPER                                 secret - generic-secret secret
ÄPFEL_TOKEN                            secret - generic-token secret
WIN_PUBLIC_KEY_B64                     public - - -
EKS_CLUSTER_CERT                       public AWS aws-access-key -
MYAPP_VERIFYING_KEY                    public - - -
KEY_FINGERPRINT                        public - - -
SEO_KEYWORDS                           config - - -
MAX_TOKENS                             config - - -
AUTH_TOKEN_URL                         config - - -
TOKEN_LIFETIME                         config - - -
PASSWORD_MIN_LENGTH                    config - - -
JWT_SIGNING_ALGORITHM                  config - - -
MYAPP_KEY_NAME                         config - - -
MYAPP_SECRET_NAME                      config - - -
MYAPP_KEY_ARN                          identifier - - -
MYAPP_KEY_ID                           identifier - - -
SUPPORT_EMAIL                          identifier - - -
MONKEY                                 unclassified - - -
FOO_BAR                                unclassified - - -
E2E                                    unclassified - - -
GITHUB_FOO                             unclassified GitHub github-token -
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("name", "role", "vendor", "kind", "part"), ROWS, ids=lambda cell: cell)
def test_a_name_tells_role_vendor_kind_and_part(
    name: str, role: str, vendor: str, kind: str, part: str
) -> None:
    told = classify("S-1", name)
    assert (told.role, told.vendor, told.kind, told.part) == (
        role,
        vendor.replace("_", " ").strip("-"),
        kind.strip("-"),
        part.strip("-"),
    )
    assert told.secret_id == "S-1"
    assert told.rule


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len({name for name, *_ in ROWS}) == len(ROWS) >= 150


@pytest.mark.parametrize(
    ("name", "role", "published"),
    [
        ("NEXT_PUBLIC_STRIPE_SECRET_KEY", Role.SECRET, True),
        ("VITE_CLIENT_SECRET", Role.SECRET, True),
        ("PROD_REACT_APP_DB_PASSWORD", Role.SECRET, True),
        ("NEXT_PUBLIC_GITHUB_TOKEN", Role.SECRET, True),
        ("TF_VAR_VITE_CLIENT_SECRET", Role.SECRET, True),
        ("NEXT_PUBLIC_API_KEY", Role.PUBLIC, False),
        ("REACT_APP_SENTRY_DSN", Role.PUBLIC, False),
        ("EXPO_PUBLIC_FOO", Role.PUBLIC, False),
        ("NEXT_PUBLIC_API_URL", Role.CONFIG, False),
        ("GATSBY_GOOGLE_MAPS_API_KEY", Role.PUBLIC, False),
        ("STRIPE_SECRET_KEY", Role.SECRET, False),
    ],
)
def test_names_that_builds_publish(name: str, role: Role, published: bool) -> None:
    told = classify("S-1", name)
    assert (told.role, told.published) == (role, published)


@pytest.mark.parametrize(
    ("name", "confidence"),
    [
        ("AWS_SECRET_ACCESS_KEY", Confidence.HIGH),
        ("PROD_AWS_SECRET_ACCESS_KEY", Confidence.HIGH),
        ("SLACK_MYTEAM_WEBHOOK_URL", Confidence.MEDIUM),
        ("API_TOKEN", Confidence.MEDIUM),
        ("GITHUB_TOKEN_JANE", Confidence.LOW),
        ("MYAPPTOKEN", Confidence.LOW),
        ("FOO_BAR", Confidence.NONE),
    ],
)
def test_how_sure_it_is(name: str, confidence: Confidence) -> None:
    assert classify("S-1", name).confidence is confidence


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("AWS_ACCESS_KEY_ID", ""),
        ("PROD_AWS_ACCESS_KEY_ID", "PROD"),
        ("AWS_PROD_SECRET_ACCESS_KEY", "PROD"),
        ("prodAwsAccessKeyId2", "PROD_2"),
        ("GITHUB_MYTEAM_PASS", "MYTEAM"),
        ("FOO_BAR", "FOO_BAR"),
    ],
)
def test_the_stem_is_the_name_without_what_was_understood(name: str, stem: str) -> None:
    assert classify("S-1", name).stem == stem


def test_a_client_kind_never_lowers_what_only_names_its_vendor() -> None:
    told = classify("S-1", "BUGSNAG_DATABASE_PASSWORD")
    assert told.kind != "crash-report-key"
    assert kinds()[classify("S-1", "BUGSNAG_FOO_PASSWORD").kind].impact == GENERIC


# --- laws ------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
PACKAGED = tomllib.loads(files("auditor").joinpath("data", "catalogue.toml").read_text("utf-8"))
ROLES = {part: role for role, parts in PACKAGED["parts"].items() for part in parts}
KNOWN = [
    (name, row["kind"], part)
    for row in PACKAGED["kind"]
    for field in ("names", "whole")
    for part, names in row.get(field, {}).items()
    for name in names
]
ENDINGS = [
    (name, row["kind"], part)
    for row in PACKAGED["kind"]
    for part, names in row.get("endings", {}).items()
    for name in names
    if squash(name) not in {squash(known) for known, *_ in KNOWN}
]
AFFIXES = st.sampled_from(["PROD", "STAGING", "DEV", "UAT", "QA", "E2E", "CI", "TEST", "PRD"])


@given(ANY_TEXT, st.integers(1, 60))
def test_no_text_is_too_strange(text: str, times: int) -> None:
    name = text * times
    told = classify("S-1", name)
    _judge.cache_clear()
    assert told == classify("S-1", name)
    assert told.kind in {"", *kinds()}


@pytest.mark.parametrize(
    "name",
    ["", "A" * 10_000, "A_" * 5_000, "\ud800\udfff" * 5_000, "\x00\x1b[31m", '=HYPERLINK("x")'],
    ids=["empty", "letters", "words", "surrogates", "control", "formula"],
)
def test_hostile_names_stay_unclassified(name: str) -> None:
    assert classify("S-1", name).role is Role.UNCLASSIFIED


def test_a_long_name_is_judged_by_its_ends() -> None:
    assert classify("S-1", "X" * 10_000 + "_GITHUB_TOKEN").vendor == "GitHub"


@given(st.sampled_from(KNOWN), AFFIXES, st.booleans(), st.sampled_from(["", "_2", "_B64"]))
@settings(max_examples=500)
def test_an_environment_changes_neither_vendor_nor_kind(
    known: tuple[str, str, str], affix: str, before: bool, tail: str
) -> None:
    name, kind, _ = known
    plain = classify("S-1", name)
    told = classify("S-1", (f"{affix}_{name}" if before else f"{name}_{affix}") + tail)
    assert (told.vendor, told.kind, told.role) == (plain.vendor, kind, plain.role)


@given(st.sampled_from(ROWS))
def test_case_and_separators_do_not_matter(row: list[str]) -> None:
    name = row[0]
    if name.isascii() and name.isupper() and "__" not in name:
        lower = classify("S-1", name.lower().replace("_", "-"))
        assert (lower.kind, lower.role) == (row[3].strip("-"), row[1])


@pytest.mark.parametrize(("name", "kind", "part"), KNOWN + ENDINGS)
def test_every_name_of_the_catalogue_is_of_its_own_kind_and_part(
    name: str, kind: str, part: str
) -> None:
    told = classify("S-1", name)
    grouped = "" if part in ("identifier", "config", "public") else part
    assert (told.role, told.kind, told.part) == (ROLES[part], kind, grouped)


def test_every_affix_is_read_as_one() -> None:
    for affix in catalogue().affixes:
        assert classify("S-1", f"{affix}_GITHUB_TOKEN").vendor == "GitHub"
