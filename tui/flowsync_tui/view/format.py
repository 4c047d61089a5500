"""Words, glyphs and ages: how values look as text. Names from elsewhere become harmless here."""

import re
import unicodedata
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from flowsync.core.plain import count as count
from flowsync.core.plain import plain

_MARKS_KEPT = 3  # combining marks on one character; more of them climb over the lines above
_PILE = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_LONGEST = 4000  # characters that are looked at; no line of a terminal is longer


class Look(NamedTuple):
    """How a state looks. ``style`` is the name of a style of the theme: ``state--STYLE``."""

    glyph: str
    ascii: str
    style: str


LOOKS = {
    "in-sync": Look("✓", "=", "good"),
    "local-ahead": Look("⇡", "^", "here"),
    "studio-ahead": Look("⇣", "v", "there"),
    "diverged": Look("⇅", "%", "both"),
    "conflict": Look("!", "!", "conflict"),
    "local-only": Look("+", "+", "both"),
    "studio-only": Look("⊞", "*", "both"),
    "deleted-locally": Look("-", "-", "waits"),
    "deleted-in-studio": Look("⊟", "_", "waits"),
    "held": Look("⊘", "h", "waits"),
    "problem": Look("✗", "x", "bad"),
    "syncing": Look("⟳", "~", "busy"),
    "queued": Look("◌", ".", "quiet"),
    "paused": Look("‖", "p", "quiet"),
    "offline": Look("#", "#", "quiet"),
}
# what became of a flow, or what is told in Activity
DEEDS = {
    "fetched": Look("⇣", "v", "there"),
    "landed": Look("⇣", "v", "good"),
    "merged": Look("⇅", "%", "good"),
    "pushed": Look("⇡", "^", "good"),
    "restored": Look("⇡", "^", "good"),
    "unchanged": Look("✓", "=", "quiet"),
    "held": LOOKS["held"],
    "stale": Look("⊘", "h", "waits"),
    "conflict": LOOKS["conflict"],
    "problem": LOOKS["problem"],
    "failed": Look("✗", "x", "bad"),
    "error": Look("✗", "x", "bad"),
    "note": Look("·", "-", "quiet"),
    "done": Look("✓", "=", "good"),
    "started": Look("⟳", "~", "busy"),
}
UNKNOWN = Look("?", "?", "quiet")
# attention first; what is not here comes before paused
ORDER = (
    "conflict",
    "problem",
    "held",
    "deleted-in-studio",
    "deleted-locally",
    "syncing",
    "queued",
    "diverged",
    "studio-ahead",
    "local-ahead",
    "studio-only",
    "local-only",
    "paused",
    "offline",
    "in-sync",
)


def look(name: str) -> Look:
    """Returns how a state, or what became of a flow, looks; a word that is new to this version looks unknown."""
    return LOOKS.get(name) or DEEDS.get(name) or UNKNOWN


def clean(text: str) -> str:
    """Returns one line that a terminal shows and never obeys: no control, no line end, no hidden or piled-up mark."""
    if text.isascii() and text.isprintable():
        return text[:_LONGEST]
    text = plain(text[:_LONGEST])
    shown = "".join(one if one == " " or one.isprintable() else _escaped(one) for one in text)
    shown = _PILE.sub(lambda found: found.group()[:_MARKS_KEPT], shown)
    # a mark that begins a name would land on what stands before it
    return "\u25cc" + shown if shown and unicodedata.combining(shown[0]) else shown


def _escaped(one: str) -> str:
    return one.encode("unicode_escape", "backslashreplace").decode("ascii")


def fit(text: str, width: int) -> str:
    """Returns harmless text at exactly this many cells: cut with an ellipsis, or padded."""
    if width <= 0:
        return ""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    return set_cell_size(text, width - 1) + "…"


def age(seconds: float) -> str:
    """Returns how long ago something was, in few letters."""
    if seconds < 10:
        return "now"
    for size, name in ((86400 * 365, "y"), (86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} s"


_ASCII = str.maketrans({
    "│": "|", "─": "-", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+",
    "…": "~", "·": "-", "✓": "=", "✗": "x", "⇡": "^", "⇣": "v", "⇅": "%", "⊘": "h", "⊞": "*", "⊟": "_", "⟳": "~",
    "◌": ".", "‖": "p", "▌": ">", "→": ">", "←": "<", "↔": "=", "✦": "*", "λ": "f", "▸": ">", "●": "*",
    "┌": "+", "┐": "+", "└": "+", "┘": "+", "╵": "|", "╷": "|", "╴": "-", "╶": "-", "▼": "v", "▲": "^", "▃": " ",
    "−": "-", "×": "x", "⋯": "~", "¶": "p", "›": ">", "‹": "<", "⍽": "_", "–": "-", "»": ">",
})  # fmt: skip


def to_ascii(text: str) -> str:
    """Returns text for a terminal that shows ASCII only; one cell for one cell."""
    if text.isascii():
        return text
    return "".join(one if one.isascii() else "?" * cell_len(one) for one in text.translate(_ASCII))
