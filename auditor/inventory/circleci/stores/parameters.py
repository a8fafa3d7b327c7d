"""Pipeline parameters of triggers and schedules, which CircleCI hands out in clear.

No value is kept: only whether it looks like a secret, and its sealed tail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditor.classify.names import classify
from auditor.inventory.circleci.fields import text
from auditor.inventory.circleci.stores.store import Entry
from auditor.models import Json, Role
from auditor.tails import Sealer, tail_from_json, tail_to_json

_SHORTEST = 6
"""A shorter value of a parameter called a password is a switch or a placeholder."""

# How vendors begin their tokens, and where addresses carry secrets.
_KNOWN = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b|\bgh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|\bxox[a-z]-[\w-]{8,}|\b[rs]k_live_\w{8,}|\bsk-[\w-]{20,}|\bnpm_\w{30,}|\bAIza[\w-]{30,}"
    r"|\beyJ[\w-]{10,}\.|-----BEGIN |CCIP(?:AT|RJ)_\w{10,}|hooks\.slack\.com/services/"
    r"|://[^/\s:@]+:[^/\s@]+@|[?&](?:access_)?(?:token|secret|key|sig|password)=[^&\s]",
)
_RANDOM = re.compile(r"[\w+/=-]{20,}", re.ASCII)
_HEX = re.compile(r"\b[0-9a-f]{32,}\b", re.IGNORECASE)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


def kept(sealer: Sealer, parameters: Json) -> list[Json]:
    """Return what to keep of parameters: names, and of each value what it looks like."""
    if not isinstance(parameters, Mapping):
        return []
    texts = ((name, value) for name, value in parameters.items() if isinstance(value, str))
    return [
        {
            "name": name,
            "long": len(value) >= _SHORTEST,
            "secret": looks_secret(value),
            "tail": tail_to_json(sealer.seal(value)) if len(value) >= _SHORTEST else None,
        }
        for name, value in texts
    ]


def looks_secret(value: str) -> bool:
    """Return whether a value has the form of a token, a key, or an address with a password."""
    if _KNOWN.search(value):
        return True
    rest = _UUID.sub("", value)
    return bool(_HEX.search(rest)) or any(map(_mixed, _RANDOM.findall(rest)))


def _mixed(run: str) -> bool:
    return all(re.search(letters, run) for letters in ("[a-z]", "[A-Z]", "[0-9]"))


def entries(owner: Mapping[str, Json], called: str) -> Iterator[Entry]:
    """Yield the parameters of a trigger or schedule that are secret by their name or their value.

    `called` is the name of the owner, which tells parameters of one name apart for people.
    """
    for parameter in owner["parameters"]:
        told = classify("", parameter["name"])
        named = told.role is Role.SECRET and parameter["long"]
        if named or parameter["secret"]:
            yield Entry(
                f"{parameter['name']} of {called}",
                tail=tail_from_json(parameter["tail"]),
                kind=told.kind if told.role is Role.SECRET else "circleci-parameter",
                key=f"{text(owner, 'id')} {parameter['name']}",
            )
