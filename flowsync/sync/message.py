"""What the commits that flowsync makes say."""

from collections.abc import Mapping, Sequence

from flowsync.core.flow import kind_of
from flowsync.core.moves import renames
from flowsync.core.semantic import SemanticDiff, semantic_diff
from flowsync.core.tree import Change, Entry, File, FlowName, Path, diff
from flowsync.sync.link import Link

_SHOWN = 3  # changes named in a subject


def studio_message(link: Link, flow: FlowName, old: str | None, new: str | None) -> str:
    """Returns the message for a save in Studio that turned the folder ``old`` into ``new``."""
    changes = _changes(link, old, new)
    meant = _meant(link, changes)
    trailers = f"Flowsync-Remote: {link.remote.name}\nFlowsync-Flow: {flow}"
    return f"{flow}: {_subject(old, new, changes, meant)}\n\n{_body(changes, meant)}\n\n{trailers}\n"


def rename_message(link: Link, new: FlowName, old: FlowName) -> str:
    """Returns the message for a flow that was renamed in Studio."""
    trailers = f"Flowsync-Remote: {link.remote.name}\nFlowsync-Flow: {new}\nFlowsync-Renamed-From: {old}"
    return f"{new}: renamed from {old} in Studio\n\n{trailers}\n"


def meaning(link: Link, old: str | None, new: str | None) -> list[str]:
    """Returns what turned the folder ``old`` into ``new``, a line each: files, and under a definition its nodes."""
    changes = _changes(link, old, new)
    return _body(changes, _meant(link, changes)).splitlines()


def merge_message(link: Link, flow: FlowName) -> str:
    """Returns the message for the commit that joins Studio's edits with the branch's."""
    return f"{flow}: merge Studio's edits into {link.remote.branch}\n"


def import_message(link: Link, flow: FlowName, old: str | None, new: str | None, name: str, sha256: str) -> str:
    """Returns the message for what an archive of this name brought, which turned the folder ``old`` into ``new``."""
    changes = _changes(link, old, new)
    trailers = f"Flowsync-Flow: {flow}\nFlowsync-Archive: {_one_line(name)}\nFlowsync-Archive-SHA256: {sha256}"
    return f"{flow}: import {_one_line(name)}\n\n{_body(changes, _meant(link, changes))}\n\n{trailers}\n"


def import_merge_message(link: Link, flow: FlowName, name: str) -> str:
    """Returns the message for the commit that joins an archive's edits with the branch's."""
    return f"{flow}: merge {_one_line(name)} into {link.remote.branch}\n"


def restore_message(flow: FlowName, revision: str, sha: str) -> str:
    """Returns the message for a commit that brings a flow back as it was."""
    named = revision if sha.startswith(revision) else f"{revision} ({sha[:7]})"  # HEAD~2 is another one tomorrow
    return f"{flow}: restore as of {named}\n\nThe flow's folder is as in commit {sha}.\n"


def _changes(link: Link, old: str | None, new: str | None) -> tuple[Change, ...]:
    objects = link.repo.objects
    return diff(objects.files(old) if old else {}, objects.files(new) if new else {})


def _meant(link: Link, changes: Sequence[Change]) -> dict[Path, SemanticDiff]:
    """Returns what the changes of definitions mean, node by node; nothing for one that is only written differently."""
    meant = {}
    edited = [change.path for change in changes if change.old is not None and change.new is not None]
    for change in changes:
        if kind_of(change.path) == "dag":
            found = semantic_diff(_content(link, change.old), _content(link, change.new), edited)
            if found.lines():
                meant[change.path] = found
    return meant


def _content(link: Link, entry: Entry | None) -> bytes | None:
    return link.repo.objects.read(entry.blob) if isinstance(entry, File) else None


def _subject(old: str | None, new: str | None, changes: tuple[Change, ...], meant: Mapping[Path, SemanticDiff]) -> str:
    if old is None:
        return "first seen in Studio"
    if new is None:
        return "deleted in Studio"
    renamed = renames(changes)
    said = [found.summary() for found in meant.values()]
    said += [line for change in changes if change.path not in meant and (line := _said(change, renamed))]
    more = len(said) - _SHOWN
    return ", ".join(said[:_SHOWN]) + (f" and {more} more in Studio" if more > 0 else " in Studio")


def _body(changes: Sequence[Change], meant: Mapping[Path, SemanticDiff]) -> str:
    lines, renamed = [], renames(changes)
    for change in changes:
        if said := _said(change, renamed):
            lines.append(said)
        lines += [f"  {line}" for line in meant[change.path].lines()] if change.path in meant else []
    return "\n".join(lines)


def _one_line(name: str) -> str:
    """Returns a file's name as a message may hold it."""
    return name if name.isprintable() else ascii(name)


def _said(change: Change, renamed: Mapping[Path, Path]) -> str:
    """Returns the line about one change; none about the old name of a file that was renamed."""
    if change.path in renamed:
        return f"rename {renamed[change.path]} to {change.path}"
    return "" if change.path in renamed.values() else f"{_verb(change)} {change.path}"


def _verb(change: Change) -> str:
    if change.old is None:
        return "add"
    return "delete" if change.new is None else "edit"
