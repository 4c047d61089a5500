"""Findings of one flow, as the list shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowsync_tui.view.format import count

LEVELS = ("error", "warning", "info")
GLYPHS = {"error": "✗", "warning": "?", "info": "i"}
STYLES = {"error": "bad", "warning": "waits", "info": "quiet"}


@dataclass(frozen=True, slots=True)
class Row:
    """One finding, and where."""

    rule: str
    level: str
    file: str
    line: int
    column: int
    message: str
    fix: str

    @property
    def place(self) -> str:
        """Where it is, as editors and compilers write it."""
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def text(self) -> str:
        """The finding in words, for the clipboard."""
        return f"{self.place}: {self.rule} {self.level}: {self.message} {self.fix}".rstrip()


def rows(findings: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Reads the daemon's findings; errors come first, then the order of the files."""
    found = [
        Row(
            str(one["rule"]),
            str(one["level"]),
            str(one["file"]),
            int(one["line"]),
            int(one["column"]),
            str(one["message"]),
            str(one.get("fix") or ""),
        )
        for one in findings
    ]
    return sorted(found, key=lambda row: LEVELS.index(row.level) if row.level in LEVELS else len(LEVELS))


def summary(found: Sequence[Row]) -> str:
    """Returns one line that counts."""
    numbers = [(sum(row.level == level for row in found), level) for level in LEVELS]
    words = {"info": "note"}
    said = [count(number, words.get(level, level)) for number, level in numbers if number]
    return ", ".join(said) if said else "✓ ok: no findings"
