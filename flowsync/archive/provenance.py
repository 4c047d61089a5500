"""Where an archive says that it comes from: the ZIP comment that ``flowsync export`` writes, and git's own.

It is a hint from whoever made the archive. It helps to find a base, and what is landed never rests on it alone: the
person sees the same three-way merge as for any other base.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flowsync.core.names import from_ref, to_ref
from flowsync.core.tree import Blob, FlowName, Path

_FIRST = "flowsync export 1"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONTENT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an archive was made from; each part is "" where it is not known. ``content`` is a ``content_id``."""

    flow: str = ""
    commit: str = ""
    remote: str = ""
    content: str = ""

    def comment(self) -> bytes:
        """Returns the ZIP comment that says so."""
        lines = [_FIRST, f"flow: {to_ref(FlowName(self.flow))}", f"commit: {self.commit}"]
        lines += [f"remote: {self.remote}", f"content: {self.content}"]
        return "\n".join(lines).encode("utf-8") + b"\n"


def provenance(comment: bytes) -> Provenance:
    """Reads a ZIP comment. ``git archive``, and GitHub with it, writes the bare commit id."""
    text = comment.decode("utf-8", "replace")
    if _COMMIT.fullmatch(text):
        return Provenance(commit=text)
    first, *lines = text.splitlines() or [""]
    if first != _FIRST:
        return Provenance()
    said = {key: value for key, _, value in (line.partition(": ") for line in lines)}
    commit, content = said.get("commit", ""), said.get("content", "")
    return Provenance(
        flow=from_ref(said.get("flow", "")),
        commit=commit if _COMMIT.fullmatch(commit) else "",
        remote=said.get("remote", ""),
        content=content if _CONTENT.fullmatch(content) else "",
    )


def content_id(files: Mapping[Path, Blob]) -> str:
    """Returns a name for exactly these files; unlike an archive's digest, however they are packed."""
    lines = (f"{files[path]} {path}\0" for path in sorted(files))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
