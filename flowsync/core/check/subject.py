"""One flow under examination: its files read once, and the findings about it.

What belongs here: caches, the switches in comments, and the report. Rules get a subject and report to it.
"""

import re
from collections.abc import Collection

from flowsync.core.check.folder import Folder
from flowsync.core.check.python import Module, Unread
from flowsync.core.document import Document, Span, parse, span_in
from flowsync.core.rulebook import RULES, Finding
from flowsync.core.rules import Settings

MAX_TEXT = 1024 * 1024  # bytes of a source or template; larger ones are reported, not read
TOP = Span(0, 0, 1, 1)

_KEPT = 64 * 1024
MAX_ALIKE = 50  # findings of one rule in one file

_SWITCH = re.compile(r"\bflowsync:\s{0,4}(ignore-file|ignore)(?:\[([\w, -]{0,200})\])?(?![\w-])")


class Subject:
    """A flow's folder while it is checked."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.paths = frozenset(folder.paths)
        self.findings: list[Finding] = []
        self.own_connections: frozenset[str] = frozenset()  # defined in the folder
        self.provided: dict[str, str] = {}  # path that an include brings into the flow -> where it is
        self.modules: dict[str, Module | Unread] = {}  # the Python sources that were read
        self._texts: dict[str, str | None] = {}
        self._contents: dict[str, bytes] = {}
        self._alike: dict[tuple[str, str], int] = {}

    def report(self, code: str, path: str, span: Span, message: str, fix: str = "") -> None:
        """Reports a finding, unless its rule is off."""
        severity = self.settings.severity(code)
        alike = self._alike[code, path] = self._alike.get((code, path), 0) + 1
        if severity is not None and alike <= MAX_ALIKE:
            rule = RULES[code]
            finding = Finding(code, rule.name, severity, path, span.line, span.column, message, fix or rule.fix)
            self.findings.append(finding)

    def locate(self, path: str) -> str | None:
        """Returns where the flow's file ``path`` is: there, or beside the flow if an include brings it; else None."""
        return path if path in self.paths else self.provided.get(path)

    def below(self, path: str) -> Collection[str]:
        """Returns the files at or below a path, in the flow or beside it."""
        if path.startswith("../") or path == "..":
            return self.folder.beside(path)
        return [name for name in self.paths if not path or name == path or name.startswith(path + "/")]

    def content(self, path: str) -> bytes:
        """Returns a file's bytes; small files are kept, large ones are read again."""
        content = self._contents.get(path)
        if content is None:
            content = self.folder.read(path)
            if len(content) <= _KEPT:
                self._contents[path] = content
        return content

    def text(self, path: str) -> str | None:
        """Returns a file's text; None, once reported, if it is none or too large."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def document(self, path: str) -> Document:
        """Returns a YAML file, parsed."""
        content = self.content(path)
        document = parse(content)
        self._texts.setdefault(path, document.text or content.decode("utf-8", "replace")[:MAX_TEXT])
        return document

    def text_for_switches(self, path: str, content: bytes) -> None:
        """Keeps a content that no rule reads as text, so that the switches in its comments count."""
        if path not in self._texts:
            self._texts[path] = content[:MAX_TEXT].decode("utf-8", "replace")

    def kept(self) -> list[Finding]:
        """Returns the findings that no comment switches off, each once, in the order of their places."""
        unique = {(f.path, f.line, f.column, f.code, f.message): f for f in self.findings}
        switches = {path: _switches(self._texts.get(path) or "") for path in {key[0] for key in unique}}
        ordered = [unique[key] for key in sorted(unique)]
        return [finding for finding in ordered if not _off(finding, switches[finding.path])]

    def _read(self, path: str) -> str | None:
        size = self.folder.size(path)
        if size > MAX_TEXT:
            self.report("FS007", path, TOP, f"The file has {size} bytes; only up to {MAX_TEXT} are checked.")
            return None
        content = self.content(path)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            before = content[: error.start].decode("utf-8", "replace")
            span = span_in(before, len(before), len(before))
            self.report("FS006", path, span, "The file is not UTF-8 text.")
            return None


def _switches(text: str) -> dict[int, frozenset[str]]:
    """Returns each line's switch in a comment, the file's at 0: its rules; none means all."""
    found: dict[int, frozenset[str]] = {}
    line, before = 1, 0
    for switch in _SWITCH.finditer(text):
        start = text.rfind("\n", 0, switch.start()) + 1
        line, before = line + text.count("\n", before, start), start
        names = frozenset(name.strip() for name in (switch.group(2) or "").split(",") if name.strip())
        whole_file = switch.group(1) == "ignore-file"
        if "#" in text[start : switch.start()] and (names or not whole_file):
            key = 0 if whole_file else line
            found[key] = found.get(key, names) | names if names else frozenset()
    return found


def _off(finding: Finding, switches: dict[int, frozenset[str]]) -> bool:
    own = {finding.code, finding.name}
    return any(
        line in switches and (not switches[line] or not own.isdisjoint(switches[line])) for line in (0, finding.line)
    )
