"""How a merged value is put back among what stands around it: key, notes, comments above, the rest of its line."""

from dataclasses import replace

from flowsync.core.merge import comments
from flowsync.core.merge.pieces import Clash, Entry, Group, Kind, Leaf, Piece, meaning_of
from flowsync.core.merge.texts import merged_lines
from flowsync.core.merge.writing import braced

NOTHING = Entry("", 0, "", "", "", Leaf("", None), "")


def taken_whole(base: Entry | None, local: Entry, remote: Entry) -> bool:
    """Tells whether a collection in braces that the local side left alone gives way to the remote's block."""
    ours, theirs = local.value, remote.value
    if not isinstance(ours, Group) or not isinstance(theirs, Group) or ours.flow is None or theirs.flow is not None:
        return False
    return base is not None and meaning_of(base.value) == meaning_of(ours) != meaning_of(theirs)


def rewritten(group: Group, local: Entry) -> Piece:
    """Returns a merged group with its text, if it is (or, being empty now, must be) in braces."""
    before = local.value
    if group.flow is None:
        if group.entries:
            return group
        return Group(group.kind, group.column, [], "", "{}" if group.kind is Kind.MAPPING else "[]")
    if isinstance(before, Group) and not _clashes(group) and meaning_of(group) != meaning_of(before):
        group.flow = braced(group)
    return group


def must_rise(group: Group, local: Entry) -> bool:
    """Tells whether a clash has no lines of its own: in braces, or on the line of a dash."""
    if group.flow is not None:
        return _clashes(group) or any(comments.all_comments(entry) for entry in group.plain)
    return local.stacked and bool(group.entries) and isinstance(group.entries[0], Clash)


def _clashes(group: Group) -> bool:
    return any(
        isinstance(entry, Clash) or (isinstance(entry.value, Group) and _clashes(entry.value))
        for entry in group.entries
    )


def lines_of_both(base: Entry | None, local: Entry, remote: Entry) -> Leaf | None:
    """Returns a literal text with both sides' edits, if they are apart."""
    versions = [entry.value for entry in (base, local, remote) if entry and isinstance(entry.value, Leaf)]
    values = [leaf.value.splitlines(keepends=True) for leaf in versions if leaf.value is not None]
    if len(values) < 3 or not versions[1].text.startswith("|"):
        return None
    text = merged_lines(*(leaf.text.splitlines(keepends=True) for leaf in versions))
    value = merged_lines(*values)
    if text is None or value is None:
        return None
    said = "".join(value)
    return Leaf("".join(text), ("", "str", said), said)


def framed(base: Entry | None, local: Entry, remote: Entry, value: Piece, frame: Entry, dropped: bool) -> Entry:
    """Returns the entry with its merged value; ``frame`` is the side whose way of writing the value has."""
    before = base or NOTHING
    key = remote if base and local.key == base.key else local
    lead = comments.lines(before.lead, local.lead, remote.lead, dropped)
    if frame is remote and not _alike(local, remote):
        lost = comments.beside(local) - comments.beside(remote) - (set() if dropped else comments.beside(before))
        lead += "".join(" " * local.column + comment + "\n" for comment in sorted(lost))
        note, tail = remote.note, remote.tail
    else:
        note = comments.note(before.note, local.note, remote.note, dropped)
        tail = comments.tail(before.tail, local.tail, remote.tail, dropped)
    entry = Entry(key.key, local.column, lead, key.head, note, value, tail)
    return _settled(entry)


def _alike(local: Entry, remote: Entry) -> bool:
    """Tells whether what stands around two values is interchangeable: both on the key's line, with one line each."""
    return all(
        isinstance(entry.value, Leaf) and entry.value.text and "\n" not in entry.note + entry.value.text
        for entry in (local, remote)
    )


def _settled(entry: Entry) -> Entry:
    """Returns an entry whose parts fit: an emptied block on the key's line, no comment on the line of a dash."""
    value = entry.value
    if not isinstance(value, Group):
        return entry
    if value.flow is not None and not value.entries and not entry.tail:
        return replace(entry, note=" ", tail=entry.note.lstrip(" ") if "\n" in entry.note else "\n")
    if entry.stacked and value.entries and isinstance(first := value.entries[0], Entry) and first.lead.strip():
        lead = entry.lead + "".join(" " * entry.column + line + "\n" for line in comments.said(first.lead))
        rest: list[Entry | Clash] = [replace(first, lead=""), *value.entries[1:]]
        return replace(entry, lead=lead, value=replace(value, entries=rest))
    return entry
