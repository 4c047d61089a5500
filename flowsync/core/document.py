"""A YAML text as a tree of nodes that know where they are in it.

What belongs here: parsing with marks, duplicate keys, and limits that keep any input, however hostile, under a second
and ten megabytes. What does not: the nodes themselves (``nodes``), what the keys mean (``flow``).

Offsets count characters of ``Document.text``, so that ``text[node.span.start:node.span.end]`` is the node as written;
a block collection ends with its last child, not with the blank lines and comments after it. Lines and columns count
from 1.
"""

import re
from bisect import bisect
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from flowsync.core.nodes import (
    Alias,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Span,
    actual,
    effective,
    walk,
)

__all__ = [
    "Alias",
    "Document",
    "Entry",
    "Mapping",
    "Node",
    "Problem",
    "Scalar",
    "Sequence",
    "Span",
    "actual",
    "effective",
    "parse",
    "span_in",
    "walk",
]

MAX_SIZE = 512 * 1024  # bytes; definitions in the wild stay below 50 KB
MAX_SIZE_PURE = 64 * 1024  # without libyaml, which is ten times faster
MAX_NODES = 10_000  # about 400 bytes each
MAX_DEPTH = 60
MAX_ALIASES = 200

_PURE = not yaml.__with_libyaml__
_LOADER = yaml.SafeLoader if _PURE else yaml.CSafeLoader
_BOM = "\ufeff"
# They end a line in YAML 1.1 only; prompt flow takes them for ordinary characters, so others stand in for them.
_BREAKS = {"\x85": "\uf8fd", "\u2028": "\uf8fe", "\u2029": "\uf8ff"}
_STAND_INS = str.maketrans(_BREAKS)
_MEANT = str.maketrans({stand_in: character for character, stand_in in _BREAKS.items()})
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Problem(NamedTuple):
    """Why a text is not a sound YAML document, and where.

    ``kind`` is one of ``encoding``, ``syntax``, ``limit`` (the tree is not there) or ``duplicate`` (it is).
    """

    kind: str
    message: str
    span: Span


class Document(NamedTuple):
    """The parsed text. ``root`` is None for an empty document and for one that could not be parsed."""

    text: str
    root: Node | None
    problems: tuple[Problem, ...] = ()

    @property
    def parsed(self) -> bool:
        """Whether ``root`` can be trusted to be all there is."""
        return all(problem.kind == "duplicate" for problem in self.problems)

    def span(self, start: int, end: int) -> Span:
        """Returns the span of a range of characters."""
        return span_in(self.text, start, end)

    def within(self, outer: Span, start: int, end: int) -> Span:
        """Returns the span of a range of characters that begins inside a known span; cheaper than ``span``."""
        lines = self.text.count("\n", outer.start, start)
        if not lines:
            return Span(start, end, outer.line, outer.column + start - outer.start)
        return Span(start, end, outer.line + lines, start - self.text.rfind("\n", 0, start))

    def source(self, node: Node | Entry) -> str:
        """Returns the node as it is written."""
        return self.text[node.span.start : node.span.end]


