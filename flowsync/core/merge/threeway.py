"""The three-way merge of two documents' pieces: what each side did since base, entry by entry, and where they clash.

The local side's text is the frame: its order, style and blank lines stay, the remote's edits are put in. How a thing is
written is no edit (programs rewrite quotes, folds and key order on every save); what it says and its comments are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flowsync.core.merge import comments
from flowsync.core.merge.decision import Action, Decision
from flowsync.core.merge.framing import clashes, framed, lines_of_both, must_rise, rewritten
from flowsync.core.merge.identity import Renames, arranged, by_key, disordered, renamed, unrelated
from flowsync.core.merge.pieces import Clash, Document, Entry, Group, Kind, Piece, Side, meaning_of, moved, same
from flowsync.core.merge.writing import entry_text

BOTH_CHANGED = "both sides changed it"
BOTH_ADDED = "both sides added it"
DELETED_LOCALLY = "deleted locally, changed on the remote"
DELETED_REMOTELY = "changed locally, deleted on the remote"
REORDERED = "both sides changed the order of nodes, which means nothing; the local one is kept"
COMMENTED = "one side changed it, the other commented on it"

Versions = tuple[Entry | None, Entry | None, Entry | None]
"""An entry in base, local and remote; None where it is absent."""


@dataclass(slots=True)
class Woven:
    """The merged document, how each difference was decided, and which nodes which side renamed (new name -> old)."""

    document: Document
    decisions: list[Decision]
    renames: Mapping[Side, Renames]


def weave(base: Document, local: Document, remote: Document, forced: Mapping[str, str]) -> Woven:
    """Merges two documents. ``forced`` names paths (with the reason) that must not be merged silently."""
    base, local, remote = _parted(base, local, remote)
    renames = {
        Side.LOCAL: renamed(base.root, local.root, remote.root),
        Side.REMOTE: renamed(base.root, remote.root, local.root),
    }
    weaver = _Weaver(renames, forced, comments.dropped_all(base, remote))
    root = weaver.group("", base.root, local.root, remote.root, local.root, False)
    assert root is not None, "mappings always merge"
    head = comments.lines(base.head, local.head, remote.head, weaver.dropped)
    foot = comments.lines(base.foot, local.foot, remote.foot, weaver.dropped)
    return Woven(replace(local, head=head, root=root, foot=foot), weaver.decisions, renames)


@dataclass(slots=True)
class _Weaver:
    renames: Mapping[Side, Renames]
    forced: Mapping[str, str]
    dropped: bool  # the remote was written by a program that keeps no comments
    decisions: list[Decision] = field(default_factory=list)

    def group(self, path: str, base: Group, local: Group, remote: Group, layout: Group, stacked: bool) -> Group | None:
        """Merges two groups entry by entry, to be written as ``layout`` is; None if their entries have no names."""
        of_base = by_key(base, path, {})
        of_local = by_key(local, path, self.renames[Side.LOCAL])
        of_remote = by_key(remote, path, self.renames[Side.REMOTE])
        if of_base is None or of_local is None or of_remote is None:
            return None
        if path == "nodes" and disordered(of_base, of_local, of_remote):
            self.decisions.append(Decision(path, Action.LOCAL, None, None, None, REORDERED))
        merged: list[Entry | Clash] = []
        for key in arranged(of_base, of_local, of_remote, local.kind is Kind.SEQUENCE, stacked):
            versions = (of_base.get(key), of_local.get(key), of_remote.get(key))
            result = self.entry(f"{path}/{key}" if path else key, versions, layout.column)
            if result is not None:
                merged.append(result)
        foot = comments.lines(base.foot, local.foot, remote.foot, self.dropped)
        return Group(local.kind, layout.column, merged, foot, layout.flow)

    def entry(self, path: str, versions: Versions, column: int) -> Entry | Clash | None:
        """Merges one entry, whichever versions of it there are, to stand at ``column``."""
        base, local, remote = versions = _at(column, versions)
        if local is None and remote is None:
            return self.decide(path, Action.EITHER, versions, None)
        if local is None or remote is None:
            return self.one_sided(path, versions)
        reason = self.forced.get(path, "")
        if base is None and unrelated(path, local, remote):
            reason = BOTH_ADDED
        if reason and not same(local, remote):
            return self.clash(path, versions, reason)
        return self.both(path, base, local, remote)

    def one_sided(self, path: str, versions: Versions) -> Entry | Clash | None:
        """Merges an entry that one side lacks: it was added on the other, or deleted here."""
        base, local, remote = versions
        kept, keeper = (local, Action.LOCAL) if local else (remote, Action.REMOTE)
        assert kept is not None, "one side has it"
        reason = self.reason(path)
        if base is None:
            return self.clash(path, versions, reason) if reason else self.decide(path, keeper, versions, kept)
        if not same(kept, base) or comments.adds(kept, base):
            reason = DELETED_REMOTELY if local else DELETED_LOCALLY
        if reason:
            return self.clash(path, versions, reason)
        return self.decide(path, Action.REMOTE if local else Action.LOCAL, versions, None)

    def both(self, path: str, base: Entry | None, local: Entry, remote: Entry) -> Entry | Clash:
        """Merges an entry that both sides have."""
        mark = len(self.decisions)
        if base and base.key != local.key != remote.key != base.key:
            return self.clash(path, (base, local, remote), BOTH_CHANGED)
        woven = self.groups(path, base, local, remote)
        if woven is not None:
            group, frame = woven
            if must_rise(group, local, remote):
                del self.decisions[mark:]
                return self.clash(path, (base, local, remote), BOTH_CHANGED if base else BOTH_ADDED)
            return framed(base, local, remote, rewritten(group, frame), frame, self.dropped)
        chosen = self.whole(path, base, local, remote)
        if isinstance(chosen, Clash):
            return chosen
        return framed(base, local, remote, *chosen, self.dropped)

    def groups(self, path: str, base: Entry | None, local: Entry, remote: Entry) -> tuple[Group, Entry] | None:
        """Merges two values entry by entry, if they are groups that can be; returns with it whose layout it has.

        That is the local side's, unless it is in braces, the remote's is not, and there is something to put in.
        """
        ours, theirs = local.value, remote.value
        if not isinstance(ours, Group) or not isinstance(theirs, Group) or ours.kind is not theirs.kind:
            return None
        before = base.value if base else None
        known = before if isinstance(before, Group) and before.kind is ours.kind else Group(ours.kind, ours.column, [])
        layout, frame = (theirs, remote) if ours.flow is not None and theirs.flow is None else (ours, local)
        mark = len(self.decisions)
        group = self.group(path, known, ours, theirs, layout, frame.stacked)
        if group is None:
            del self.decisions[mark:]
            return None
        if frame is remote and not clashes(group) and meaning_of(group) == meaning_of(ours):
            return ours, local
        return group, frame

    def whole(self, path: str, base: Entry | None, local: Entry, remote: Entry) -> tuple[Piece, Entry] | Clash:
        """Chooses between two values as a whole; returns the value and the entry whose way of writing it has."""
        versions = (base, local, remote)
        before = meaning_of(base.value) if base else None
        ours, theirs = meaning_of(local.value), meaning_of(remote.value)
        if before not in (ours, theirs) and ours != theirs:
            both = lines_of_both(base, local, remote)
            if both is None or self.reason(path):
                return self.clash(path, versions, self.reason(path) or (BOTH_CHANGED if base else BOTH_ADDED))
            self.decide(path, Action.BOTH, versions, local)
            return both, local
        if ours != theirs and self.reason(path):
            return self.clash(path, versions, self.reason(path))
        if ours == theirs:
            # A comment inside is all that can be new on a side.
            taken, left = (remote, local) if comments.adds_within(remote, local) else (local, remote)
        else:
            taken, left = (remote, local) if ours == before else (local, remote)
        if comments.adds_within(left, base) and comments.adds_within(left, taken):
            return self.clash(path, versions, COMMENTED)
        if ours != theirs or ours != before:
            action = Action.EITHER if ours == theirs else Action.LOCAL if taken is local else Action.REMOTE
            self.decide(path, action, versions, taken)
        return taken.value, taken

    def reason(self, path: str) -> str:
        """Returns why this path, or one inside it, must be decided by a person, or an empty text."""
        if path in self.forced:
            return self.forced[path]
        return next((reason for inner, reason in self.forced.items() if inner.startswith(path + "/")), "")

    def decide(self, path: str, action: Action, versions: Versions, taken: Entry | None) -> Entry | None:
        """Notes a decision and returns what was taken."""
        self.decisions.append(_decision(path, action, versions, ""))
        return taken

    def clash(self, path: str, versions: Versions, reason: str) -> Clash:
        """Notes a conflict and returns it."""
        self.decisions.append(_decision(path, Action.CONFLICT, versions, reason))
        return Clash(*versions, path)


def _parted(base: Document, local: Document, remote: Document) -> tuple[Document, Document, Document]:
    """Returns documents in which what stands directly above the first key belongs to it.

    That is what follows the last blank line; without one in every version there is no telling, and all is the head.
    """
    documents = base, local, remote
    cuts = [max(document.head.rfind("\n\n"), document.head.rfind("\n\r\n")) for document in documents]
    unclear = (cut < 0 or "---" in document.head[cut:] for cut, document in zip(cuts, documents, strict=True))
    if any(document.head and one for one, document in zip(unclear, documents, strict=True)):
        return documents
    base, local, remote = (_cut(document, cut) for document, cut in zip(documents, cuts, strict=True))
    return base, local, remote


def _cut(document: Document, blank: int) -> Document:
    if blank < 0 or not document.root.plain:
        return document
    end = document.head.index("\n", blank + 1) + 1
    first, *others = document.root.plain
    root = replace(document.root, entries=[replace(first, lead=document.head[end:]), *others])
    return replace(document, head=document.head[:end], root=root)


def _at(column: int, versions: Versions) -> Versions:
    base, local, remote = (moved(version, column) if version else None for version in versions)
    return base, local, remote


def _decision(path: str, action: Action, versions: Versions, reason: str) -> Decision:
    base, local, remote = (entry_text(version) for version in versions)
    return Decision(path, action, base, local, remote, reason)
