"""The nodes of a YAML document: scalars as prompt flow reads them, collections, aliases, merge keys.

What belongs here: values and what can be asked of them without their text. Parsing is in ``document``. Nothing is
expanded: an alias stays one node that points to its target, and ``<<: *common`` an entry; ``effective`` says what a
mapping holds with those taken in. The values are named tuples because Git hooks start with this module, and a dataclass
costs ten times as much to define.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9][0-9_]{0,300}")
_BASED = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]{0,300}\.?[0-9_]{0,300}|\.[0-9_]{1,300})(?:[eE][-+]?[0-9]{1,300})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt \t])")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class Span(NamedTuple):
    """A range of characters, and the line and column of its first."""

    start: int
    end: int
    line: int
    column: int


class Scalar(NamedTuple):
    """One value. ``style`` is ``""`` for a plain one, else its quote, ``|`` or ``>``; ``tag`` is as written."""

    span: Span
    value: str
    style: str = ""
    tag: str = ""
    anchor: str = ""

    def resolved(self) -> str | int | float | bool | None:
        """Returns the value as YAML 1.2 types it: prompt flow reads ``yes`` and ``on`` as text."""
        return self.value if self.style or self.tag else plain(self.value)

    @property
    def is_text(self) -> bool:
        """Whether prompt flow reads a text here: no number, no true or false, no date, no null."""
        if self.style:
            return True
        return isinstance(self.resolved(), str) and not _DATE.match(self.value)


class Sequence(NamedTuple):
    """A list; ``inline`` if it is written in brackets."""

    span: Span
    items: tuple["Node", ...]
    inline: bool = False
    tag: str = ""
    anchor: str = ""


class Alias(NamedTuple):
    """``*anchor``: the same node again."""

    span: Span
    anchor: str
    target: "Node"


class Entry(NamedTuple):
    """One key of a mapping and its value."""

    key: "Node"
    value: "Node"

    @property
    def name(self) -> str:
        """The key's text; empty for a key that is a collection."""
        key = actual(self.key)
        return key.value if isinstance(key, Scalar) else ""

    @property
    def span(self) -> Span:
        """From the key's first character to the value's last."""
        start = self.key.span
        return Span(start.start, max(start.end, self.value.span.end), start.line, start.column)


class Mapping(NamedTuple):
    """Keys and values in written order, duplicates included; ``inline`` if it is written in braces."""

    span: Span
    entries: tuple[Entry, ...]
    inline: bool = False
    tag: str = ""
    anchor: str = ""

    def get(self, name: str) -> "Node | None":
        """Returns the value of this key with aliases and merge keys followed, or None; of duplicates, the last."""
        found = None
        for entry in effective(self):
            if entry.name == name:
                found = entry
        return actual(found.value) if found else None

    def entry(self, name: str) -> Entry | None:
        """Returns the last entry with this key that is written here, or None."""
        found = None
        for entry in self.entries:
            if entry.name == name:
                found = entry
        return found


Node = Scalar | Sequence | Mapping | Alias


def actual(node: "Node") -> "Node":
    """Returns what an alias stands for, and any other node itself."""
    while isinstance(node, Alias):
        node = node.target
    return node


def effective(mapping: Mapping) -> tuple[Entry, ...]:
    """Returns a mapping's entries with those of its merge keys (``<<: *common``) after its own, which count first."""
    if not any(_merges(entry) for entry in mapping.entries):
        return mapping.entries
    found: list[Entry] = []
    known: set[str] = set()
    seen: set[int] = set()  # a mapping that is merged twice adds nothing; without it, time would be exponential
    pending: list[Node] = [mapping]
    while pending:
        current = actual(pending.pop(0))
        if isinstance(current, Sequence):
            pending[:0] = current.items
        elif isinstance(current, Mapping) and id(current) not in seen:
            seen.add(id(current))
            own = [entry for entry in current.entries if not _merges(entry)]
            found += [entry for entry in own if entry.name not in known or not entry.name]
            known |= {entry.name for entry in own}
            pending[:0] = [entry.value for entry in current.entries if _merges(entry)]
    return tuple(found)


def _merges(entry: Entry) -> bool:
    return isinstance(entry.key, Scalar) and entry.key.value == "<<" and not entry.key.style


def walk(node: "Node | None") -> "Iterator[Node]":
    """Yields the node and everything below it in written order, each once; aliases are not followed."""
    pending = [node] if node else []
    while pending:
        current = pending.pop()
        yield current
        if isinstance(current, Sequence):
            pending.extend(reversed(current.items))
        elif isinstance(current, Mapping):
            for entry in reversed(current.entries):
                pending.extend((entry.value, entry.key))


def plain(text: str) -> str | int | float | bool | None:
    """Returns what a plain scalar means in YAML 1.2."""
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[0] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", ""))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return text
