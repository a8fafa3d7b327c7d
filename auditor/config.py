"""The configuration.

TOML files, environment and flags become one `Settings`, each value with its origin.

Order, first wins: flags, environment (`AUDITOR_…`), project file (`--config`, `AUDITOR_CONFIG`,
else `config.toml` here), user file (`~/.config/auditor/config.toml`), defaults. An unknown key is
an error. The files hold names of environment variables, never a token. Pydantic is used here and
in `runs`, at the edges, and nowhere else.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from auditor import tomlfile
from auditor.errors import ConfigError

T = TypeVar("T")

CONFIG_NAME = "config.toml"
STRICT: ConfigDict = ConfigDict(extra="forbid")
"""Set as `__pydantic_config__` of every settings dataclass: an unknown key is an error."""


def check_endpoint(url: str) -> str:
    """Return the address of an API.

    ValueError unless it is https, or http to this machine itself.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an address such as https://circleci.com")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("must be https; plain http is accepted for this machine only")
    return url.rstrip("/")


def check_optional_endpoint(url: str) -> str:
    """Return the address of an API, or "" for the vendor's own; ValueError as `check_endpoint`."""
    return check_endpoint(url) if url else ""


def check_variable_name(name: str) -> str:
    """Return the name of an environment variable.

    ValueError for text that looks like a token instead.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name):
        raise ValueError("must be the name of an environment variable, not its value")
    return name


def check_network_range(text: str) -> str:
    """Return an address or a range of addresses; ValueError for anything else."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("must be an address or a range such as 203.0.113.0/24") from None
    return text


NAME_PATTERN_LIMIT = 200
"""Characters of a regular expression for names, to bound what matching it can cost."""


def check_name_pattern(pattern: str) -> str:
    """Return a pattern for names: a shell pattern, or a regular expression between slashes.

    ValueError for an expression that does not compile, is long, or repeats what repeats already:
    names are outside text, and such an expression can take for ever on one.
    """
    expression = regular_expression(pattern)
    if expression is None:
        return pattern
    if len(expression) > NAME_PATTERN_LIMIT or re.search(r"[*+}][^()]*\)[*+{]", expression):
        raise ValueError("is too costly: keep it short and repeat no group that repeats")
    try:
        re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


def regular_expression(pattern: str) -> str | None:
    """Return the regular expression in a pattern such as "/^ACME_.*_KEY$/", None for others."""
    slashes = len(pattern) > 2 and pattern[0] == pattern[-1] == "/"  # noqa: PLR2004 (the slashes)
    return pattern[1:-1] if slashes else None


NetworkRange: TypeAlias = Annotated[str, AfterValidator(check_network_range)]
NamePattern: TypeAlias = Annotated[str, AfterValidator(check_name_pattern)]
RoleName: TypeAlias = Literal["", "secret", "identifier", "config", "public"]
Endpoint: TypeAlias = Annotated[str, AfterValidator(check_endpoint)]
OptionalEndpoint: TypeAlias = Annotated[str, AfterValidator(check_optional_endpoint)]
VariableName: TypeAlias = Annotated[str, AfterValidator(check_variable_name)]
Threshold: TypeAlias = Literal["critical", "high", "medium", "low"]
Calls: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]
Days: TypeAlias = Annotated[int, Field(ge=0, le=3650)]
Most: TypeAlias = Annotated[int, Field(ge=0, le=100_000)]
Parallel: TypeAlias = Annotated[int, Field(ge=1, le=16)]
Retries: TypeAlias = Annotated[int, Field(ge=0, le=10)]
Seconds: TypeAlias = Annotated[int, Field(ge=1, le=3600)]


