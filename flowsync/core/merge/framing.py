"""How a merged value is put back among what stands around it: key, notes, comments above, the rest of its line."""

from dataclasses import replace

from flowsync.core.merge import comments
from flowsync.core.merge.pieces import Clash, Entry, Group, Kind, Leaf, Piece, Side, chosen, meaning_of
from flowsync.core.merge.texts import merged_lines
from flowsync.core.merge.writing import braced

NOTHING = Entry("", 0, "", "", "", Leaf("", None), "")


def rewritten(group: Group, frame: Entry) -> Group:
    """Returns a merged group with its text, if it is (or, being empty now, must be) in braces."""
    before = frame.value
    if group.flow is None:
        if group.entries:
            return group
        return Group(group.kind, group.column, [], "", "{}" if group.kind is Kind.MAPPING else "[]")
    if not clashes(group) and meaning_of(group) != meaning_of(before):
        return replace(group, flow=braced(group))
    return group


def must_rise(group: Group, local: Entry, remote: Entry) -> bool:
    """Tells whether a clash is too small to be shown as lines of its own.

    That is so in braces, on the line of a dash on either side, and where one side's answer would leave nothing.
    """
    if group.flow is not None:
        return clashes(group)
    if group.entries and any(not any(chosen(group, side)) for side in Side):
        return True
    first = {side.value.plain[0].key for side in (local, remote) if side.stacked and isinstance(side.value, Group)}
    clashing = [entry for entry in group.entries if isinstance(entry, Clash)]
    return any(entry.key in first for clash in clashing for entry in (clash.local, clash.remote) if entry)


def clashes(group: Group) -> bool:
    """Tells whether a clash is anywhere in a group."""
    return any(
        isinstance(entry, Clash) or (isinstance(entry.value, Group) and clashes(entry.value)) for entry in group.entries
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
    key = remote if base and local.key == base.key != remote.key else local
    lead = comments.lines(before.lead, local.lead, remote.lead, dropped)
    if frame is remote and not _alike(local, remote):
        lost = comments.beside(local) - comments.beside(remote) - (set() if dropped else comments.beside(before))
        lead += "".join(" " * local.column + comment + _line_end(local) for comment in sorted(lost))
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
        return replace(entry, note=" ", tail=entry.note if "\n" in entry.note else _line_end(entry))
    if entry.stacked and value.entries and isinstance(first := value.entries[0], Entry) and first.lead.strip():
        above = (" " * entry.column + line + _line_end(first) for line in comments.said(first.lead))
        lead = entry.lead + "".join(above)
        rest: list[Entry | Clash] = [replace(first, lead=""), *value.entries[1:]]
        return replace(entry, lead=lead, value=replace(value, entries=rest))
    return entry


def _line_end(entry: Entry) -> str:
    return "\r\n" if "\r\n" in entry.lead + entry.note + entry.tail else "\n"
