"""A trail's bucket, made up from a seed: CloudTrail objects of the size and mix of real ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from isal import isal_zlib

ACCOUNT = "111122223333"
START = datetime(2022, 11, 15, tzinfo=UTC)
DAYS = 60
IDENTITIES = 2000
TARGETS = 20
TARGET_SHARE = 0.1
SESSION_SHARE = 0.12
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_GZIP_WINDOW = 31
_CALLS = (
    ("s3", "GetBucketLocation", '{"bucketName":"build-artifacts-%d","Host":"s3.amazonaws.com"}'),
    ("s3", "PutObject", '{"bucketName":"build-artifacts-%d","key":"builds/latest/app.tar.gz"}'),
    ("ecr", "GetAuthorizationToken", '{"registryIds":["%d"]}'),
    ("ecr", "BatchCheckLayerAvailability", '{"repositoryName":"service-%d","layerDigests":["x"]}'),
    ("ecs", "DescribeServices", '{"cluster":"production","services":["service-%d"]}'),
    ("ecs", "UpdateService", '{"cluster":"production","service":"service-%d","desiredCount":3}'),
    ("lambda", "GetFunction20150331v2", '{"functionName":"service-%d"}'),
    ("ssm", "GetParameters", '{"names":["/production/service-%d/url"],"withDecryption":true}'),
    ("cloudformation", "DescribeStacks", '{"stackName":"service-%d-production"}'),
    ("ec2", "DescribeInstances", '{"instancesSet":{"items":[{"instanceId":"i-%d"}]}}'),
    ("kms", "Decrypt", '{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":"alias/%d"}'),
    ("dynamodb", "DescribeTable", '{"tableName":"orders-%d"}'),
)
_ATTACK = (
    ("sts", "GetCallerIdentity", '{"n":%d}'),
    ("s3", "ListBuckets", '{"n":%d}'),
    ("iam", "CreateAccessKey", '{"userName":"admin-%d"}'),
    ("secretsmanager", "ListSecrets", '{"maxResults":%d}'),
)
_AGENTS = tuple(
    f"aws-cli/2.{n}.0 Python/3.9.11 Linux/5.15.0-1019-aws docker/x86_64.ubuntu.22 prompt/off"
    for n in range(40)
) + tuple(f"Boto3/1.2{n}.1 Python/3.10.6 Linux/5.15 Botocore/1.29.{n}" for n in range(9))
_EVENT = (
    '{"eventVersion":"1.08","userIdentity":%s,"eventTime":"%s","eventSource":"%s.amazonaws.com",'
    '"eventName":"%s","awsRegion":"us-east-1","sourceIPAddress":"%s","userAgent":"%s",%s'
    '"requestParameters":%s,"responseElements":%s,"additionalEventData":{"SignatureVersion":"SigV4"'
    ',"CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","bytesTransferredIn":0,"AuthenticationMethod":'
    '"AuthHeader","bytesTransferredOut":%d},"requestID":"%s","eventID":"%s","readOnly":%s,'
    '"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"' + ACCOUNT + '",'
    '"eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.2","cipherSuite":'
    '"ECDHE-RSA-AES128-GCM-SHA256","clientProvidedHostHeader":"%s.us-east-1.amazonaws.com"}}'
)


@dataclass(frozen=True, slots=True)
class Person:
    """One identity: its key, where it works from and with what."""

    name: str
    key: str
    addresses: tuple[str, ...]
    agent: str


def people(seed: int) -> list[Person]:
    """Return all identities of a corpus; the first `TARGETS` are those that were stolen."""
    luck = random.Random(seed)  # noqa: S311 (repeatable)
    return [
        Person(
            f"ci-{number:04}",
            "AKIA" + "".join(luck.choices(_BASE32, k=16)),
            tuple(f"52.{luck.randrange(256)}.{luck.randrange(256)}.{n + 1}" for n in range(5)),
            luck.choice(_AGENTS),
        )
        for number in range(IDENTITIES)
    ]


def write(folder: Path, events: int, per_object: int, seed: int = 1) -> list[str]:
    """Write a bucket of so many events; return the access key ids of the targets."""
    everyone = people(seed)
    luck = random.Random(seed + 1)  # noqa: S311 (repeatable)
    handed: set[str] = set()
    step = timedelta(days=DAYS) / events
    for first in range(0, events, per_object):
        count = min(per_object, events - first)
        moment = START + first * step
        records = ",".join(_records(everyone, luck, handed, first, count, events))
        path = _path(folder, moment, luck)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = b'{"Records":[' + records.encode() + b"]}"
        path.write_bytes(isal_zlib.compress(content, 2, _GZIP_WINDOW))
    return [person.key for person in everyone[:TARGETS]]


def _path(folder: Path, moment: datetime, luck: random.Random) -> Path:
    unique = "".join(luck.choices(_LETTERS, k=16))
    name = f"{ACCOUNT}_CloudTrail_us-east-1_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return folder / f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/{moment:%Y/%m/%d}" / name


def _records(
    everyone: list[Person],
    luck: random.Random,
    handed: set[str],
    first: int,
    count: int,
    events: int,
) -> Iterator[str]:
    last_week = events * (DAYS - 7) // DAYS
    seconds = DAYS * 86_400
    for number in range(first, first + count):
        target = luck.random() < TARGET_SHARE
        place = luck.randrange(TARGETS) if target else luck.randrange(TARGETS, IDENTITIES)
        moment = START + timedelta(seconds=number * seconds // events)
        stolen = target and place % 4 == 0 and number > last_week and luck.random() < 0.02
        time = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield _record(everyone[place], luck, handed, time, stolen)


def _record(person: Person, luck: random.Random, handed: set[str], time: str, stolen: bool) -> str:
    bits = f"{luck.getrandbits(256):064x}"
    service, name, request = luck.choice(_ATTACK if stolen else _CALLS)
    session = _session_key(person, time)
    answer, error = "null", ""
    used = session if luck.random() < SESSION_SHARE else None
    if used and used not in handed:  # nobody uses a key before it is handed out
        service, name = "sts", "AssumeRole"
        answer = f'{{"credentials":{{"accessKeyId":"{session}","sessionToken":"{bits}"}}}}'
        handed.add(session)
        used = None
    if luck.random() < (0.4 if stolen else 0.01):
        error = (
            '"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform: '
            f'{service}:{name} because no identity-based policy allows the action",'
        )
    address = "185.220.101.4" if stolen else luck.choice(person.addresses)
    read = "true" if name.startswith(("Get", "Describe", "List", "Batch")) else "false"
    return _EVENT % (
        _identity(person, used, time), time, service, name, address,
        "python-requests/2.28" if stolen else person.agent, error, request % int(bits[:4], 16),
        answer, int(bits[4:8], 16), _uuid(bits[:32]), _uuid(bits[32:]), read, service,
    )  # fmt: skip


def _identity(person: Person, session: str | None, time: str) -> str:
    if session:
        return (
            f'{{"type":"AssumedRole","principalId":"AROA{person.key[4:]}A:job","arn":"arn:aws:sts::'
            f'{ACCOUNT}:assumed-role/deploy-{person.name}/job","accountId":"{ACCOUNT}",'
            f'"accessKeyId":"{session}","sessionContext":{{"sessionIssuer":{{"type":"Role",'
            f'"principalId":"AROA{person.key[4:]}A","arn":"arn:aws:iam::{ACCOUNT}:role/deploy-'
            f'{person.name}","accountId":"{ACCOUNT}","userName":"deploy-{person.name}"}},'
            f'"webIdFederationData":{{}},"attributes":{{"creationDate":"{time}",'
            '"mfaAuthenticated":"false"}}}'
        )
    return (
        f'{{"type":"IAMUser","principalId":"AIDA{person.key[4:]}A","arn":"arn:aws:iam::{ACCOUNT}:'
        f'user/{person.name}","accountId":"{ACCOUNT}","accessKeyId":"{person.key}",'
        f'"userName":"{person.name}"}}'
    )


def _session_key(person: Person, time: str) -> str:
    """Return the key of this identity's session of the day."""
    luck = random.Random(f"{person.key}{time[:10]}")  # noqa: S311 (repeatable)
    return "ASIA" + "".join(luck.choices(_BASE32, k=16))


def _uuid(bits: str) -> str:
    return f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:32]}"
