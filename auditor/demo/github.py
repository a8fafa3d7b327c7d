"""GitHub as its REST API answers: the organisation of the scenario, as an app or a person sees it.

A pure application for `loopback`. Only reading is served. What the scenario leaves out is invented
from names. Errors are GitHub's own: 401 for a bad token, 403 for what only apps may list, 404 for
what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from auditor.demo import github_bodies as bodies
from auditor.demo import invent
from auditor.demo.estate import Scenario
from auditor.demo.github_app import PREFIX, Tokens, answer_app, error, is_proof
from auditor.demo.wire import Reply, Request
from auditor.models import Json

Table = Mapping[str, Any]
Names = Sequence[str]
Answer = Callable[[Names, Any, Request], Json | Reply]
"""From the names in the path, the person who asks (None for an app) and the request."""
_PAGE = 30
_LARGEST_PAGE = 100


class GitHub:
    """The application: who asks, which route, what answer."""

    def __init__(self, scenario: Scenario, tokens: Tokens, url: str = "") -> None:
        """Serve the table `[github]` of a scenario; `url` is where, for the links in replies."""
        self._table: Table = scenario.github or {}
        self._org = str(self._table.get("organization", ""))
        self._tokens = tokens
        self.url = url
        self._values = _values(scenario)
        self._projects = _projects(scenario, self._org)
        self._routes = {tuple(path.split("/")): answer for path, answer in self._answers()}

    def __call__(self, request: Request) -> Reply:
        """Return the answer to a request."""
        token = (request.token or "").split(" ")[-1]
        if is_proof(token):
            return answer_app(request, token, self._tokens, self._org, self._table["auditor"])
        person = self._tokens.people.get(token)
        if token != self._tokens.app and person is None:
            return error(401, "Bad credentials")
        if request.method != "GET":
            return error(405, "Method Not Allowed")
        headers = {} if person is None else {"X-OAuth-Scopes": ", ".join(person[1])}
        segments = request.path.removeprefix(PREFIX).split("/")
        for template, answer in self._routes.items():
            if _fits(template, segments):
                names = [unquote(s) for s, t in zip(segments, template, strict=True) if t == "{}"]
                return self._reply(request, answer(names, person, request), headers)
        return error(404, "Not Found")

    def _reply(self, request: Request, found: Json | Reply, headers: Mapping[str, str]) -> Reply:
        if isinstance(found, Reply):
            return found
        told = found if isinstance(found, dict) else {}
        inside = next((key for key in ("installations", "repositories") if key in told), "")
        listed = found[inside] if inside else found
        if not isinstance(listed, list):
            return Reply(200, found, headers)
        size = min(int(request.query.get("per_page", _PAGE)), _LARGEST_PAGE)
        page = int(request.query.get("page", 1))
        shown = listed[(page - 1) * size : page * size]
        more = page * size < len(listed) or request.endless
        link = {"Link": self._link(request, 1 if request.endless else page + 1)} if more else {}
        if more and not request.endless:
            link["Link"] += ", " + self._link(request, -(-len(listed) // size), "last")
        body = {**found, inside: shown} if inside else shown
        return Reply(200, body, {**headers, **link})

    def _link(self, request: Request, page: int, to: str = "next") -> str:
        query = "&".join(f"{k}={v}" for k, v in {**request.query, "page": page}.items())
        return f'<{self.url}{request.path}?{query}>; rel="{to}"'

    # --- answers -----------------------------------------------------------------------------

    def _answers(self) -> Iterator[tuple[str, Answer]]:
        org, table = f"/orgs/{self._org}", self._table
        yield "/user", self._user
        yield "/installation/repositories", self._installed_on
        yield org, self._organization
        yield f"{org}/repos", lambda *_: [self._repository(name) for name in self._repositories()]
        yield f"{org}/members", self._members
        yield f"{org}/outside_collaborators", lambda *_: bodies.users(table["outside"])
        yield f"{org}/teams", lambda *_: [bodies.team(self._org, t) for t in table["teams"]]
        yield f"{org}/teams/{{}}/members", self._team_members
        yield f"{org}/teams/{{}}/repos", self._team_repositories
        yield f"{org}/credential-authorizations", lambda *_: list(self._authorizations())
        yield f"{org}/personal-access-tokens", self._fine_grained
        yield f"{org}/personal-access-tokens/{{}}/repositories", self._token_repositories
        yield f"{org}/installations", self._installations
        yield f"{org}/audit-log", lambda *_: [bodies.event(self._org, table["owners"][0])]
        repo = f"/repos/{self._org}/{{}}"
        yield f"{repo}/keys", self._deploy_keys
        yield f"{repo}/collaborators", self._collaborators
        yield f"{repo}/branches/{{}}", self._branch
        yield f"{repo}/branches/{{}}/protection", self._protection
        yield f"{repo}/rules/branches/{{}}", self._rules
        yield f"{repo}/rulesets/{{}}", self._ruleset
        yield "/users/{}/keys", self._user_keys

    def _user(self, _: Names, person: Any, __: Request) -> Json | Reply:
        if person is None:
            return error(403, "Resource not accessible by integration")
        return bodies.private_user(person[0])

    def _organization(self, *_: Any) -> Json:
        private = sum(bool(self._repository(one)["private"]) for one in self._repositories())
        plan = str(self._table["plan"])
        return bodies.organization(self._org, self._table["default_permission"], plan, private)

    def _installed_on(self, _: Names, person: Any, __: Request) -> Json | Reply:
        if person is not None:
            return error(403, "You must authenticate with an installation access token.")
        every = map(self._repository, self._repositories())
        listed: list[Json] = [bodies.whole_repository(one) for one in every]
        selection = self._table["auditor"]["selection"]
        return {
            "total_count": len(listed), "repository_selection": selection, "repositories": listed
        }  # fmt: skip

    def _members(self, _: Names, __: Any, request: Request) -> Json:
        owners = list(self._table["owners"])
        rest = [] if request.query.get("role") == "admin" else list(self._table["members"])
        return bodies.users(owners + rest)

    def _repositories(self) -> list[str]:
        return [*self._projects, *self._table["repositories"]]

    def _repository(self, name: str) -> dict[str, Json]:
        project = self._projects.get(name)
        private = not (project and project.open_source)
        archived = name in self._table["archived"]
        return bodies.repository(self._org, name, private=private, archived=archived)

    def _team(self, slug: str) -> Table:
        return next((t for t in self._table["teams"] if t["slug"] == slug), {})

    def _team_members(self, names: Names, *_: Any) -> Json:
        return bodies.users(self._team(names[0]).get("members", ()))

    def _team_repositories(self, names: Names, *_: Any) -> Json:
        shared = self._team(names[0]).get("repositories", {})
        return [
            self._repository(name) | bodies.access(permission)
            for name, permission in shared.items()
            if name in self._repositories()
        ]

    def _authorizations(self) -> Iterator[Json]:
        for at, table in enumerate(self._table["tokens"], 1):
            kept = table.get("variable", "")
            value = table.get("value") or self._values.get(kept)
            value = value or invent.secret("laptop", table["login"])
            if not table.get("gone"):
                yield bodies.authorization(161_000 + at, table, value)

    def _fine_grained(self, _: Names, person: Any, __: Request) -> Json | Reply:
        if person is not None:
            return error(403, "Must be authenticated as a GitHub App.")
        listed = enumerate(self._table["fine_grained"], 1)
        return [bodies.fine_grained(self._org, 5_000 + at, table) for at, table in listed]

    def _token_repositories(self, names: Names, *_: Any) -> Json | Reply:
        at = int(names[0]) - 5_001 if names[0].isdigit() else -1
        tables = self._table["fine_grained"]
        if not 0 <= at < len(tables):
            return error(404, "Not Found")
        return [self._repository(name) for name in tables[at]["repositories"]]

    def _installations(self, *_: Any) -> Json:
        apps = [bodies.installation(self._org, table) for table in self._table["apps"]]
        return {"total_count": len(apps), "installations": apps}

    def _deploy_keys(self, names: Names, *_: Any) -> Json | Reply:
        if names[0] not in self._repositories():
            return error(404, "Not Found")
        return [
            bodies.deploy_key(self._org, 9_000 + at, table, _key_names(table))
            for at, table in enumerate(self._table["deploy_keys"], 1)
            if table["repository"] == names[0]
        ]

    def _collaborators(self, names: Names, *_: Any) -> Json:
        return [
            bodies.user(table["login"]) | bodies.access(table["permission"])
            for table in self._table["collaborators"]
            if table["repository"] == names[0]
        ]

    def _branch(self, names: Names, *_: Any) -> Json:
        return bodies.branch(self._org, *names, protected=names[0] in self._table["protected"])

    def _protection(self, names: Names, *_: Any) -> Json | Reply:
        if names[0] not in self._table["protected"]:
            return error(404, "Branch not protected")
        enforced = names[0] not in self._table.get("not_for_admins", ())
        return bodies.protection(self._org, *names, enforced=enforced)

    def _rules(self, names: Names, *_: Any) -> Json:
        return [
            bodies.rule(self._org, names[0], table["id"], kind)
            for table in self._table["rulesets"]
            if names[0] in table["repositories"]
            for kind in table["rules"]
        ]

    def _ruleset(self, names: Names, *_: Any) -> Json | Reply:
        for table in self._table["rulesets"]:
            if names[0] in table["repositories"] and names[1] == str(table["id"]):
                return bodies.ruleset(self._org, names[0], table)
        return error(404, "Not Found")

    def _user_keys(self, names: Names, *_: Any) -> Json:
        return [
            bodies.user_key(8_000 + at, table, _key_names(table))
            for at, table in enumerate(self._table["user_keys"], 1)
            if table["login"] == names[0]
        ]


def _key_names(table: Table) -> tuple[str, ...]:
    """Return the names from which a key is invented: those of CircleCI's own where it is one."""
    held = table.get("checkout") or table.get("additional")
    if not held:
        return ("deploy key", table["repository"], table["title"])
    kind = "github-user-key" if "login" in table else "deploy-key"
    organization, _, project = str(held).partition("/")
    id_ = invent.identifier("project", organization, project)
    return (id_, "") if "additional" in table else (id_, kind)


def _values(scenario: Scenario) -> Mapping[str, str]:
    """Return the values of all variables of contexts, by context/name."""
    return {
        f"{context.name}/{variable.name}": variable.value
        for organization in scenario.organizations
        for context in organization.contexts
        for variable in context.variables
    }


def _projects(scenario: Scenario, organization: str) -> Mapping[str, Any]:
    return {
        project.name.rpartition("/")[2]: project
        for one in scenario.organizations
        if one.name == organization
        for project in one.projects
    }


def _fits(template: Sequence[str], segments: Sequence[str]) -> bool:
    return len(template) == len(segments) and all(
        part in ("{}", here) for part, here in zip(template, segments, strict=True)
    )
