"""Words what GitHub, or the way to it, refused: the one place that knows PyGithub's exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

from auditor import nesting
from auditor.providers.github.documents import refusal

_SSO = re.compile(r"url=(https://[^\s;,]+)")
_LIMITED = frozenset({"RateLimitExceededException", "RateLimitExceededExceedsMaxWait"})


class Refused(Exception):
    """A call without a useful answer, as the snapshot keeps it."""

    def __init__(self, document: dict[str, str]) -> None:
        super().__init__(document.get("error", ""))
        self.document = document


@contextmanager
def refusals(web: str) -> Iterator[None]:
    """Raise Refused for whatever a call of PyGithub raises.

    `web` is where GitHub's pages are: no link to another host is passed on.
    """
    from github import GithubException  # noqa: PLC0415 (the SDK costs most of a second)
    from requests import RequestException  # noqa: PLC0415

    try:
        yield
    except GithubException as error:
        raise Refused(_refusal(error, web)) from None
    except RequestException as error:
        raise Refused(refusal(type(error).__name__, "GitHub could not be reached")) from None
    except JSONDecodeError:
        raise Refused(refusal("Strange", "the reply is no sound JSON")) from None
    except (nesting.TooDeep, RecursionError):
        raise Refused(refusal("Strange", "the reply is nested too deeply")) from None
    # PyGithub asserts that redirects stay on the host, and raises these where they do not.
    except (AssertionError, RuntimeError, ValueError) as error:
        raise Refused(refusal(type(error).__name__, "the reply cannot be followed")) from None


def _refusal(error: Exception, web: str) -> dict[str, str]:
    """Return what a GithubException leaves in the snapshot."""
    name = type(error).__name__
    status = getattr(error, "status", None)
    data, headers = getattr(error, "data", None), getattr(error, "headers", None) or {}
    message = str(data.get("message") or "") if isinstance(data, dict) else ""
    if name in _LIMITED:
        return refusal("RateLimit", message or "GitHub's limit of requests is reached")
    told = next((value for key, value in headers.items() if key.lower() == "x-github-sso"), "")
    address = _SSO.search(str(told))
    sso = address[1] if address and address[1].startswith(f"{web}/") else ""
    return refusal(str(status or name), message or "the call failed", sso)
