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
_OBJECT = re.compile(r"[0-9a-f]{40}")
PAST = 50  # states to name; a comment holds 64 KiB


@dataclass(frozen=True, slots=True)
class State:
    """What a flow was in a commit: the commit's id, and the id of the flow's folder as a Git tree."""

    commit: str
    tree: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an archive was made from; each part is empty where it is not known.

    ``commit`` is what was exported, ``states`` is what the flow was until then, newest first: whoever lacks the commit
    finds the last state that both have.
    """

    flow: str = ""
    commit: str = ""
    remote: str = ""
    states: tuple[State, ...] = ()

    def comment(self) -> bytes:
        """Returns the ZIP comment that says so."""
        lines = [_FIRST, f"flow: {to_ref(FlowName(self.flow))}", f"commit: {self.commit}", f"remote: {self.remote}"]
        lines += [f"state: {state.commit} {state.tree}" for state in self.states[:PAST]]
        return "\n".join(lines).encode("utf-8") + b"\n"


def provenance(comment: bytes) -> Provenance:
    """Reads a ZIP comment. ``git archive``, and GitHub with it, writes the bare commit id."""
    text = comment.decode("utf-8", "replace")
    if _OBJECT.fullmatch(text):
        return Provenance(commit=text)
    first, *lines = text.splitlines() or [""]
    if first != _FIRST:
        return Provenance()
    pairs = [(key, value) for key, _, value in (line.partition(": ") for line in lines)]
    said = dict(pairs)
    return Provenance(
        flow=from_ref(said.get("flow", "")),
        commit=said.get("commit", "") if _OBJECT.fullmatch(said.get("commit", "")) else "",
        remote=said.get("remote", ""),
        states=tuple(state for key, value in pairs if key == "state" and (state := _state(value)))[:PAST],
    )


def _state(value: str) -> State | None:
    commit, _, tree = value.partition(" ")
    return State(commit, tree) if _OBJECT.fullmatch(commit) and _OBJECT.fullmatch(tree) else None


def content_id(files: Mapping[Path, Blob]) -> str:
    """Returns a name for exactly these files; unlike an archive's digest, however they are packed."""
    lines = (f"{files[path]} {path}\0" for path in sorted(files))
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
