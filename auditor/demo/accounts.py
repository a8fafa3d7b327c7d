"""The AWS half of the scenario file: `read_accounts` turns its tables into `Account`s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from auditor.demo import invent
from auditor.demo.estate import (
    AccessKey,
    Account,
    AwsOrganization,
    KeyPair,
    Policy,
    Principal,
    Trail,
)
from auditor.models import Json

_OIDC = "oidc.circleci.com/org"
_FROM_AWS = "aws:"


def read_accounts(tables: Iterable[Mapping[str, Any]]) -> tuple[Account, ...]:
    """Return the accounts; a key with `same_tail_as` names a key of a user further up."""
    keys: dict[str, AccessKey] = {}
    return tuple(_account(table, keys) for table in tables)


def access_keys(accounts: Iterable[Account]) -> dict[str, AccessKey]:
    """Return every access key by the name the scenario file has for it: "user/1"."""
    return {
        f"{user.name}/{number}": key
        for account in accounts
        for user in account.users
        for number, key in enumerate(user.keys, 1)
    }


def _account(table: Mapping[str, Any], keys: dict[str, AccessKey]) -> Account:
    policies = {
        name: Policy(name, document(statements))
        for name, statements in table.get("policies", {}).items()
    }
    made = {
        kind: tuple(
            _principal(table["id"], name, entry, policies, keys)
            for name, entry in table.get(kind, {}).items()
        )
        for kind in ("groups", "users", "roles")
    }
    return Account(
        table["id"],
        table["alias"],
        table["reached_by"],
        tuple(policies.values()),
        providers=tuple(
            invent.identifier("organization", name) for name in table.get("providers", ())
        ),
        buckets={name: document(told) for name, told in table.get("buckets", {}).items()},
        trails=tuple(
            Trail(name, entry["bucket"], entry["days"], entry["data"])
            for name, entry in table.get("trails", {}).items()
        ),
        organization=_organization(table["organization"]) if "organization" in table else None,
        **made,
    )


def _organization(table: Mapping[str, Any]) -> AwsOrganization:
    scps, rcps = (
        tuple(Policy(name, document(told)) for name, told in table[kind].items())
        for kind in ("scps", "rcps")
    )
    return AwsOrganization(table["unit"], tuple(table["members"]), scps, rcps)


def _principal(
    account: str,
    name: str,
    entry: Mapping[str, Any],
    policies: Mapping[str, Policy],
    keys: dict[str, AccessKey],
) -> Principal:
    boundary = entry.get("boundary", "")
    return Principal(
        name,
        _made(entry, account, name),
        attached=tuple(_policy(policy, policies) for policy in entry.get("attached", ())),
        inline=tuple(_policy(policy, policies) for policy in entry.get("inline", ())),
        groups=tuple(entry.get("groups", ())),
        keys=tuple(
            _key(account, f"{name}/{number}", entry, key, keys)
            for number, key in enumerate(entry.get("keys", ()), 1)
        ),
        trust=_trust(account, entry["trust"]) if "trust" in entry else None,
        boundary=f"arn:aws:iam::{account}:policy/{boundary}" if boundary else "",
        used=tuple(
            (service, invent.moment(day, invent.VARIABLES, name, service) if day else None)
            for service, day in entry.get("used", {}).items()
        ),
    )


def _made(entry: Mapping[str, Any], *names: str) -> datetime:
    return invent.moment(entry.get("created", invent.START), invent.PLACES, *names)


def _policy(name: str, policies: Mapping[str, Policy]) -> Policy:
    if name.startswith(_FROM_AWS):
        return Policy(name.removeprefix(_FROM_AWS), managed_by_aws=True)
    return policies[name]


def _key(
    account: str,
    name: str,
    user: Mapping[str, Any],
    entry: Mapping[str, Any],
    keys: dict[str, AccessKey],
) -> AccessKey:
    twin = keys.get(entry.get("same_tail_as", ""))
    tail = twin.pair.id[-4:] if twin else ""
    pair = KeyPair(invent.access_key_id(account, name, tail=tail), invent.secret("key", name))
    used = entry.get("last_used")
    keys[name] = AccessKey(
        pair,
        entry.get("status", "Active"),
        invent.moment(entry.get("created", user["created"]), invent.KEYS, name),
        invent.moment(used, invent.VARIABLES, name) if used else None,
    )
    return keys[name]


def document(statements: Iterable[Mapping[str, Any]]) -> Json:
    """Return the IAM policy document of the file's short statements."""
    return {"Version": "2012-10-17", "Statement": [_statement(entry) for entry in statements]}


def _statement(entry: Mapping[str, Any]) -> Json:
    effect = "Allow" if "allow" in entry else "Deny"
    statement = {
        "Effect": effect,
        "Action": entry[effect.lower()],
        "Resource": entry.get("on", ["*"]),
    }
    statement |= {"Principal": entry["who"]} if "who" in entry else {}
    return statement | ({"Condition": entry["when"]} if "when" in entry else {})


def _trust(account: str, entry: Mapping[str, str]) -> Json:
    if "circleci" in entry:
        statement = _web_identity(account, entry["circleci"], entry.get("project", ""))
    elif "service" in entry:
        principal = {"Service": entry["service"]}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    else:
        principal = {"AWS": f"arn:aws:iam::{entry['account']}:root"}
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _web_identity(account: str, organization: str, project: str) -> Json:
    """Return who may sign in with a job's token: of one project, else of any of the organisation.

    https://circleci.com/docs/openid-connect-tokens/
    """
    id_ = invent.identifier("organization", organization)
    condition = {"StringEquals": {f"{_OIDC}/{id_}:aud": id_}}
    if project:
        only = f"org/{id_}/project/{invent.identifier('project', organization, project)}/user/*"
        condition["StringLike"] = {f"{_OIDC}/{id_}:sub": only}
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{_OIDC}/{id_}"},
        "Condition": condition,
    }
