"""A person's answers put into a merged document, where it is in conflict."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum

from flowsync.core.lines import hunks
from flowsync.core.merge.pieces import Clash, Document, Entry, Group, Kind, moved
from flowsync.core.merge.reading import Unfit, read


class Pick(Enum):
    """Whose version is taken; one that does not have the thing takes it away."""

    BASE = "base"
    LOCAL = "local"
    REMOTE = "remote"


Picked = Pick | str
"""A side's version, or a text in its place, as a decision shows them: key and value at the left margin; "": nothing."""


def settled(document: Document, picks: Mapping[str, Picked]) -> Document:
    """Returns a document with its clashes settled as far as they are picked, by path."""
    return replace(document, root=_group(document.root, picks, document.newline))


def union(base: str | None, local: str | None, remote: str | None) -> str:
    """Returns both sides' lines: what only one changed as that has it, what both changed from the local side first."""
    before, ours, theirs = ((text or "").splitlines(keepends=True) for text in (base, local, remote))
    lines: list[str] = []
    done = 0
    for hunk in hunks(before, ours, theirs):
        lines += before[done : hunk.base.start]
        of_base = before[hunk.base.start : hunk.base.stop]
        of_local, of_remote = ours[hunk.local.start : hunk.local.stop], theirs[hunk.remote.start : hunk.remote.stop]
        if hunk.clash:
            lines += [*map(_ended, of_local), *of_remote]
        else:
            lines += of_remote if of_local == of_base else of_local
        done = hunk.base.stop
    return "".join(lines + before[done:])


def _group(group: Group, picks: Mapping[str, Picked], newline: str) -> Group:
    entries: list[Entry | Clash] = []
    for entry in group.entries:
        if isinstance(entry, Entry):
            inner = entry.value
            again = isinstance(inner, Group) and inner.flow is None
            value = _group(inner, picks, newline) if again and isinstance(inner, Group) else inner
            entries.append(entry if value is inner else replace(entry, value=value))
        elif entry.path in picks:
            entries += _answer(entry, picks[entry.path], group, newline)
        else:
            entries.append(entry)
    return replace(group, entries=entries)


def _answer(clash: Clash, picked: Picked, group: Group, newline: str) -> Sequence[Entry]:
    if isinstance(picked, Pick):
        taken = {Pick.BASE: clash.base, Pick.LOCAL: clash.local, Pick.REMOTE: clash.remote}[picked]
        return [taken] if taken else []
    entries = [moved(entry, group.column) for entry in _entries(picked, group.kind, newline)]
    around = clash.local or clash.remote or clash.base
    if entries and around and not entries[0].lead:
        entries[0] = replace(entries[0], lead=around.lead)
    return entries


def _entries(text: str, kind: Kind, newline: str) -> list[Entry]:
    """Reads a text that a person wrote in an entry's place."""
    if not text.strip():
        return []
    text = _ended(text.replace("\r\n", "\n"))
    if kind is Kind.MAPPING:
        document = read(text.encode(), newline)
        root, head, foot = document.root, document.head, document.foot
    else:
        outer = read(b"x:\n" + text.encode(), newline)
        value = outer.root.plain[0].value if len(outer.root.plain) == 1 else None
        if not isinstance(value, Group) or value.kind is not Kind.SEQUENCE:
            raise Unfit("this is no item of a list: it begins with a dash")
        root, head, foot = value, "", outer.foot
    entries = list(root.plain)
    if entries and head.strip():
        entries[0] = replace(entries[0], lead=head + entries[0].lead)
    if entries and (foot + root.foot).strip():
        entries[-1] = replace(entries[-1], tail=entries[-1].tail + root.foot + foot)
    return entries


def _ended(line: str) -> str:
    return line if line.endswith("\n") else line + "\n"
