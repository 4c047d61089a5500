"""Two texts as rows of a diff: what is shown in which row, where changes begin, which words of a line changed.

What belongs here: rows for one column (unified) and two (split), folding of what is the same, the text of a change for
the clipboard. What does not: styles and cells (``widgets.diff_view``). A row holds line numbers, never text, so that a
diff costs no more than its texts; words are compared when a row is shown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import NamedTuple

from flowsync.core.lines import Edit, edits
from flowsync_tui.view.contents import lines_of

CONTEXTS: tuple[int | None, ...] = (3, 12, None)
"""Lines shown around a change; None: all."""

MAX_LINES, MAX_SIZE = 20_000, 2 * 1024 * 1024
LONGEST = 2_000  # characters of a line whose words are compared
ALIKE = 0.4  # how much of two lines must be the same for a comparison of words to say anything

_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")


class Kind(Enum):
    """What a row is; the value is its sign."""

    SAME = " "
    REMOVED = "-"
    ADDED = "+"
    CHANGED = "~"  # split only: both sides have a line
    FOLD = "⋯"  # lines that are the same, not shown


class Row(NamedTuple):
    """One row. Lines count from 0; -1: none. Unified, a removed row knows its partner in ``new`` and the other way.

    Of a fold, ``old`` and ``new`` are the first lines that it hides.
    """

    kind: Kind
    old: int
    new: int


Marks = tuple[tuple[int, int], ...]
"""Ranges of characters."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What is compared: lines of either side, None where there is no such file, and where they differ."""

    old: Sequence[str]
    new: Sequence[str]
    edits: Sequence[Edit]
    refused: str = ""
    ends: str = ""  # what is to be said about the last line's end

    @property
    def counts(self) -> tuple[int, int]:
        """How many lines were added and removed."""
        return sum(e.new_end - e.new_start for e in self.edits), sum(e.end - e.start for e in self.edits)


def texts(old: str | None, new: str | None, whitespace: bool = True) -> Texts:
    """Compares two texts; without ``whitespace``, lines that differ only in blanks are the same."""
    if any(text is not None and len(text) > MAX_SIZE for text in (old, new)):
        return Texts((), (), (), "too large to be compared here: press e or |")
    before, after = lines_of(old or ""), lines_of(new or "")
    if max(len(before), len(after)) > MAX_LINES:
        return Texts((), (), (), f"more than {MAX_LINES} lines, too many to be compared here: press e or |")
    if whitespace:
        found = edits(before, after)
    else:
        found = edits([" ".join(line.split()) for line in before], [" ".join(line.split()) for line in after])
    return Texts(before, after, found, ends=_ends(old, new))


def _ends(old: str | None, new: str | None) -> str:
    if not old or not new or old.endswith("\n") == new.endswith("\n"):
        return ""
    return "a line feed at the end was " + ("added" if new.endswith("\n") else "removed")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a diff, and the first row of every change."""

    rows: Sequence[Row]
    starts: Sequence[int]


def rows(compared: Texts, split: bool, context: int | None = 3) -> Rows:
    """Lays a comparison out in rows."""
    laid: list[Row] = []
    starts: list[int] = []
    old = new = 0
    for edit in compared.edits:
        _same(laid, old, new, edit.start - old, context, (bool(starts), True))
        starts.append(len(laid))
        laid += _split(edit) if split else _unified(edit)
        old, new = edit.end, edit.new_end
    _same(laid, old, new, len(compared.old) - old, context, (bool(starts), False))
    return Rows(laid, starts)


def _same(laid: list[Row], old: int, new: int, count: int, context: int | None, beside: tuple[bool, bool]) -> None:
    """Adds rows for lines that are the same; ``beside``: whether a change is before, and after."""
    head, tail = (context or 0 if one else 0 for one in beside)
    if context is None or not any(beside) or count <= head + tail + 1:
        head, tail = count, 0
    laid += [Row(Kind.SAME, old + at, new + at) for at in range(head)]
    if head + tail < count:
        laid.append(Row(Kind.FOLD, old + head, new + head))
    laid += [Row(Kind.SAME, old + at, new + at) for at in range(count - tail, count)]


def _unified(edit: Edit) -> list[Row]:
    both = min(edit.end - edit.start, edit.new_end - edit.new_start)
    removed = [Row(Kind.REMOVED, at, edit.new_start + at - edit.start) for at in range(edit.start, edit.start + both)]
    removed += [Row(Kind.REMOVED, at, -1) for at in range(edit.start + both, edit.end)]
    added = [Row(Kind.ADDED, edit.start + at, edit.new_start + at) for at in range(both)]
    return removed + added + [Row(Kind.ADDED, -1, at) for at in range(edit.new_start + both, edit.new_end)]


def _split(edit: Edit) -> list[Row]:
    both = min(edit.end - edit.start, edit.new_end - edit.new_start)
    found = [Row(Kind.CHANGED, edit.start + at, edit.new_start + at) for at in range(both)]
    found += [Row(Kind.REMOVED, at, -1) for at in range(edit.start + both, edit.end)]
    return found + [Row(Kind.ADDED, -1, at) for at in range(edit.new_start + both, edit.new_end)]


def hidden(laid: Rows, at: int, compared: Texts) -> int:
    """Returns how many lines a fold hides."""
    following = laid.rows[at + 1].old if at + 1 < len(laid.rows) else len(compared.old)
    return following - laid.rows[at].old


def words(old: str, new: str) -> tuple[Marks, Marks]:
    """Returns which characters of two lines differ, by words; nothing if the lines have too little in common."""
    if len(old) > LONGEST or len(new) > LONGEST or old == new:
        return (), ()
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE or matcher.ratio() < ALIKE:
        return (), ()
    sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for tag, *ends in matcher.get_opcodes():
        if tag != "equal":
            for found, tokens, start, end in zip(sides, (before, after), ends[::2], ends[1::2], strict=True):
                if start < end:
                    begin = sum(map(len, tokens[:start]))
                    found.append((begin, begin + sum(map(len, tokens[start:end]))))
    return tuple(sides[0]), tuple(sides[1])


def hunk(compared: Texts, number: int) -> str:
    """Returns a change as a patch shows it, for the clipboard."""
    edit = compared.edits[number]
    lines = [f"@@ -{edit.start + 1},{edit.end - edit.start} +{edit.new_start + 1},{edit.new_end - edit.new_start} @@"]
    lines += [f"-{line}" for line in compared.old[edit.start : edit.end]]
    lines += [f"+{line}" for line in compared.new[edit.new_start : edit.new_end]]
    return "\n".join(lines) + "\n"


def line_at(row: Row) -> int:
    """Returns the line of the newer text, counted from 1, that an editor is to open for a row."""
    return max(row.new if row.new >= 0 else row.old, 0) + 1
