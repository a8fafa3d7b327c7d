"""Times the analysis of whole AWS accounts, on an invented one; seconds are of processor time.

    python tests/bench/bench_account.py [--scale 1] [--only NAME]

Wanted: an account of 1,000 users, 500 roles and 1,500 policies within 10 s and 300 MB, 10,000
identities (--scale 6.67) within 90 s, and the catalogue from its cache within 0.15 s. Each part
runs in a process of its own, so that memory is its own too.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor import exported
from auditor.providers.aws.analysis.catalogue import catalogue

ACCOUNT = "111122223333"
USERS, ROLES, POLICIES, GROUPS = 1000, 500, 1500, 50
WANTED_SECONDS, WANTED_MB, WANTED_LOAD = 10.0, 300.0, 0.15
SERVICES = 40
PINNED = ("iam", "sts", "s3", "ec2", "lambda", "ecs", "ssm", "kms", "cloudformation", "codebuild")
COMPUTE = ("lambda", "ec2", "ecs-tasks", "codebuild", "cloudformation", "glue", "states", "ssm")
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:SecureTransport": "true"}},
    {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
    {"StringLike": {"aws:PrincipalTag/team": "blue*"}},
    {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
)


class Generator:
    """Invents the reply of GetAccountAuthorizationDetails, the same for the same scale."""

    def __init__(self, scale: float) -> None:
        self.random = random.Random(20261125)  # noqa: S311 (repeatable)
        listed = catalogue()
        rest = sorted(set(listed.services) - set(PINNED))
        self.services = [*PINNED, *self.random.sample(rest, SERVICES - len(PINNED))]
        self.actions = {
            service: [listed.actions[number] for number in listed.services[service]]
            for service in self.services
        }
        self.users, self.roles = round(USERS * scale), round(ROLES * scale)
        self.policies, self.groups = round(POLICIES * scale), round(GROUPS * scale)

    def account(self) -> dict[str, Any]:
        """Return the whole reply."""
        return {
            "UserDetailList": [self.user(number) for number in range(self.users)],
            "GroupDetailList": [self.group(number) for number in range(self.groups)],
            "RoleDetailList": [self.role(number) for number in range(self.roles)],
            "Policies": [self.policy(number) for number in range(self.policies)],
        }

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def policy(self, number: int) -> dict[str, Any]:
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = self.document() if not self.chance(2) else self.of([everything])
        return {
            "PolicyName": f"policy-{number}",
            "Arn": f"arn:aws:iam::{ACCOUNT}:policy/policy-{number}",
            "DefaultVersionId": "v1",
            "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": True, "Document": document}
            ],
        }

    @staticmethod
    def of(statements: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": statements}

    def document(self) -> dict[str, Any]:
        return self.of([self.statement() for _ in range(self.random.randint(1, 5))])

    def statement(self) -> dict[str, Any]:
        actions = [self.pattern() for _ in range(self.random.randint(1, 8))]
        told: dict[str, Any] = {
            "Effect": "Deny" if self.chance(5) else "Allow",
            "NotAction" if self.chance(3) else "Action": actions,
            "NotResource" if self.chance(2) else "Resource": self.resources(actions[0]),
        }
        if self.chance(15):
            told["Condition"] = self.random.choice(CONDITIONS)
        return told

    def pattern(self) -> str:
        service = self.random.choice(self.services)
        action = self.random.choice(self.actions[service])
        name = action.partition(":")[2]
        kind = self.random.randrange(100)
        if kind < 40:
            return action
        if kind < 65:
            verb = next((i for i, c in enumerate(name[1:], 1) if c.isupper()), len(name))
            return f"{service}:{name[:verb]}*"
        return f"{service}:*" if kind < 85 else f"{service}:*{name[-6:]}*"

    def resources(self, action: str) -> Any:
        if self.chance(45):
            return "*"
        return [self.resource(action.partition(":")[0]) for _ in range(self.random.randint(1, 2))]

    def resource(self, service: str) -> str:
        number = self.random.randrange(40)
        return self.random.choice(
            [
                f"arn:aws:s3:::bucket-{number}/*",
                f"arn:aws:s3:::bucket-{number}/${{aws:username}}/*",
                f"arn:aws:iam::{ACCOUNT}:role/role-{number}",
                f"arn:aws:iam::{ACCOUNT}:role/role-{number}*",
                f"arn:aws:{service}:eu-west-1:{ACCOUNT}:thing/{number}",
                f"arn:aws:{service}:*:{ACCOUNT}:*",
            ]
        )

    def attached(self, least: int, most: int) -> list[dict[str, str]]:
        count = self.random.randint(least, most)
        chosen = self.random.sample(range(self.policies), min(count, self.policies))
        return [
            {"PolicyName": f"policy-{n}", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/policy-{n}"}
            for n in chosen
        ]

    def common(self, kind: str, name: str, most: int) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "Path": "/",
            f"{kind}Name": name,
            f"{kind}Id": f"ID{name}",
            "Arn": f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{name}",
            "CreateDate": "2022-01-01T00:00:00+00:00",
            "AttachedManagedPolicies": self.attached(1, most),
            "Tags": [{"Key": "team", "Value": self.random.choice(["blue-1", "red-2"])}],
            f"{kind}PolicyList": [],
        }
        if self.chance(30):
            inline = {"PolicyName": "inline", "PolicyDocument": self.document()}
            entry[f"{kind}PolicyList"] = [inline]
        if self.chance(10):
            boundary = self.attached(1, 1)[0]["PolicyArn"]
            entry["PermissionsBoundary"] = {"PermissionsBoundaryArn": boundary}
        return entry

    def user(self, number: int) -> dict[str, Any]:
        groups = self.random.sample(range(self.groups), self.random.randint(0, 2))
        return self.common("User", f"user-{number}", 3) | {
            "GroupList": [f"group-{n}" for n in groups]
        }

    def group(self, number: int) -> dict[str, Any]:
        return {
            "GroupName": f"group-{number}",
            "Arn": f"arn:aws:iam::{ACCOUNT}:group/group-{number}",
            "GroupPolicyList": [],
            "AttachedManagedPolicies": self.attached(1, 2),
        }

    def role(self, number: int) -> dict[str, Any]:
        trust = self.of([{"Effect": "Allow", "Action": "sts:AssumeRole", **self.trusted()}])
        return self.common("Role", f"role-{number}", 4) | {"AssumeRolePolicyDocument": trust}

    def trusted(self) -> dict[str, Any]:
        kind = self.random.randrange(100)
        if kind < 55:
            return {"Principal": {"Service": f"{self.random.choice(COMPUTE)}.amazonaws.com"}}
        if kind < 70:
            return {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        if kind < 85:
            user, role = self.random.randrange(self.users), self.random.randrange(self.roles)
            names = [f"user/user-{user}", f"role/role-{role}"]
            return {"Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:{name}" for name in names]}}
        if kind < 95:
            return {"Principal": {"AWS": "arn:aws:iam::999988887777:root"}}
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/0000"
        return {"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}


def peak() -> float:
    """Return the peak memory of this process in MB."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measure_load(_: Path) -> dict[str, float]:
    """Load the catalogue from its cache."""
    begun = time.process_time()
    catalogue()
    return {"seconds": time.process_time() - begun}


