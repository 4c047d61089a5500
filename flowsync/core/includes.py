"""``additional_includes``: what a definition takes in from outside of its folder, and the definition without that key.

Studio sees a flow's folder and nothing else, so what goes there holds the files themselves, as the official client puts
them: each under its last name, over what has that name. Bytes around the key stay as they are.
"""

from collections.abc import Sequence
from typing import NamedTuple

from flowsync.core.document import Document, Mapping, parse
from flowsync.core.flow import DAG_FILES, read_dag

KEY = "additional_includes"


class Including(NamedTuple):
    """A definition that takes files in: their paths as it says them, and its content without saying so."""

    paths: Sequence[str]
    content: bytes


def including(content: bytes) -> Including | None:
    """Returns what a definition takes in, None if it takes nothing in (or cannot be read)."""
    if KEY.encode() not in content:
        return None
    document = parse(content)
    root = document.root
    entry = root.entry(KEY) if isinstance(root, Mapping) else None
    if entry is None or not document.parsed or not isinstance(root, Mapping) or root.inline:
        return None
    paths = [text.text for text in read_dag(document).includes]
    return Including(paths, _without(document, entry.span.start, entry.span.end))


def _without(document: Document, start: int, end: int) -> bytes:
    """Returns the text without whole lines from ``start`` to ``end``."""
    text = document.text
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    return (text[:first] + (text[last + 1 :] if last >= 0 else "")).encode("utf-8")


def definition(names: Sequence[str]) -> str:
    """Returns the definition among the names in a flow's folder that may take files in, or an empty text."""
    return next((name for name in DAG_FILES if name in names), "")