class _Stop(Exception):
    """A limit is reached, at this span."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parse(content: bytes | str) -> Document:
    """Parses one YAML document; never raises, and says in ``problems`` what was wrong."""
    if len(content) > (MAX_SIZE_PURE if _PURE else MAX_SIZE):
        return Document("", None, (Problem("limit", "the file is too large to be checked", _START),))
    text = content if isinstance(content, str) else _decoded(content)
    if isinstance(text, Problem):
        return Document("", None, (text,))
    shift = 1 if text.startswith(_BOM) else 0
    if found := _UNPRINTABLE.search(text, shift):
        message = f"the character {found.group()!a} is not allowed in YAML"
        return Document(text, None, (Problem("encoding", message, span_in(text, found.start(), found.end())),))
    readable = text[shift:]
    odd = any(character in readable for character in _BREAKS)
    builder = _Builder(shift, odd)
    try:
        root = _compose(readable.translate(_STAND_INS) if odd else readable, builder)
    except _Stop as stop:
        return Document(text, None, (*builder.problems, stop.problem))
    except yaml.YAMLError as error:
        return Document(text, None, (*builder.problems, _syntax(error, text, shift)))
    document = Document(text, root, tuple(builder.problems))
    return document._replace(problems=(*document.problems, *_breaks(document))) if odd else document


def _breaks(document: Document) -> Iterator[Problem]:
    """Yields line breaks of YAML 1.1 where prompt flow takes them for such after all: in literal texts and comments."""
    spans = [n.span for n in walk(document.root) if isinstance(n, Scalar) and n.style not in ("|", ">")]
    for found in re.finditer(f"[{''.join(_BREAKS)}]", document.text):
        at = bisect([span.start for span in spans], found.start()) - 1
        if at < 0 or spans[at].end <= found.start():
            message = f"the character {found.group()!a} ends a line here for some readers"
            yield Problem("syntax", message, document.span(*found.span()))
            return


def span_in(text: str, start: int, end: int) -> Span:
    """Returns the span of a range of a text whose lines end with ``\\n``."""
    line = text.count("\n", 0, start) + 1
    return Span(start, end, line, start - text.rfind("\n", 0, start))


_START = Span(0, 0, 1, 1)


def _decoded(content: bytes) -> str | Problem:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        span = span_in(before, len(before), len(before))
        return Problem("encoding", "the file is not UTF-8 text", span)


def _syntax(error: yaml.YAMLError, text: str, shift: int) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem("syntax", "this is not YAML", _START)
    mark = error.problem_mark or error.context_mark
    said = ", ".join(part for part in (error.context, error.problem) if part)
    start = min(mark.index + shift, len(text)) if mark else 0
    return Problem("syntax", said, span_in(text, start, min(start + 1, len(text))))


def _compose(text: str, builder: "_Builder") -> "Node | None":
    loader = _LOADER(text)
    try:
        while True:
            event = loader.get_event()
            if event is None or isinstance(event, yaml.StreamEndEvent):
                return builder.root
            builder.take(event)
    finally:
        loader.dispose()


class _Open:
    """A collection whose end has not come yet."""

    __slots__ = ("anchor", "children", "event", "keys")

    def __init__(self, event: yaml.CollectionStartEvent) -> None:
        self.event = event
        self.anchor = event.anchor or ""
        self.children: list[Node] = []
        self.keys: dict[object, Span] | None = {} if isinstance(event, yaml.MappingStartEvent) else None


class _Builder:
    """Builds nodes out of parser events, without recursion, within the limits."""

    def __init__(self, shift: int, odd: bool) -> None:
        self.root: Node | None = None
        self._odd = odd  # whether other characters stand in for line breaks of YAML 1.1
        self.problems: list[Problem] = []
        self._shift = shift
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._documents = self._nodes = self._aliases = 0

    def take(self, event: yaml.Event) -> None:
        """Takes the next event."""
        if isinstance(event, yaml.ScalarEvent):
            tag, anchor = event.tag or "", event.anchor or ""
            value = event.value.translate(_MEANT) if self._odd else event.value
            self._done(Scalar(self._span(event, event), value, event.style or "", tag, anchor), anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._finish(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _Stop(Problem("syntax", "the file holds more than one YAML document", self._span(event, event)))

    def _span(self, first: yaml.Event, last: yaml.Event) -> Span:
        start, end, shift = first.start_mark, last.end_mark, self._shift
        assert start is not None, "every event of a parser has marks"
        assert end is not None
        # The byte order mark is no column to any editor, so only offsets shift.
        return Span(start.index + shift, end.index + shift, start.line + 1, start.column + 1)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _Stop(Problem("limit", f"nested deeper than {MAX_DEPTH} levels", self._span(event, event)))
        if event.anchor:
            self._anchors[event.anchor] = None
        self._open.append(_Open(event))

    def _finish(self, event: yaml.CollectionEndEvent) -> None:
        ended = self._open.pop()
        inline = bool(ended.event.flow_style)
        span = self._span(ended.event, event)
        if not inline and ended.children:
            # libyaml ends a block collection where the next token starts, beyond comments that belong to others.
            span = Span(span.start, max(ended.children[-1].span.end, span.start), span.line, span.column)
        elif not inline:
            span = self._span(ended.event, ended.event)
        tag = ended.event.tag or ""
        if ended.keys is None:
            self._done(Sequence(span, tuple(ended.children), inline, tag, ended.anchor), ended.anchor)
        else:
            pairs = zip(ended.children[::2], ended.children[1::2], strict=True)
            entries = tuple(Entry(key, value) for key, value in pairs)
            self._done(Mapping(span, entries, inline, tag, ended.anchor), ended.anchor)

    def _alias(self, event: yaml.AliasEvent) -> None:
        span, name = self._span(event, event), str(event.anchor)
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise _Stop(Problem("limit", f"more than {MAX_ALIASES} aliases", span))
        target = self._anchors.get(name)
        if target is None:
            inside = name in self._anchors
            said = f"the alias *{name} is inside its own anchor" if inside else f"the anchor &{name} is not defined"
            raise _Stop(Problem("syntax", said, span))
        self._done(Alias(span, name, target), "")

    def _done(self, node: Node, anchor: str) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _Stop(Problem("limit", f"more than {MAX_NODES} values", node.span))
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if parent.keys is not None and len(parent.children) % 2 == 0:
            self._key(node, parent.keys)
        parent.children.append(node)

    def _key(self, node: Node, keys: dict[object, Span]) -> None:
        key = actual(node)
        if not isinstance(key, Scalar):
            return
        value = key.resolved()
        identity = (type(value), value)
        if (first := keys.get(identity)) is not None:
            message = f"the key {key.value[:80]!r} is already on line {first.line}"
            self.problems.append(Problem("duplicate", message, node.span))
        else:
            keys[identity] = node.span
