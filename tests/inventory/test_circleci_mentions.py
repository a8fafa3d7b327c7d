"""Which identities a configuration names, and that nothing else of it is kept."""

from __future__ import annotations

import pytest

from auditor.inventory.circleci.usage.configuration import jobs_of
from auditor.inventory.circleci.usage.mentions import mentioned

CI = "ci-deploy@web-prod-site.iam.gserviceaccount.com"
PROVIDER = "projects/123456/locations/global/workloadIdentityPools/circle/providers/builds"
SECRET = "hunter2-in-clear"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"gcloud run deploy --impersonate-service-account={CI}", [CI]),
        (f"a {CI}, b {CI.replace('ci-', 'etl-')}.", [CI, CI.replace("ci-", "etl-")]),
        ("42-compute@developer.gserviceaccount.com", ["42-compute@developer.gserviceaccount.com"]),
        (f"//iam.googleapis.com/{PROVIDER}", [PROVIDER]),
        ("gcloud config set project web-prod-site", ["web-prod-site"]),
        ("gcloud config set core/project 'web-prod-site'", ["web-prod-site"]),
        ('gcloud builds submit --project="web-prod-site" .', ["web-prod-site"]),
        ("bq --project web-prod-site query", ["web-prod-site"]),
        ("google-project-id: web-prod-site", ["web-prod-site"]),
        ("gcloud config set project $GOOGLE_PROJECT_ID", []),
        ("--project=SHOUTING --project=a --project=x@y.example", []),
        (f"echo {SECRET} | docker login -u _json_key --password-stdin", []),
        ("someone@example.com evil@x.gserviceaccount.com.evil.example", []),
        ("x" * 100_000 + ".gserviceaccount.com", []),
        ("a@" * 50_000 + "x.gserviceaccount.com", []),
    ],
)
def test_what_is_an_identity_by_its_form(text: str, found: list[str]) -> None:
    assert list(mentioned(text)) == found


def test_a_job_tells_what_it_names_and_nothing_else() -> None:
    config = f"""
jobs:
  deploy:
    steps:
      - run: {{command: 'echo $KEY | gcloud auth login; gcloud x --account {CI} {SECRET}'}}
  test: {{steps: [{{run: {{command: make, environment: {{WIP: {PROVIDER}}}}}}}]}}
workflows: {{w: {{jobs: [deploy: {{context: c}}, test]}}}}
"""
    found = jobs_of(config, {"KEY"}) or []
    assert [(job["job"], job["names"], job["mentions"]) for job in found] == [
        ("deploy", ["KEY"], [CI]),
        ("test", [], [PROVIDER]),
    ]
    assert SECRET not in str(found)


def test_a_flood_of_identities_is_bounded() -> None:
    many = " ".join(f"a{number}@p-{number}.iam.gserviceaccount.com" for number in range(5_000))
    (job,) = jobs_of(f"jobs: {{build: {{steps: [{{run: '{many}'}}]}}}}", ()) or []
    assert 0 < len(job["mentions"]) <= 50
