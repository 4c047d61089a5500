"""The diff driver: what changed in words of flows, then the ordinary patch, which ``git apply`` still takes."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from flowsync.core.semantic import semantic_diff
from flowsync.drivers.installing import HEADINGS
from flowsync.drivers.plumbing import git_line

COLOURS = {"+": "\033[32m", "−": "\033[31m", "~": "\033[33m", "»": "\033[36m", "↕": "\033[36m"}
PLAIN = "\033[m"
ABSENT = "/dev/null"


@dataclass(frozen=True, slots=True)
class Version:
    """One side of what Git asks to compare: a file with the content, the blob's id and its mode (``.`` if absent)."""

    file: str
    blob: str
    mode: str

    def content(self) -> bytes | None:
        """Returns the content, or None if there is none."""
        return None if self.file == ABSENT or self.mode == "." else Path(self.file).read_bytes()


def show(path: str, new_path: str, old: Version, new: Version) -> None:
    """Prints the difference of one definition."""
    colour = git_line("config", "--get-colorbool", "color.diff", str(sys.stdout.isatty()).lower()) == "true"
    lines = [f"flow {_plain(new_path)}"]
    # Indented, so that no program that reads patches takes such a line for one of a hunk.
    lines += [f"  {_coloured(line) if colour else line}" for line in _changes(old, new)]
    sys.stdout.flush()
    out = sys.stdout.buffer
    out.write(("\n".join(lines) + "\n\n").encode("utf-8", "replace"))
    out.write(_patch(path, new_path, old, new, colour))
    out.flush()


def _changes(old: Version, new: Version) -> list[str]:
    return semantic_diff(old.content(), new.content()).lines()


def _patch(path: str, new_path: str, old: Version, new: Version, colour: bool) -> bytes:
    """Returns the patch of two files as Git would print it for the paths in the repository."""
    options = ["--no-index", "--no-ext-diff", "--no-textconv", f"--color={'always' if colour else 'never'}"]
    command = ["git", "-c", f"diff.default.xfuncname={HEADINGS}", "diff", *options, "--", old.file, new.file]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    start = _first_hunk(done.stdout)
    header = [f"diff --git {_quoted('a/' + path)} {_quoted('b/' + new_path)}"]
    if old.mode == "." or new.mode == ".":
        header.append(f"new file mode {new.mode}" if old.mode == "." else f"deleted file mode {old.mode}")
    elif old.mode != new.mode:
        header += [f"old mode {old.mode}", f"new mode {new.mode}"]
    if path != new_path:
        header += [f"rename from {_quoted(path)}", f"rename to {_quoted(new_path)}"]
    if start >= 0:
        mode = f" {new.mode}" if old.mode == new.mode else ""
        header.append(f"index {_short(old)}..{_short(new)}{mode}")
        header.append(f"--- {ABSENT if old.mode == '.' else _quoted('a/' + path)}")
        header.append(f"+++ {ABSENT if new.mode == '.' else _quoted('b/' + new_path)}")
    bold = "\033[1m" if colour else ""
    shown = "".join(f"{bold}{line}{PLAIN if bold else ''}\n" for line in header)
    return shown.encode("utf-8", "surrogateescape") + (done.stdout[start:] if start >= 0 else b"")


def _first_hunk(patch: bytes) -> int:
    offset = 0
    for line in patch.splitlines(keepends=True):
        if line.removeprefix(b"\033[36m").startswith(b"@@ "):
            return offset
        offset += len(line)
    return -1


def _short(version: Version) -> str:
    return "0000000" if version.mode == "." else version.blob[:7]


def _quoted(path: str) -> str:
    """Quotes a path as Git does, if it has characters that need it."""
    if all((c.isprintable() and c not in '"\\') or "\udc80" <= c <= "\udcff" for c in path):
        return path
    return '"' + "".join(_escaped(c) for c in path) + '"'


def _escaped(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    return c if c.isprintable() else "".join(f"\\{byte:03o}" for byte in c.encode("utf-8", "surrogateescape"))


def _plain(path: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in path)


def _coloured(line: str) -> str:
    colour = COLOURS.get(line[:1], "")
    return f"{colour}{line}{PLAIN}" if colour else line
