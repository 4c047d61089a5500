"""What a YAML text is made of when it is to be merged: entries that cover it without gap, each with its own comments.

A piece keeps its source text, so that writing an untouched piece gives the same bytes; its meaning (``meaning_of``)
leaves out how it was written. Nothing here reads or writes text: see ``reading`` and ``writing``.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import Enum

Meaning = Hashable
"""What a value says, without quotes, order of keys, style or comments; compared for equality only."""


class Side(Enum):
    """One of the two sides of a merge."""

    LOCAL = "local"
    REMOTE = "remote"

    @property
    def other(self) -> "Side":
        return Side.REMOTE if self is Side.LOCAL else Side.LOCAL


class Kind(Enum):
    """What a group is."""

    MAPPING = "mapping"
    SEQUENCE = "sequence"


@dataclass(slots=True)
class Leaf:
    """A scalar as written, with the indentation of its further lines as in the source."""

    text: str
    meaning: Meaning
    value: str | None = None  # what the scalar says when it is text, else None


@dataclass(slots=True)
class Entry:
    """A key and its value, or an item of a sequence.

    ``lead`` is whole lines before it (comments, blank lines), ``head`` its key with the colon, or its dash, ``note``
    what stands between that and its value (blanks, line ends, comments), ``tail`` what follows its value to the end of
    its lines. ``column`` is where the head starts.
    """

    key: str
    column: int
    lead: str
    head: str
    note: str
    value: "Piece"
    tail: str

    @property
    def stacked(self) -> bool:
        """Whether its first own key stands on the line of its dash."""
        return isinstance(self.value, Group) and self.value.flow is None and "\n" not in self.note


@dataclass(slots=True)
class Clash:
    """An entry of which the two sides cannot both be kept; None where that side has no such entry.

    ``path`` is that of its decision.
    """

    base: Entry | None
    local: Entry | None
    remote: Entry | None
    path: str = ""

    def of(self, side: Side) -> Entry | None:
        """Returns the entry of one side."""
        return self.local if side is Side.LOCAL else self.remote


@dataclass(slots=True)
class Group:
    """A mapping or a sequence. ``flow`` is its text if written in braces or brackets; ``foot`` is whole lines after it.

    The entries of a flow group have no lead or tail; they are there to be compared and rewritten.
    """

    kind: Kind
    column: int
    entries: list[Entry | Clash]
    foot: str = ""
    flow: str | None = None

    @property
    def plain(self) -> list[Entry]:
        """The entries of a group that was read, where no clash can be."""
        return [entry for entry in self.entries if isinstance(entry, Entry)]


Piece = Leaf | Group


@dataclass(slots=True)
class Document:
    """A whole text: ``head`` (directives, comments) + the top mapping + ``foot``."""

    head: str
    root: Group
    foot: str
    newline: str = "\n"
    commented: bool = field(default=False)  # whether any comment stands in the text


def meaning_of(piece: Piece, side: Side = Side.LOCAL) -> Meaning:
    """Returns what a piece says; where it holds a clash, what it says if ``side`` wins."""
    if isinstance(piece, Leaf):
        return piece.meaning
    entries = list(chosen(piece, side))
    if piece.kind is Kind.SEQUENCE:
        return ("sequence", tuple(meaning_of(entry.value, side) for entry in entries))
    return ("mapping", frozenset((entry.key, meaning_of(entry.value, side)) for entry in entries))


def chosen(group: Group, side: Side) -> Iterator[Entry]:
    """Yields the entries of a group with every clash decided for one side."""
    for entry in group.entries:
        taken = entry.of(side) if isinstance(entry, Clash) else entry
        if taken is not None:
            yield taken


def same(one: Entry, two: Entry) -> bool:
    """Tells whether two entries say the same."""
    return one.key == two.key and meaning_of(one.value) == meaning_of(two.value)


def child(piece: Piece | None, key: str) -> Piece | None:
    """Returns the value under a key of a mapping, if there is one."""
    if isinstance(piece, Group) and piece.kind is Kind.MAPPING:
        return next((entry.value for entry in piece.plain if entry.key == key), None)
    return None


def text_of(piece: Piece | None) -> str | None:
    """Returns the text that a scalar says, or None if the piece is not text."""
    return piece.value if isinstance(piece, Leaf) else None


def moved(entry: Entry, column: int) -> Entry:
    """Returns an entry as it is written at another column."""
    delta = column - entry.column
    if not delta:
        return entry
    lead, note, tail = shifted(entry.lead, delta), continued(entry.note, delta), continued(entry.tail, delta)
    return Entry(entry.key, column, lead, entry.head, note, _moved_piece(entry.value, delta), tail)


def _moved_piece(piece: Piece, delta: int) -> Piece:
    if isinstance(piece, Leaf):
        return Leaf(continued(piece.text, delta), piece.meaning, piece.value)
    if piece.flow is not None:
        return Group(piece.kind, piece.column, piece.entries, "", continued(piece.flow, delta))
    column = max(piece.column + delta, 0)
    entries: list[Entry | Clash] = [moved(entry, column) for entry in piece.plain]
    return Group(piece.kind, column, entries, shifted(piece.foot, delta))


def shifted(text: str, delta: int) -> str:
    """Moves every line of a text right or, as far as its indentation allows, left."""
    return "".join(_shifted_line(line, delta) for line in text.splitlines(keepends=True)) if delta else text


def continued(text: str, delta: int) -> str:
    """Moves every line of a text but the first."""
    if not delta or "\n" not in text:
        return text
    first, _, rest = text.partition("\n")
    return first + "\n" + shifted(rest, delta)


def _shifted_line(line: str, delta: int) -> str:
    if not line.strip() and line.endswith("\n"):
        return line
    if delta > 0:
        return " " * delta + line
    return line[min(-delta, len(line) - len(line.lstrip(" "))) :]
