"""How long exported policies of a large Google Cloud organisation take, and how much memory.

2,400 predefined roles with 165,000 grants, and 100,000 bindings in 1,000 projects: the size of the
real catalogue, and of an organisation far above the common one. Every identity is resolved, in a
process of its own; CPU seconds are told, since wall time depends on who else is busy.

Usage: python tests/bench/bench_gcp.py [--bindings N] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.providers.gcp.sensitive import table

CRM = "//cloudresourcemanager.googleapis.com/"
ROLES, PERMISSIONS, GRANTS, PROJECTS = 2_400, 13_790, 165_000, 1_000
COMMON = ("roles/viewer", "roles/editor", "roles/owner", "roles/iam.serviceAccountTokenCreator")


def roles(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield roles of the sizes that Google's have: three are huge, the others small."""
    plain = [f"service{n % 300}.things{n}.get" for n in range(PERMISSIONS)]
    names = [*sorted(table().permissions), *plain][:PERMISSIONS]
    for role, count in (("roles/owner", 13_568), ("roles/editor", 11_979), ("roles/viewer", 6_064)):
        picked = chance.sample(plain, min(count, len(plain)))
        yield {"name": role, "includedPermissions": [*picked, *table().known_roles[role]]}
    for role, known in table().known_roles.items():
        if role not in COMMON[:3]:
            yield {"name": role, "includedPermissions": sorted(known)}
    each = (GRANTS - 31_611) // ROLES
    for number in range(ROLES - len(table().known_roles)):
        picked = chance.sample(names, each)
        yield {"name": f"roles/made.up{number}", "includedPermissions": picked}


def results(chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Yield policies with so many bindings in all: half of projects, half of what is in them."""
    yield _result(f"{CRM}organizations/1", None, ["roles/owner"], ["user:boss@acme.example"])
    left = count - 1
    while left > 0:
        number = chance.randrange(PROJECTS)
        held = [_role(chance) for _ in range(min(left, 10))]
        left -= len(held)
        names = [_member(chance, number) for _ in range(2)]
        place = f"{CRM}projects/project-{number:04}"
        if chance.random() < 0.5:
            place = f"//storage.googleapis.com/bucket-{left}"
        yield _result(place, number, held, names)


def _role(chance: random.Random) -> str:
    common = chance.random() < 0.1
    return chance.choice(COMMON) if common else f"roles/made.up{chance.randrange(2_300)}"


def _member(chance: random.Random, number: int) -> str:
    project = number if chance.random() < 0.95 else chance.randrange(PROJECTS)
    name = f"sa-{chance.randrange(5)}@project-{project:04}.iam.gserviceaccount.com"
    return f"serviceAccount:{name}"


def _result(name: str, number: int | None, held: list[str], names: list[str]) -> dict[str, Any]:
    bindings = [{"role": role, "members": names} for role in held]
    place: dict[str, Any] = {"organization": "organizations/1"}
    if number is not None:
        place |= {"project": f"projects/{number + 10**9}", "folders": [f"folders/{number % 50}"]}
    return {"resource": name, "policy": {"bindings": bindings}} | place


def main() -> None:
    """Write an export, answer from it, print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bindings", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    told = parser.parse_args()
    chance = random.Random(7)  # noqa: S311 (made-up data, the same each time)
    with tempfile.TemporaryDirectory() as folder:
        where = told.keep or Path(folder)
        where.mkdir(exist_ok=True)
        (where / "roles.json").write_text(json.dumps(list(roles(chance))))
        (where / "policies.json").write_text(json.dumps(list(results(chance, told.bindings))))
        command = [sys.executable, "-m", "auditor", "resolve", "gcp", "--export", str(where)]
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{told.bindings} bindings, {ROLES} roles: {done.stderr.strip()}")
    print(f"CPU {used.ru_utime + used.ru_stime:.2f} s, peak memory {used.ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
