"""Writes pieces as text: what no side touched as it was, clashes with markers around them."""

import re
from dataclasses import dataclass

from flowsync.core.merge.pieces import Clash, Document, Entry, Group, Kind, Leaf, Piece, Side, moved

_SAFE_IN_BRACES = re.compile(r"[^\s,\[\]{}#'\"&*!|>%@`?:-][^,\[\]{}#\n:]*")


@dataclass(frozen=True, slots=True)
class Markers:
    """How conflicts are shown. ``base`` is None unless the common version is to be shown too (``diff3``)."""

    local: str = "local"
    base: str | None = None
    remote: str = "remote"
    size: int = 7


def written(document: Document, markers: Markers) -> str:
    """Returns a document's text, with markers around its clashes."""
    return _Writer(document.newline, markers, None).document(document)


def decided(document: Document, side: Side) -> str:
    """Returns a document's text with every clash decided for one side."""
    return _Writer(document.newline, Markers(), side).document(document)


def entry_text(entry: Entry | None, newline: str = "\n") -> str | None:
    """Returns an entry's key and value at the left margin, or None if there is none."""
    if entry is None:
        return None
    return _Writer(newline, Markers(), Side.LOCAL).body(moved(entry, 0)).rstrip()


class _Writer:
    def __init__(self, newline: str, markers: Markers, side: Side | None) -> None:
        self.newline = newline
        self.markers = markers
        self.side = side

    def document(self, document: Document) -> str:
        text = document.head + self.group(document.root, False)
        return (self.whole(text) if document.foot else text) + document.foot

    def group(self, group: Group, inline: bool) -> str:
        """Returns a block group; ``inline`` if its first entry continues a line."""
        text = ""
        for entry in group.entries:
            shown = self.clash(entry, inline) if isinstance(entry, Clash) else self.entry(entry, inline)
            if shown:
                text = self.whole(text) + shown
                inline = False
        return (self.whole(text) if group.foot else text) + group.foot

    def entry(self, entry: Entry, inline: bool = False) -> str:
        return self.body(entry) if inline else entry.lead + " " * entry.column + self.body(entry)

    def body(self, entry: Entry) -> str:
        """Returns an entry without what stands before its first character."""
        head, value = entry.head + entry.note, entry.value
        if isinstance(value, Leaf):
            return head + value.text + entry.tail
        if value.flow is not None:
            return head + value.flow + entry.tail
        return head + self.group(value, entry.stacked) + entry.tail

    def clash(self, clash: Clash, inline: bool) -> str:
        if self.side is not None:
            chosen = clash.of(self.side)
            return self.entry(chosen, inline) if chosen else ""
        assert not inline, "a clash on the line of a dash belongs to the whole item"
        size, markers = self.markers.size, self.markers
        text = f"{'<' * size} {markers.local}{self.newline}" + self.shown(clash.local)
        if markers.base is not None:
            text += f"{'|' * size} {markers.base}{self.newline}" + self.shown(clash.base)
        text += "=" * size + self.newline + self.shown(clash.remote)
        return text + f"{'>' * size} {markers.remote}{self.newline}"

    def shown(self, entry: Entry | None) -> str:
        return self.whole(self.entry(entry)) if entry else ""

    def whole(self, text: str) -> str:
        return text if not text or text.endswith("\n") else text + self.newline


def braced(piece: Piece) -> str:
    """Returns a piece on one line, in braces or brackets if it is a collection."""
    if isinstance(piece, Leaf):
        return _braced_leaf(piece)
    if piece.kind is Kind.SEQUENCE:
        return "[" + ", ".join(braced(entry.value) for entry in piece.plain) + "]"
    return "{" + ", ".join(f"{_key(entry)}: {braced(entry.value)}" for entry in piece.plain) + "}"


def _key(entry: Entry) -> str:
    return entry.head.rstrip().removesuffix(":").rstrip()


def _braced_leaf(leaf: Leaf) -> str:
    text = leaf.text.strip()
    if text[:1] in ("'", '"') and "\n" not in text:
        return text
    if leaf.value is None:
        return text or "null"
    if _SAFE_IN_BRACES.fullmatch(text):
        return text
    import json  # here, since few merges need it

    return json.dumps(leaf.value, ensure_ascii=False)
