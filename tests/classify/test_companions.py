from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.classify.catalogue import catalogue
from auditor.classify.companions import settle
from auditor.classify.groups import group
from auditor.classify.names import classify
from auditor.models import Classification, Exposure, Known, Role, Scope, ScopeKind, Secret


def entry(name: str, scope: str = "p") -> Secret:
    place = Scope(ScopeKind.PROJECT, scope, scope, "example")
    exposure = Exposure(Known(False), Known(1), Known(False))
    id_ = f"{scope}/{name}"
    return Secret(id_, "ci", "project variable", place, name, None, None, None, exposure, None)


def told(entries: Sequence[Secret]) -> dict[str, Classification]:
    secrets = {one.id: one for one in entries}
    return settle(secrets, {id_: classify(id_, one.name) for id_, one in secrets.items()})


@pytest.mark.parametrize(
    ("name", "beside", "vendor", "kind"),
    [
        ("CF_TOKEN", [], "Cloudflare", "cloudflare-token"),
        ("CF_TOKEN", ["CF_ORG", "CF_SPACE"], "Cloud Foundry", "cloud-foundry"),
        ("CF_TOKEN", ["CF_ZONE_ID", "CF_SPACE"], "Cloudflare", "cloudflare-token"),
        ("PROD_CF_DEPLOY_PASS", ["CF_SPACE"], "Cloud Foundry", "cloud-foundry"),
        ("CF_USERNAME", ["CLOUDFLARE_ZONE_ID"], "Cloudflare", "cloudflare-token"),
        ("CF_ZONE_ID", ["CF_ORG", "CF_SPACE"], "Cloudflare", "cloudflare-token"),
        ("SF_USERNAME", ["SF_WAREHOUSE", "SF_ACCOUNT"], "Snowflake", "snowflake-credential"),
        ("SF_USERNAME", ["SFDX_AUTH_URL"], "Salesforce", "salesforce-credential"),
        ("SCF_TOKEN", ["CF_ORG"], "", "generic-token"),
    ],
)
def test_companions_tell_the_vendor(name: str, beside: list[str], vendor: str, kind: str) -> None:
    judged = told([entry(one) for one in (name, *beside)])[f"p/{name}"]
    assert (judged.vendor, judged.kind) == (vendor, kind)


def test_another_scope_tells_nothing() -> None:
    judged = told([entry("CF_TOKEN"), entry("CF_ORG", "other"), entry("CF_SPACE", "other")])
    assert judged["p/CF_TOKEN"].vendor == "Cloudflare"


def test_the_rule_names_the_companion() -> None:
    judged = told([entry("CF_TOKEN"), entry("CF_SPACE")])
    assert judged["p/CF_TOKEN"].rule.endswith("beside CF_SPACE")


@pytest.mark.parametrize(
    ("name", "beside", "role"),
    [
        ("CLOUDINARY_API_KEY", [], Role.SECRET),
        ("CLOUDINARY_API_KEY", ["CLOUDINARY_API_SECRET"], Role.IDENTIFIER),
        ("SHOP_ACCESS_KEY", ["SHOP_SECRET_KEY"], Role.IDENTIFIER),
        ("SHOP_ACCESS_KEY", ["BLOG_SECRET_KEY"], Role.SECRET),
        ("SHOP_SECRET_KEY", ["SHOP_ACCESS_KEY"], Role.SECRET),
        ("STRIPE_KEY", ["STRIPE_SECRET"], Role.SECRET),
    ],
)
def test_a_key_beside_its_secret_is_the_identifier(
    name: str, beside: list[str], role: Role
) -> None:
    secrets = [entry(one) for one in (name, *beside)]
    judged = told(secrets)
    assert judged[f"p/{name}"].role is role
    if role is Role.IDENTIFIER:
        (credential,) = group(secrets, judged)
        assert {part.name for part in credential.parts} == {"id", "secret"}


TELLING = [name for row in catalogue().ambiguous for name in row.tells]
NAMES = ["CF_TOKEN", "SF_PASSWORD", "X_API_KEY", "X_API_SECRET", "FOO", "\ud800", *TELLING]


@given(st.lists(st.sampled_from(NAMES), unique=True))
def test_no_companion_makes_a_secret_of_what_is_none(names: list[str]) -> None:
    secrets = [entry(name) for name in names]
    judged = told(secrets)
    assert judged.keys() == {one.id for one in secrets}
    for one in secrets:
        alone = classify(one.id, one.name)
        assert judged[one.id].role in (alone.role, Role.IDENTIFIER)
    assert told(secrets[::-1]) == judged
