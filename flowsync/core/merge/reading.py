"""Reads a YAML text into pieces: which lines, comments and blanks belong to which key or list item.

A comment belongs to the entry that it stands above, or, if it is indented deeper than the keys around it, to the entry
before it. A text with anything that does not fit into pieces (aliases, complex keys, several documents, braces at the
top) is ``Unfit``: whoever asked falls back to merging lines.
"""

import re

from flowsync.core import document as yaml
from flowsync.core.merge.pieces import Document, Entry, Group, Kind, Leaf, Meaning, Piece

MAX_ENTRIES = 3_000  # about a kilobyte each; flows have some hundreds

_COLON = re.compile(r"[ \t]*:")
_ODD_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")

_NOTHING = re.compile(r"[ \t\ufeff]*(?:(#)[^\n]*|(?:---|\.\.\.|%)[^\n]*)?\r?(?:\n|\Z)")
_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


class Unfit(Exception):
    """The text cannot be taken apart; the message says why, in words for a person."""


def read(content: bytes, newline: str | None = None) -> Document:
    """Takes a text apart. ``newline`` rewrites its line ends first, so that its pieces fit into another text."""
    parsed = yaml.parse(content)
    if parsed.problems:
        raise Unfit(f"line {parsed.problems[0].span.line}: {parsed.problems[0].message}")
    if newline is not None and newline != _newline(parsed.text):
        parsed = yaml.parse(parsed.text.replace("\r\n", "\n").replace("\n", newline))
    text = parsed.text
    if _ODD_BREAKS.search(text):
        raise Unfit("it has line ends that are not ends of lines everywhere")
    return _Reader(text).document(parsed.root)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def meaning_of_scalar(node: yaml.Scalar) -> Meaning:
    """Returns what a scalar says: its type and value, as YAML 1.2 has it."""
    if node.tag in _CORE_TAGS:
        # A program that quotes everything writes a number as !!int '1'.
        node = node._replace(tag="", style='"' if node.tag.endswith("str") else "")
    value = node.resolved()
    return (node.tag, type(value).__name__, repr(value) if isinstance(value, float) else value)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.commented = False
        self.entries = 0
        self.origin = 1 if text.startswith("\ufeff") else 0

    def document(self, root: yaml.Node | None) -> Document:
        newline = _newline(self.text)
        if root is None or (isinstance(root, yaml.Scalar) and root.resolved() is None):
            self.gap(0, len(self.text))
            return Document(self.text, Group(Kind.MAPPING, 0, []), "", newline, self.commented)
        if not isinstance(root, yaml.Mapping) or root.inline or root.tag or root.anchor:
            raise Unfit("its top is not an ordinary mapping")
        group = self.mapping(root, self.origin, len(self.text))
        first = group.plain[0]
        head, first.lead = self.text[: self.origin] + first.lead, ""
        foot, group.foot = group.foot, ""
        return Document(head, group, foot, newline, self.commented)

    # -- Block collections --------------------------------------------------------------------------------------

    def mapping(self, node: yaml.Mapping, start: int, stop: int) -> Group:
        """Reads a block mapping whose lines (those before its first key included) are ``text[start:stop]``."""
        group = Group(Kind.MAPPING, self.column(node.entries[0].key.span.start), [])
        starts = [entry.key.span.start for entry in node.entries]
        names: set[str] = set()
        for index, item in enumerate(node.entries):
            key = item.key
            if not isinstance(key, yaml.Scalar) or key.tag or key.anchor or item.name in names:
                raise Unfit(f"line {key.span.line}: its key is not a plain name of its own")
            names.add(item.name)
            end = self.line_start(starts[index + 1]) if index + 1 < len(starts) else stop
            start = self.entry(group, start, key.span.start, key.span.end, item.value, end, item.name)
        group.foot = self.text[start:stop]
        return group

    def sequence(self, node: yaml.Sequence, start: int, stop: int) -> Group:
        """Reads a block sequence whose lines are ``text[start:stop]``."""
        dash = self.dash(start) if node.items else start
        group = Group(Kind.SEQUENCE, self.column(dash), [])
        for index, item in enumerate(node.items):
            dash = self.dash(start)
            end = stop
            if index + 1 < len(node.items):
                end = self.line_start(self.dash(self.line_end(self.content_end(item, dash + 1))))
            start = self.entry(group, start, dash, dash + 1, item, end, "")
        group.foot = self.text[start:stop]
        return group

    def entry(self, group: Group, start: int, begin: int, key_end: int, value: yaml.Node, end: int, name: str) -> int:
        """Adds the entry at ``begin``, whose lines end before ``end``; returns where the next one's lead starts."""
        self.count()
        if group.kind is Kind.MAPPING:
            colon = _COLON.match(self.text, key_end)
            if not colon:
                raise Unfit(f"line {value.span.line}: a key without its colon")
            key_end = colon.end()
        content_end = self.content_end(value, key_end)
        own = self.owned(self.line_end(content_end), end, group.column)
        lead = self.text[start : self.line_start(begin)] if begin > start else ""
        self.gap(start, start + len(lead))
        piece, note, tail = self.value(value, begin, key_end, content_end, own)
        group.entries.append(Entry(name, group.column, lead, self.text[begin:key_end], note, piece, tail))
        return own

    def value(self, node: yaml.Node, begin: int, key_end: int, content_end: int, stop: int) -> tuple[Piece, str, str]:
        """Returns a value's piece, the text from ``key_end`` to it, and the text from it to ``stop``."""
        if isinstance(node, yaml.Mapping | yaml.Sequence) and not node.inline:
            first = self.first(node, key_end)
            if node.tag or node.anchor:
                raise Unfit(f"line {node.span.line}: a tag or an anchor on a block")
            inline = self.line_start(first) <= begin
            split = first if inline else self.line_end(key_end)
            self.gap(key_end, split)
            group = (
                self.mapping(node, split, stop) if isinstance(node, yaml.Mapping) else self.sequence(node, split, stop)
            )
            return group, self.text[key_end:split], ""
        value_start = min(max(node.span.start, key_end), content_end)
        self.gap(key_end, value_start)
        self.gap(content_end, stop)
        piece = self.inline(node, self.text[value_start:content_end])
        return piece, self.text[key_end:value_start], self.text[content_end:stop]

    def first(self, node: yaml.Mapping | yaml.Sequence, key_end: int) -> int:
        """Returns where the first key or dash of a block collection is."""
        if isinstance(node, yaml.Mapping):
            return node.entries[0].key.span.start
        on_line = self.text[key_end : self.line_end(key_end)].lstrip(" ").startswith("-")
        return self.text.index("-", key_end) if on_line else self.dash(self.line_end(key_end))

    # -- Values on one line, or in braces -----------------------------------------------------------------------

    def inline(self, node: yaml.Node, text: str) -> Piece:
        """Reads a scalar, or a collection in braces."""
        if isinstance(node, yaml.Alias) or node.anchor:
            raise Unfit(f"line {node.span.line}: an alias or an anchor")
        if isinstance(node, yaml.Scalar):
            value = node.resolved()
            return Leaf(text, meaning_of_scalar(node), value if isinstance(value, str) and not node.tag else None)
        if node.tag:
            raise Unfit(f"line {node.span.line}: a tag on a collection")
        if self.comment_in(node):
            raise Unfit(f"line {node.span.line}: a comment inside braces")
        if isinstance(node, yaml.Sequence):
            items = [self.braced("", item, item) for item in node.items]
            return Group(Kind.SEQUENCE, 0, [*items], flow=text)
        if len({entry.name for entry in node.entries}) < len(node.entries):
            raise Unfit(f"line {node.span.line}: a key twice")
        return Group(Kind.MAPPING, 0, [self.braced(e.name, e.key, e.value) for e in node.entries], flow=text)

    def comment_in(self, node: yaml.Node) -> bool:
        """Tells whether a comment stands between the scalars of a collection in braces."""
        at, found = node.span.start, False
        for inner in yaml.walk(node):
            if isinstance(inner, yaml.Scalar):
                found = found or "#" in self.text[at : inner.span.start]
                at = inner.span.end
        return found or "#" in self.text[at : node.span.end]

    def braced(self, name: str, key: yaml.Node, value: yaml.Node) -> Entry:
        """Reads one entry of a collection in braces."""
        if not isinstance(key, yaml.Scalar) and key is not value:
            raise Unfit(f"line {key.span.line}: its key is not a plain name")
        self.count()
        head = "-" if key is value else self.text[key.span.start : key.span.end] + ":"
        piece = self.inline(value, self.text[value.span.start : value.span.end])
        return Entry(name, 0, "", head, " ", piece, "")

    def count(self) -> None:
        """Counts an entry, so that memory stays within bounds."""
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise Unfit(f"it has more than {MAX_ENTRIES} keys and list items")

    # -- Lines --------------------------------------------------------------------------------------------------

    def content_end(self, node: yaml.Node, at_least: int) -> int:
        """Returns where a value's own text ends, without the blank lines after it."""
        while isinstance(node, yaml.Mapping | yaml.Sequence) and not node.inline:
            last = node.entries[-1] if isinstance(node, yaml.Mapping) and node.entries else None
            if last is not None:
                colon = _COLON.match(self.text, last.key.span.end)
                at_least = max(at_least, colon.end() if colon else last.key.span.end)
                node = last.value
            elif isinstance(node, yaml.Sequence) and node.items:
                node = node.items[-1]
                if isinstance(node, yaml.Scalar) and not node.value and not node.style:
                    at_least = max(at_least, node.span.start)
            else:
                raise Unfit(f"line {node.span.line}: a block without entries")
        end = max(node.span.end, at_least)
        if isinstance(node, yaml.Scalar) and node.style in ("|", ">"):
            end = self.block_scalar_end(node)
        return end

    def block_scalar_end(self, node: yaml.Scalar) -> int:
        """Returns the end of a literal's last line; with ``+`` the blank lines after it are its own."""
        end = min(node.span.end, len(self.text))
        header_end = self.text.find("\n", node.span.start)
        keeps = "+" in self.text[node.span.start : header_end]
        while 0 <= header_end < end:
            line_start = self.line_start(end)
            if self.text[line_start:end].strip():
                break
            # A blank line, or the indentation of whatever follows.
            end = self.without_line_end(line_start)
            if keeps:
                break
        return end

    def without_line_end(self, offset: int) -> int:
        """Returns the offset before the line end that ends at ``offset``, if one does."""
        if self.text[offset - 1 : offset] == "\n":
            offset -= 1
        return offset - 1 if self.text[offset - 1 : offset] == "\r" else offset

    def dash(self, offset: int) -> int:
        """Returns where the next list item's dash is, beyond blanks and comments."""
        while offset < len(self.text):
            end = self.line_end(offset)
            line = self.text[offset:end]
            stripped = line.lstrip(" ")
            if stripped.startswith("-"):
                return offset + len(line) - len(stripped)
            if stripped.strip() and not stripped.startswith("#"):
                break
            offset = end
        raise Unfit("a list item without its dash")

    def owned(self, start: int, stop: int, column: int) -> int:
        """Returns up to where the comments after an entry are its own: the last one indented deeper than it."""
        own, offset = start, start
        while offset < stop:
            end = min(self.line_end(offset), stop)
            line = self.text[offset:end]
            stripped = line.lstrip(" \t")
            if stripped.startswith("#") and len(line) - len(stripped) > column:
                own = end
            elif stripped.strip():
                break
            offset = end
        return own

    def gap(self, start: int, stop: int) -> None:
        """Checks that nothing but blanks and comments stands in a range, and remembers whether comments do."""
        if self.text[start:stop].isspace():
            return
        while start < stop:
            line = _NOTHING.match(self.text, start, stop)
            if line is None:
                raise Unfit("it has text between its values")
            self.commented = self.commented or bool(line.group(1))
            start = line.end()

    def column(self, offset: int) -> int:
        return offset - self.line_start(offset)

    def line_start(self, offset: int) -> int:
        return max(self.text.rfind("\n", 0, offset) + 1, self.origin)

    def line_end(self, offset: int) -> int:
        """Returns the start of the line after the one that holds ``offset``."""
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found + 1
