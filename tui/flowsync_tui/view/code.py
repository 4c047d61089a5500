"""Which parts of a line of code are keywords, names, strings, numbers and comments; worked out where somebody looks.

A text is lexed in chunks, each from a line on at which probably nothing is open: colours may be wrong in the middle of
a string of hundreds of lines, and cost the same at the end of a long text as at its beginning.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from importlib import import_module
from itertools import accumulate
from typing import Any

CHUNK = 64  # lines
KEPT = 32  # chunks of a text
BACK = 2 * CHUNK  # lines that a chunk's beginning is looked for before it
LONGEST = 2_000  # characters of a line that is looked into

Span = tuple[int, int, str]
"""From and to which character, and the kind: one of ``KINDS``."""

KINDS = ("keyword", "name", "string", "number", "comment")
_SUFFIXES = {"py": "python", "yaml": "yaml", "yml": "yaml", "json": "json", "jsonl": "json", "jinja2": "jinja",
             "prompty": "jinja", "md": "jinja"}  # fmt: skip
_JINJA = re.compile(
    r"(?P<comment>\{#.*?#\})|(?P<name>\{\{.*?\}\})|(?P<keyword>\{%.*?%\})"
    r"|(?P<number>^[ \t]*#*[ \t]*(?:system|user|assistant|function|tool)[ \t]*:[ \t]*$)",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)


def language(path: str) -> str:
    """Returns what a file is written in, or an empty string where it is shown without colours."""
    return _SUFFIXES.get(path.rpartition(".")[2].lower(), "")


class Code:
    """The lines of a text, harmless, and what is known of them."""

    def __init__(self, path: str, lines: Sequence[str]) -> None:
        self._language, self._lines = language(path), lines
        self._known: dict[int, Sequence[Sequence[Span]]] = {}

    def chunk_of(self, line: int) -> int:
        """Returns the chunk that has to be learned before a line has colours; -1: none has."""
        chunk = line // CHUNK
        return -1 if not self._language or chunk in self._known else chunk

    def spans(self, line: int) -> Sequence[Span]:
        """Returns the parts of a line, as far as they are known."""
        known = self._known.get(line // CHUNK)
        return known[line % CHUNK] if known is not None and line % CHUNK < len(known) else ()

    def learn(self, chunk: int) -> None:
        """Works a chunk out; this takes some milliseconds."""
        first = chunk * CHUNK
        start = self._beginning(first)
        lines = [line if len(line) <= LONGEST else "" for line in self._lines[start : first + CHUNK]]
        found: list[list[Span]] = [[] for _ in lines]
        begins = [0, *accumulate(len(line) + 1 for line in lines)]
        at = 0
        for begin, end, kind in _LEXERS[self._language]("\n".join(lines) + "\n"):
            while begins[at + 1] <= begin:
                at += 1
            row = at
            while row < len(lines) and begins[row] < end:
                left, right = max(begin, begins[row]), min(end, begins[row + 1] - 1)
                if left < right:
                    found[row].append((left - begins[row], right - begins[row], kind))
                row += 1
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[chunk] = found[first - start :]

    def _beginning(self, first: int) -> int:
        """Returns a line before a chunk that stands at the margin, as nothing does that is part of something."""
        least = max(0, first - BACK)
        for line in range(first, least, -1):
            if self._lines[line][:1].isidentifier():
                return line
        return least


@cache
def _kinds() -> Mapping[Any, str]:
    token = import_module("pygments.token").Token  # not before somebody looks at code
    return {
        token.Keyword: "keyword", token.Operator.Word: "keyword", token.Name.Tag: "name", token.Name.Function: "name",
        token.Name.Class: "name", token.Name.Decorator: "name", token.Literal.String: "string",
        token.Literal.Number: "number", token.Keyword.Constant: "number", token.Comment: "comment",
    }  # fmt: skip


@cache
def _kind(token: Any) -> str:
    while token is not None:
        if token in (kinds := _kinds()):
            return kinds[token]
        token = token.parent
    return ""


def _by_pygments(module: str, name: str, text: str) -> Iterator[Span]:
    lexer = getattr(import_module(f"pygments.lexers.{module}"), name)()
    for at, token, part in lexer.get_tokens_unprocessed(text):
        if kind := _kind(token):
            yield at, at + len(part), kind


def _jinja(text: str) -> Iterator[Span]:
    for found in _JINJA.finditer(text):
        yield found.start(), found.end(), str(found.lastgroup)


_LEXERS: Mapping[str, Callable[[str], Iterator[Span]]] = {
    "python": partial(_by_pygments, "python", "PythonLexer"),
    "yaml": partial(_by_pygments, "data", "YamlLexer"),
    "json": partial(_by_pygments, "data", "JsonLexer"),
    "jinja": _jinja,
}