def measure_account(export: Path) -> dict[str, float]:
    """Answer for every identity of an export, as `auditor resolve aws --export` does."""
    begun = time.process_time()
    lines = size = over = 0
    for line in exported.answer("aws", datetime.now(UTC), export, None):
        lines += "principal" in line
        over += bool(line.get("over_privileged"))
        size += len(json.dumps(line))
    seconds = time.process_time() - begun
    return {"seconds": seconds, "lines": lines, "over": over, "out": size / 2**20, "mb": peak()}


def run(name: str, export: Path) -> dict[str, float]:
    """Run one part in a process of its own."""
    command = [sys.executable, __file__, "--part", name, "--export", str(export)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print figures, each with how many times better than wanted it is, and return 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--part", choices=("load", "account"))
    parser.add_argument("--export", type=Path, default=Path())
    arguments = parser.parse_args()
    if arguments.part:
        measure = measure_load if arguments.part == "load" else measure_account
        print(json.dumps(measure(arguments.export)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "get-account-authorization-details.json"
        export.write_text(json.dumps(Generator(arguments.scale).account()))
        print(f"account of {export.stat().st_size / 2**20:.2f} MB")
        run("load", export)  # makes the cache
        load = run("load", export)["seconds"]
        print(f"catalogue from its cache   {load:6.3f} s   {WANTED_LOAD / load:5.2f} x wanted")
        got = run("account", export.parent)
    wanted = WANTED_SECONDS if arguments.scale <= 1 else 90.0
    each = got["seconds"] / got["lines"] * 1000
    print(
        f"{got['lines']:,.0f} identities       {got['seconds']:6.2f} s   "
        f"{wanted / got['seconds']:5.2f} x wanted   {each:.2f} ms each"
    )
    print(f"peak memory            {got['mb']:6.0f} MB  {WANTED_MB / got['mb']:5.2f} x wanted")
    print(f"over-privileged {got['over']:,.0f}, output {got['out']:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
