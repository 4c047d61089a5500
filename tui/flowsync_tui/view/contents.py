"""Contents of files as a terminal may show them: nothing in them is obeyed, reordered, hidden or taken for markup.

A control character is shown as its picture (``␛``), what turns the direction of writing or is invisible as its code
(``‹U+202E›``), a tab as blanks, an odd blank as ``⍽``, a byte that is no UTF-8 as ``\\xff``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, overload

TAB = 4

_PICTURES = {code: chr(0x2400 + code) for code in range(32) if code != 9} | {0x7F: "␡"}
_NAMED = [*range(0x80, 0xA0), 0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F)]
_NAMED += [*range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC)]
_BLANKS = [0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F]  # they look like one, and are none to any program
_SHOWN: dict[int, str] = (
    _PICTURES | {code: f"‹U+{code:04X}›" for code in _NAMED} | dict.fromkeys(_BLANKS, "⍽") | {0x3000: "  "}
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u20d0-\u20ff\ufe20-\ufe2f"
_PILE = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")


def shown(text: str) -> str:
    """Returns one line of text, harmless."""
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = text.expandtabs(TAB)
    text = text.translate(_SHOWN)
    if not text.isprintable():
        text = "".join(one if one.isprintable() else f"‹U+{ord(one):04X}›" for one in text)
    return text if text.isascii() else _PILE.sub(r"\1", text)  # more marks would climb over the lines above


class Shown(Sequence[str]):
    """Lines of text, each made harmless when it is looked at."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        return [shown(line) for line in self._lines[at]] if isinstance(at, slice) else shown(self._lines[at])


def decoded(content: bytes) -> str:
    """Returns a file's content as text; bytes that are none stand as ``\\xff``."""
    return content.decode("utf-8", "backslashreplace")


def is_binary(content: bytes) -> bool:
    """Tells whether a content is not meant to be read: as Git does, by a NUL near its start."""
    return b"\0" in content[:8000]


def content_of(said: Mapping[str, Any] | None) -> bytes | None:
    """Returns the bytes that the daemon's ``content`` answered; None if there is no such file, or not here."""
    if said is None or said.get("too_large"):
        return None
    if "text" in said:
        return str(said["text"]).encode("utf-8", "surrogatepass")
    from base64 import b64decode  # here, since few files need it

    return b64decode(said["base64"])


def lines_of(text: str) -> list[str]:
    """Splits a text at its line feeds only, as Git does; a last one ends the last line."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def harmless(text: str) -> bool:
    """Tells whether a text holds nothing that a terminal would obey, so that it can be edited on it as it is."""
    return all(shown(line) == line.expandtabs(TAB) for line in text.splitlines())
