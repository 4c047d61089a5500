"""Three-way merge of what stands around entries: whole lines above or below them, and what follows on their last line.

Comments never conflict. Where both sides changed them differently, both are kept; blank lines follow the local side.
"""

from flowsync.core.merge.pieces import Document, Entry, Group


def lines(base: str, local: str, remote: str, dropped: bool) -> str:
    """Merges whole lines; ``dropped`` says that the remote lost all its comments."""
    if remote in (base, local):
        return local
    before, ours, theirs = said(base), said(local), said(remote)
    if theirs in (before, ours) or (dropped and not theirs):
        return local
    if ours == before:
        return remote
    gone = [line for line in before if line not in theirs]
    present = {*ours, *before}
    kept = [_ended(line, remote) for line in local.splitlines(keepends=True) if line.strip() not in gone]
    added = [line for line in remote.splitlines(keepends=True) if line.strip() and line.strip() not in present]
    return "".join(kept + added)


def tail(base: str, local: str, remote: str, dropped: bool) -> str:
    """Merges what follows a value: the rest of its line, then whole lines that are indented below it."""
    local_line, local_rest = _first(local)
    remote_line, remote_rest = _first(remote)
    base_line, base_rest = _first(base)
    rest = lines(base_rest, local_rest, remote_rest, dropped)
    line = note(base_line, local_line, remote_line, dropped)
    return (_ended(line, remote) if rest else line) + rest


def note(base: str, local: str, remote: str, dropped: bool) -> str:
    """Merges what stands on one line beside a key or a value."""
    before, ours, theirs = base.strip(), local.strip(), remote.strip()
    if theirs in (before, ours) or (dropped and not theirs):
        return local
    if ours == before:
        return remote if "\n" in remote else remote.rstrip() + _ending(local)
    if theirs in ours:
        return local
    return local.rstrip() + f"  {theirs}" + _ending(local)


def said(text: str) -> list[str]:
    """Returns the comments in some lines, without their indentation."""
    once: dict[str, str] = {}  # many lines are often the same, and each would be a text of its own
    return [once.setdefault(line, line) for line in map(str.strip, text.splitlines()) if line]


def all_comments(entry: Entry | None) -> set[str]:
    """Returns every comment in and around an entry."""
    if entry is None:
        return set()
    return {*said(entry.lead), *said(entry.note), *said(entry.tail), *_within(entry)}


def beside(entry: Entry) -> set[str]:
    """Returns the comments on an entry's own line and below it, not those above it or inside its value."""
    return {*said(entry.note), *said(entry.tail)}


def adds(side: Entry, base: Entry | None) -> bool:
    """Tells whether a side has a comment in or around an entry that base has not."""
    return bool(all_comments(side) - all_comments(base))


def adds_within(side: Entry, base: Entry | None) -> bool:
    """Tells whether a side has a comment inside an entry's value that base has not."""
    return bool(_within(side) - _within(base))


def dropped_all(base: Document, side: Document) -> bool:
    """Tells whether a side has no comment left although base had some: a program wrote it, not a person."""
    return base.commented and not side.commented


def _within(entry: Entry | None) -> set[str]:
    if entry is None or not isinstance(entry.value, Group) or entry.value.flow is not None:
        return set()
    return set(said(entry.value.foot)).union(*(all_comments(inner) for inner in entry.value.plain))


def _ending(line: str) -> str:
    return line[len(line.rstrip()) :]


def _first(text: str) -> tuple[str, str]:
    first, newline, rest = text.partition("\n")
    return first + newline, rest


def _ended(line: str, other: str) -> str:
    if line.endswith("\n"):
        return line
    return line + ("\r\n" if other.endswith("\r\n") else "\n")
