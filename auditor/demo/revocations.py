"""What people did to credentials at Google Cloud, GitHub and Azure after the first audit. Pure.

The tables of gcp.toml, github.toml and azure.toml are changed as `rotation.toml` says; what is
gone stays in its table, marked, so that the ids of the others, made from their places, stay.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from auditor.demo import azure_tenant
from auditor.demo.estate import Scenario

GONE = "gone"
"""Marks a credential that its provider does not list any more."""
_LIFE = timedelta(days=180)


def of_google(scenario: Scenario, told: Mapping[str, Any], today: date) -> Scenario:
    """Return the scenario after what was done to a key of a service account."""
    table = copy.deepcopy(dict(scenario.google or {}))
    account = next(one for one in table["accounts"] if one["name"] == told["account"])
    if told.get("becomes"):
        account["keys"][told["key"] - 1][told["becomes"]] = True
    if told.get("new"):
        account["keys"].append({"created": today})
    return replace(scenario, google=table)


def of_github(scenario: Scenario, told: Mapping[str, Any], today: date, value: str) -> Scenario:
    """Return the scenario after what was done to a token, whose value CI held until then."""
    table = copy.deepcopy(dict(scenario.github or {}))
    token = next(one for one in table["tokens"] if one.get("variable") == told["variable"])
    if told.get("new"):
        table["tokens"].append({**token, "authorized": today, "used": today})
    # CI holds another value now, or none: the old token is told apart from it by its own.
    token["value"] = value
    token[GONE] = told.get("becomes") == GONE
    return replace(scenario, github=table)


def of_azure(scenario: Scenario, told: Mapping[str, Any], today: date) -> Scenario:
    """Return the scenario after what was done to a secret of an application, or to an account."""
    if scenario.tenant is None:
        return scenario
    table = copy.deepcopy(dict(scenario.tenant.table))
    if "storage" in told:
        account = table["storage"][told["in"]][told["storage"]]
        account["keys"] |= dict.fromkeys(told["renewed"], today)
        return replace(scenario, tenant=azure_tenant.made_of(table))
    given = table["principals"][told["app"]]
    if told.get("becomes"):
        given["secrets"][told["secret"] - 1][told["becomes"]] = True
    if told.get("new"):
        given["secrets"].append({"created": today, "expires": today + _LIFE})
    return replace(scenario, tenant=azure_tenant.made_of(table))
