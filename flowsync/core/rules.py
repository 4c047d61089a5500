"""What a repository sets about validation: severities, known connections and tools, the size limit.

What belongs here: reading these keys of ``.flowsync.yaml`` out of its parsed document. The keys are::

    rules: {FS305: off, secret: warning}   # off, info, warning or error, by code or name
    connections: [open_ai_connection]      # with it, an unlisted connection is an error
    tools: [my_package.tools.echo]         # the same for package tools
    max_file_size: 5 MiB
"""

import re
from collections.abc import Mapping as Map
from typing import NamedTuple, cast

from flowsync.core.document import Mapping, Node, Scalar, Sequence, Span, actual
from flowsync.core.flow import entries, items, text_of
from flowsync.core.rulebook import BY_NAME, RULES, Severity

KEYS = ("rules", "connections", "tools", "max_file_size")
DEFAULT_MAX_FILE_SIZE = 5 * 1024 * 1024

_SEVERITIES = ("error", "warning", "info")
_SIZE = re.compile(r"(\d{1,15})\s*(?:([KMG])i?)?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


class Settings(NamedTuple):
    """How to validate. ``severities`` holds the rules that differ from the rulebook; None is off."""

    severities: Map[str, Severity | None] = {}
    connections: frozenset[str] | None = None
    tools: frozenset[str] | None = None
    max_file_size: int = DEFAULT_MAX_FILE_SIZE

    def severity(self, code: str) -> Severity | None:
        """Returns what a finding of this rule is, or None if the rule is off."""
        if code in self.severities:
            return self.severities[code]
        listed = {"FS305": self.connections, "FS306": self.tools}.get(code)
        return "error" if listed is not None else RULES[code].severity


class Mistake(NamedTuple):
    """What is wrong with a setting, and where."""

    key: str
    message: str
    span: Span


def settings_from(root: Node | None) -> tuple[Settings, tuple[Mistake, ...]]:
    """Reads the settings out of the root of a parsed ``.flowsync.yaml``; other keys are not looked at."""
    settings, mistakes = Settings(), []
    mapping = actual(root) if root else None
    for entry in mapping.entries if isinstance(mapping, Mapping) else ():
        key = entry.name
        try:
            settings = _with(settings, key, entry.value) if key in KEYS else settings
        except _Wrong as wrong:
            mistakes.append(Mistake(key, wrong.message, wrong.span))
    return settings, tuple(mistakes)


class _Wrong(Exception):
    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message, self.span = message, span


def _with(settings: Settings, key: str, value: Node) -> Settings:
    if key == "rules":
        return settings._replace(severities=_severities(value))
    if key == "connections":
        return settings._replace(connections=_names(value))
    if key == "tools":
        return settings._replace(tools=_names(value))
    return settings._replace(max_file_size=_size(value))


def _severities(node: Node) -> dict[str, Severity | None]:
    if not isinstance(actual(node), Mapping):
        raise _Wrong("`rules` is a mapping such as {FS305: off}", node.span)
    return {_code(entry.name, entry.key): _severity(entry.value) for entry in entries(node)}


def _code(name: str, key: Node) -> str:
    if name in RULES:
        return name
    if name in BY_NAME:
        return BY_NAME[name].code
    raise _Wrong(f"there is no rule {name!r}", key.span)


def _severity(node: Node) -> Severity | None:
    scalar = actual(node)
    value = scalar.value if isinstance(scalar, Scalar) else ""
    if value in ("off", "false"):
        return None
    if value in _SEVERITIES:
        return cast(Severity, value)
    raise _Wrong("a rule is off, info, warning or error", node.span)


def _names(node: Node) -> frozenset[str]:
    if not isinstance(actual(node), Sequence):
        raise _Wrong("this is a list of names", node.span)
    names = [text_of(item) for item in items(node)]
    if None in names:
        raise _Wrong("this is a list of names", items(node)[names.index(None)].span)
    return frozenset(name.text for name in names if name)


def _size(node: Node) -> int:
    scalar = actual(node)
    found = _SIZE.fullmatch(scalar.value) if isinstance(scalar, Scalar) else None
    if not found:
        raise _Wrong("this is a size such as 5 MiB", node.span)
    return int(found.group(1)) * _UNITS[(found.group(2) or "").upper()]
