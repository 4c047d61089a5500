"""What a rule and a finding are."""

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]


class Rule(NamedTuple):
    """One rule; ``severity`` is what it has unless ``.flowsync.yaml`` says otherwise."""

    code: str
    name: str
    severity: Severity
    what: str
    why: str
    fix: str


class Finding(NamedTuple):
    """One result of validating a flow: where (path below the flow, line and column from 1), what, and what to do."""

    code: str
    name: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    fix: str


Row = tuple[str, str, Severity, str, str, str]  # a rule's fields in their order
