"""What the engine cannot answer: a request, or a policy, that is not what it should be."""

from __future__ import annotations


class EngineError(ValueError):
    """A question that cannot be answered as it was put."""


class BadRequest(EngineError):
    """A field of the request that no real request could have."""

    def __init__(self, field: str, problem: str) -> None:
        """Name the field."""
        super().__init__(f"{field}: {problem}")
        self.field = field


class MalformedPolicy(EngineError):
    """A policy that does not follow the grammar.

    `policy` names the document ("identity 2"), `statement` the number of the statement in it,
    counted from 1, or None for the document itself; `element` is the JSON element at fault.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """

    def __init__(
        self, element: str, problem: str, *, statement: int | None = None, policy: str = ""
    ) -> None:
        """Say where and what."""
        super().__init__(element, problem, statement, policy)
        self.element = element
        self.problem = problem
        self.statement = statement
        self.policy = policy

    def __str__(self) -> str:
        """Return it as a sentence: "identity 1, statement 2, Action: it is not a text"."""
        where = [self.policy, f"statement {self.statement}" if self.statement else "", self.element]
        return f"{', '.join(part for part in where if part)}: {self.problem}"

    def within(self, *, statement: int | None = None, policy: str = "") -> MalformedPolicy:
        """Return the same error with its place filled in."""
        return MalformedPolicy(
            self.element,
            self.problem,
            statement=self.statement or statement,
            policy=self.policy or policy,
        )
