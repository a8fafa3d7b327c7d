"""Times the AWS engine on simple requests, on one thread.

    python tests/bench/bench_evaluate.py [--requests 100000]

Wanted are 20,000 requests a second. Every request has another resource, so that none is answered
from a cache; the policies are plain JSON each time, and read once. Seconds are of processor time,
so that what else runs on the machine does not count.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from auditor.providers.aws.engine import Request, evaluate

WANTED = 20_000
USER = "arn:aws:iam::111122223333:user/ci"
READ: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": ["arn:aws:s3:::builds", "arn:aws:s3:::builds/*"],
        },
        {
            "Effect": "Deny",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
}
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
OWN = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "s3:*Object",
        "Resource": "arn:aws:s3:::*/${aws:username}/*",
        "Condition": {"StringLike": {"aws:PrincipalTag/team": ["blue*", "red*"]}},
    },
}
BUCKET = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "s3:*", "Resource": "*"},
}
CASES: dict[str, dict[str, Any]] = {
    "one identity policy": {"identity": [READ]},
    "three identity policies": {"identity": [OWN, READ, EVERYTHING]},
    "with boundary and 3 SCP levels": {
        "identity": [READ],
        "boundary": [EVERYTHING],
        "scps": [[EVERYTHING]] * 3,
    },
    "with a resource policy": {"identity": [READ], "resource_policy": BUCKET},
}
CONTEXT = {"aws:SecureTransport": "true", "aws:PrincipalTag/team": "blue-1"}


def main() -> int:
    """Print requests a second for each case, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--requests", type=int, default=100_000)
    count = parser.parse_args().requests
    for name, layers in CASES.items():
        started = time.process_time()
        for number in range(count):
            resource = f"arn:aws:s3:::builds/ci/{number}.tgz"
            evaluate(Request(USER, "s3:GetObject", resource, context=CONTEXT), **layers)
        rate = count / (time.process_time() - started)
        print(f"{name:32} {rate:9,.0f} requests/s   {rate / WANTED:5.2f} x wanted")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
