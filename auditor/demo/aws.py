"""AWS for the demo: the third-party moto server, filled from the scenario through boto3.

moto answers in this process, on loopback, and keeps its state in its own memory: one `Aws` at a
time. It is no judge of permissions: it grants every call.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from collections.abc import Iterable
from functools import cache, partial
from threading import Thread
from typing import TYPE_CHECKING, Any

from auditor.demo import aws_surroundings
from auditor.demo.aws_faults import Faulty
from auditor.demo.aws_use import LastAccessed
from auditor.demo.estate import Account, Policy, Principal
from auditor.demo.faults import Faults
from auditor.demo.wire import Recording
from auditor.errors import MissingExtra

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

HOST = "127.0.0.1"
REGION = "us-east-1"
PARTITION = "aws"


class Aws:
    """The accounts of a scenario, served from `start` to `stop`."""

    def __init__(self, accounts: Iterable[Account], faults: Faults, recording: Recording) -> None:
        """Take the accounts that somebody can reach; the others exist on paper only."""
        self._lab = faults, recording
        self._accounts = tuple(a for a in accounts if a.reached_by != "nothing")
        self._server: Any = None

    @property
    def url(self) -> str:
        """Return the endpoint."""
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Begin to answer, with everything in place.

        MissingExtra when moto or boto3 is not installed.
        """
        try:
            import boto3  # noqa: F401, PLC0415
            from moto.moto_server import werkzeug_app as moto  # noqa: PLC0415
            from werkzeug.serving import make_server  # noqa: PLC0415
        except ImportError as missing:
            raise MissingExtra("the demo", "demo") from missing
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it prints a line for each request
        _make_the_session_of_moto()
        moto_app = moto.DomainDispatcherApplication(moto.create_backend_app)
        self._app = Faulty(LastAccessed(moto_app, self._accounts), *self._lab)
        handler = moto.MotoRequestHandler
        self._server = make_server(HOST, 0, self._app, threaded=True, request_handler=handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self._furnish()

    def refill(self) -> None:
        """Put everything in place again, if whoever else used moto in this process emptied it."""
        listed = self._clients(self._accounts[0])("iam").list_account_aliases()
        if self._accounts[0].alias not in listed["AccountAliases"]:
            self._furnish()

    def _furnish(self) -> None:
        self._forget()
        for account in self._accounts:
            client = self._clients(account)
            _fill(client("iam"), account)
            aws_surroundings.fill(client, account)
            if account.organization:
                aws_surroundings.organize(client, account, account.organization)
            _backdate(account)
            _name_policies(account)

    def stop(self) -> None:
        """Stop answering and forget everything."""
        if self._server:
            self._app.stop()
            self._forget()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def _forget(self) -> None:
        # https://docs.getmoto.org/en/latest/docs/configuration/state_management.html
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(request, timeout=10).close()

    def _clients(self, account: Account) -> aws_surroundings.Client:
        """Return what makes clients: moto lets anyone assume any role, even one not made."""
        # Nothing of the person's own AWS configuration may have a say here.
        nothing: dict[str, Any] = {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
        import boto3  # noqa: PLC0415
        import botocore.session  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        session: Any = boto3.session.Session(
            "demo",
            "demo",
            region_name=REGION,
            botocore_session=botocore.session.Session(session_vars=nothing),
        )
        options: dict[str, Any] = {"endpoint_url": self.url, "config": Config(proxies={})}
        role = f"arn:aws:iam::{account.id}:role/builder"
        sts = session.client("sts", **options)
        given = sts.assume_role(RoleArn=role, RoleSessionName="demo")["Credentials"]
        options |= {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        return cache(partial(session.client, **options))


# --- filling ---------------------------------------------------------------------------------


def _fill(iam: IAMClient, account: Account) -> None:
    iam.create_account_alias(AccountAlias=account.alias)
    _know_policies_of_aws(account)
    for policy in account.policies:
        iam.create_policy(PolicyName=policy.name, PolicyDocument=json.dumps(policy.document))
    for group in account.groups:
        iam.create_group(GroupName=group.name)
        for policy in group.attached:
            iam.attach_group_policy(GroupName=group.name, PolicyArn=_arn(account, policy))
    for role in account.roles:
        _fill_role(iam, account, role)
    for user in account.users:
        _fill_user(iam, account, user)


def _fill_role(iam: IAMClient, account: Account, role: Principal) -> None:
    boundary: Any = {"PermissionsBoundary": role.boundary} if role.boundary else {}
    trust = json.dumps(role.trust)
    iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=trust, **boundary)
    for policy in role.attached:
        iam.attach_role_policy(RoleName=role.name, PolicyArn=_arn(account, policy))


def _fill_user(iam: IAMClient, account: Account, user: Principal) -> None:
    iam.create_user(UserName=user.name)
    for policy in user.attached:
        iam.attach_user_policy(UserName=user.name, PolicyArn=_arn(account, policy))
    for policy in user.inline:
        text = json.dumps(policy.document)
        iam.put_user_policy(UserName=user.name, PolicyName=policy.name, PolicyDocument=text)
    for group in user.groups:
        iam.add_user_to_group(UserName=user.name, GroupName=group)
    for key in user.keys:
        if key.status != "Deleted":
            iam.create_access_key(UserName=user.name)


def _arn(account: Account, policy: Policy) -> str:
    owner = "aws" if policy.managed_by_aws else account.id
    return f"arn:aws:iam::{owner}:policy/{policy.name}"


# --- what moto has no call for ---------------------------------------------------------------
#
# The only places that reach into moto's memory. moto makes up access key ids and stamps all with
# the present; a demo needs keys of known tails (two of them alike) and of some age. And moto knows
# AWS's own policies either all, for seconds at every start, or not at all.


def _make_the_session_of_moto() -> None:
    """Have moto make the one session it takes regions from, without a person's own profile."""
    from moto.core.base_backend import AccountSpecificBackend  # noqa: PLC0415

    kept = dict(os.environ)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    os.environ["AWS_CONFIG_FILE"] = os.devnull
    try:
        AccountSpecificBackend.get_session()
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _backdate(account: Account) -> None:
    """Give users, roles and keys the dates, ids and states that the scenario has for them."""
    from moto.iam.models import AccessKeyLastUsed, iam_backends  # noqa: PLC0415

    backend = iam_backends[account.id][PARTITION]
    for role in account.roles:
        backend.get_role(role.name).create_date = role.created
    for user in account.users:
        made = backend.get_user(user.name)
        made.create_date = user.created
        known = (key for key in user.keys if key.status != "Deleted")
        for key, blank in zip(known, made.access_keys, strict=True):
            del backend.access_keys[blank.access_key_id]
            backend.access_keys[key.pair.id] = blank
            blank.access_key_id, blank.secret_access_key = key.pair.id, key.pair.secret
            blank.create_date, blank.status = key.created, key.status
            if key.last_used:
                blank.last_used = AccessKeyLastUsed(key.last_used, "s3", REGION)


def _name_policies(account: Account) -> None:
    """Make the account's details give the names and ids of policies, which moto leaves out."""
    from moto.iam.models import iam_backends  # noqa: PLC0415

    policies: Any = iam_backends[account.id][PARTITION].managed_policies.values()
    for policy in policies:
        policy.policy_name, policy.policy_id = policy.name, policy.id


def _know_policies_of_aws(account: Account) -> None:
    """Make moto know those of AWS's own policies that the account uses."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415
    from moto.iam.models import AWSManagedPolicy, iam_backends  # noqa: PLC0415

    holders = (*account.users, *account.groups, *account.roles)
    names = {p.name for holder in holders for p in holder.attached if p.managed_by_aws}
    documents = json.loads(aws_managed_policies_data)
    backend = iam_backends[account.id][PARTITION]
    for name in sorted(names):
        policy = AWSManagedPolicy.from_data(name, account.id, REGION, documents[name])
        backend.aws_managed_policies.append(policy)
        backend.managed_policies[policy.arn] = policy