@dataclass(frozen=True, slots=True)
class Sla:
    """Days from first seen until an entry must be rotated, by severity."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    critical: Days = 7
    unknown: Days = 7
    high: Days = 30
    medium: Days = 90
    low: Days = 180


@dataclass(frozen=True, slots=True)
class Override:
    """What a person knows of the entries whose name and scope match (shell patterns).

    `name` may be a regular expression between slashes instead.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name: NamePattern
    scope: str = "*"
    identity: str = ""
    """The provider's own id of the identity behind it, such as an ARN."""
    owner: str = ""
    """Who is responsible: proposed once as Owner in the workbook."""
    role: RoleName = ""
    vendor: str = ""
    kind: str = ""
    """Kind of the catalogue. It, role and vendor win over what the name tells."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A risk that somebody accepted: for one Secret ID, with a reason, up to a last day."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: str
    reason: str
    until: date | str
    """Last day, included. Whatever is no date counts as lapsed: a typing error hides nothing."""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class LogFolder:
    """A file or folder of logs to hunt in, and what log it is ("" to guess)."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    path: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Hunts:
    """Where to hunt for what identities did, and what is known of addresses."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    logs: tuple[LogFolder, ...] = ()
    identities: tuple[str, ...] = ()
    """Further identities to look for, as logs name them."""
    runners: tuple[NetworkRange, ...] = ()
    """Addresses and ranges of the company's own runners."""
    databases: tuple[str, ...] = ()
    """Databases of countries, places or autonomous systems (.mmdb)."""
    ip_lists: tuple[str, ...] = ()
    """Files of addresses to be wary of (Tor, VPN, hosting), one a line."""
    rules: str = ""
    """Folder of further Sigma rules."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run is told.

    Tables of `inventory` and `providers` are checked by the package they name.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    out: str = "reports"
    incident: str = ""
    since: date | None = None
    fail_on: Threshold | None = None
    strict: bool = False
    usage_budget: Calls = 200
    """Calls that a CI system may spend on learning which jobs really use what it keeps."""
    sla: Sla = field(default_factory=Sla)
    hunts: Hunts = field(default_factory=Hunts)
    overrides: tuple[Override, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    inventory: dict[str, dict[str, Any]] = field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was set: a file and line, an environment variable, a flag.

    "default" where nowhere.
    """

    place: str = "default"
    line: int = 0

    def __str__(self) -> str:
        """Return "file:line", or the place alone where there is no line."""
        return f"{self.place}:{self.line}" if self.line else self.place


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings and the origin of every value that is not a default, by dotted key."""

    settings: Settings
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def section(self, kind: Literal["inventory", "providers"], name: str, shape: type[T]) -> T:
        """Return the checked table of one package, such as [providers.aws].

        ConfigError names the line.
        """
        table = getattr(self.settings, kind).get(name, {})
        return _checked(shape, table, f"{kind}.{name}", self.origins)

    def origin(self, key: str) -> Origin:
        """Return where a key was set; a key of a table set nowhere is a default."""
        return self.origins.get(key, Origin())


def load(
    path: str | Path | None = None,
    *,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    home: Path | None = None,
) -> Loaded:
    """Return the settings from flags, environment and files.

    `path` must exist when it is given. `flags` holds the values given on the command line by key;
    None means not given. Raises ConfigError naming file, line and key.
    """
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for file in _files(path, environ, home or Path.home()):
        table, lines = tomlfile.read(file)
        _merge(merged, table)
        origins.update((key, Origin(str(file), line)) for key, line in lines.items())
    for key, value, origin in (*_from_environment(environ), *_from_flags(flags or {})):
        merged[key] = value
        origins[key] = origin
    return Loaded(_checked(Settings, merged, "", origins), origins)


def to_json(loaded: Loaded) -> dict[str, Any]:
    """Return the settings as JSON, to resume or repeat a run with. They hold no secret."""
    document: dict[str, Any] = TypeAdapter(Settings).dump_python(loaded.settings, mode="json")
    return document


def from_json(document: Mapping[str, Any], place: str) -> Loaded:
    """Return settings that `to_json` made; `place` says where they were kept."""
    origins = {key: Origin(place) for key in document}
    return Loaded(_checked(Settings, document, "", origins), origins)


def example() -> str:
    """Return the commented configuration."""
    return resources.files("auditor").joinpath("data", "config.example.toml").read_text("utf-8")


def write_new(path: Path, text: str) -> None:
    """Write a configuration; ConfigError where the file exists or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{path} exists already", "name another file") from error
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}", "name another file") from error


# --- reading ---------------------------------------------------------------------------------


def _files(path: str | Path | None, environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    user = home / ".config" / "auditor" / CONFIG_NAME
    if user.is_file():
        yield user
    named = path or environ.get("AUDITOR_CONFIG")
    if named:
        yield Path(named)
    elif Path(CONFIG_NAME).is_file():
        yield Path(CONFIG_NAME)


def _merge(into: dict[str, Any], table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


_FROM_ENVIRONMENT = ("out", "incident", "since", "fail_on", "strict", "usage_budget")


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Any, Origin]]:
    for key in _FROM_ENVIRONMENT:
        name = f"AUDITOR_{key.upper()}"
        if environ.get(name):
            yield key, environ[name], Origin(f"environment {name}")


def _from_flags(flags: Mapping[str, Any]) -> Iterator[tuple[str, Any, Origin]]:
    for key, value in flags.items():
        if value is not None:
            yield key, value, Origin(f"--{key.replace('_', '-')}")


_UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")


# --- checking --------------------------------------------------------------------------------


def _checked(shape: type[T], table: Mapping[str, Any], at: str, origins: Mapping[str, Origin]) -> T:
    try:
        return TypeAdapter(shape).validate_python(table)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        # A misspelt key is also a missing one: the misspelling is what helps.
        first = min(found, key=lambda one: one["type"] not in _UNKNOWN_KEY)
        key = ".".join(part for part in (at, *map(str, first["loc"])) if part)
        raise ConfigError(
            *_complaint(key, str(first["type"]), str(first["msg"]), shape, origins)
        ) from None


def _complaint(
    key: str, kind: str, message: str, shape: type[Any], origins: Mapping[str, Origin]
) -> tuple[str, str]:
    where = _nearest(key, origins)
    if kind in _UNKNOWN_KEY:
        known = _keys(shape)
        close = difflib.get_close_matches(key.rsplit(".", 1)[-1], known, 1)
        return (
            f"{where}: unknown key {key}",
            f"did you mean {close[0]}?" if close else "see config.example.toml",
        )
    return f"{where}: {key}: {message.removeprefix('Value error, ')}", "see config.example.toml"


def _nearest(key: str, origins: Mapping[str, Origin]) -> Origin:
    """Return the origin of the key, or of the closest table around it."""
    while key:
        if key in origins:
            return origins[key]
        key = key.rpartition(".")[0]
    return next(iter(origins.values()), Origin("configuration"))


def _keys(shape: type[Any]) -> list[str]:
    schema = TypeAdapter(shape).json_schema()
    tables = (schema, *schema.get("$defs", {}).values())
    return [key for table in tables for key in table.get("properties", {})]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
