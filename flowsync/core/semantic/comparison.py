"""Finds what changed between two versions of a definition, over the same pieces that the merge works on."""

from collections.abc import Collection, Iterator

from flowsync.core.document import parse
from flowsync.core.merge.identity import by_key, renamed
from flowsync.core.merge.pieces import Document, Entry, Group, Kind, Leaf, Piece, child, meaning_of, text_of
from flowsync.core.merge.reading import Unfit, read
from flowsync.core.merge.writing import braced
from flowsync.core.plain import count
from flowsync.core.semantic.changes import Change, SemanticDiff, What, clean

REWRITTEN = "rewritten, with the same meaning"
SECTIONS = {
    "inputs": "input",
    "outputs": "output",
    "additional_includes": "include",
    "environment_variables": "environment variable",
    "tags": "tag",
}
PROMPTS = ("llm", "prompt")
MAX_ORDERED = 500  # nodes whose order is compared; matching is quadratic


def semantic_diff(old: bytes | None, new: bytes | None, files: Collection[str] = ()) -> SemanticDiff:
    """Compares two versions of a definition (None: there is none).

    ``files`` are paths below the flow whose content changed too: a node whose source is among them has changed.
    """
    if old is None and new is None:
        return SemanticDiff()
    if new is None:
        return SemanticDiff(note="the flow is gone")
    try:
        after = read(new)
    except Unfit as reason:
        return SemanticDiff(note="" if old == new else _unread(new, str(reason)))
    if old is None:
        names = list(_nodes(after))
        listed = ": " + ", ".join(map(clean, names)) if names else ""
        return SemanticDiff(note=f"new flow with {count(len(names), 'node')}{listed}")
    try:
        before = read(old)
    except Unfit as reason:
        note = _unread(old, str(reason)) if parse(old).parsed else "the definition can be read again"
        return SemanticDiff(note=note)
    changes = tuple(_Comparison(before, after).changes(frozenset(files)))
    return SemanticDiff(changes, "" if changes or old == new else REWRITTEN)


def _unread(content: bytes, reason: str) -> str:
    """Returns why a definition is not compared: it is broken, or sound YAML of a kind that has no parts to compare."""
    said = "changed, but cannot be compared by node" if parse(content).parsed else "cannot be read"
    return f"the definition {said}: {clean(reason)}"


class _Comparison:
    def __init__(self, old: Document, new: Document) -> None:
        self.old, self.new = old.root, new.root
        self.renames = renamed(old.root, new.root, old.root)
        self.of_old, self.of_new = _nodes(old), {self.renames.get(k, k): v for k, v in _nodes(new).items()}

    def changes(self, files: frozenset[str]) -> Iterator[Change]:
        """Yields everything that changed: nodes, then sections of things by name, then the rest."""
        yield from self.nodes(files)
        for section, thing in SECTIONS.items():
            for key, old, new in _pairs(section, child(self.old, section), child(self.new, section)) or ():
                yield from _thing(thing, key, old, new)
        for key, old, new in _pairs("", self.old, self.new) or ():
            if key not in (*SECTIONS, "nodes", "node_variants"):
                yield from _parts("flow", "", key, old, new)

    def nodes(self, files: frozenset[str]) -> Iterator[Change]:
        """Yields the changes of nodes, whether they stand in ``nodes`` or in their variants."""
        back = {old: new for new, old in self.renames.items()}
        for key, node in self.of_new.items():
            name = back.get(key, key)
            if key in back:
                yield Change(What.RENAMED, "node", key, "", key, name)
            before = self.of_old.get(key)
            if before is None:
                yield Change(What.ADDED, "node", name, new=_made_of(node))
                continue
            yield from self.node(key, name, before, node)
            yield from _sources(name, node, files)
        for key, node in self.of_old.items():
            if key not in self.of_new:
                yield Change(What.REMOVED, "node", key, old=_made_of(node))
        yield from self.moved()

    def node(self, key: str, name: str, old: Piece, new: Piece) -> Iterator[Change]:
        """Yields the changes of one node that is in both versions."""
        variants = child(child(self.old, "node_variants"), key), child(child(self.new, "node_variants"), name)
        if (child(old, "use_variants") is None) != (child(new, "use_variants") is None):
            names = [", ".join(_keys(child(piece, "variants"))) or None for piece in variants]
            yield Change(What.CHANGED, "node", name, "variants", *names)
            return
        for part, one, two in _pairs("", old, new) or ():
            if part != "name":
                yield from _parts("node", name, part, one, two)
        yield from _parts("node", name, "", *variants)

    def moved(self) -> Iterator[Change]:
        """Yields the nodes that stand elsewhere among those that were there before."""
        old = [key for key in self.of_old if key in self.of_new][:MAX_ORDERED]
        new = [key for key in self.of_new if key in self.of_old][:MAX_ORDERED]
        if old != new:
            from difflib import SequenceMatcher  # here, since few diffs need it and each start pays for it

            blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
            stayed = {key for block in blocks for key in new[block.b : block.b + block.size]}
            yield from (Change(What.MOVED, "node", key) for key in new if key not in stayed)


def _thing(thing: str, name: str, old: Piece | None, new: Piece | None) -> Iterator[Change]:
    if old is None:
        yield Change(What.ADDED, thing, name, new=text_of(child(new, "type")) or _shown(new))
    elif new is None:
        yield Change(What.REMOVED, thing, name, old=_shown(old))
    else:
        yield from _parts(thing, name, "", old, new)


def _parts(thing: str, name: str, part: str, old: Piece | None, new: Piece | None) -> Iterator[Change]:
    """Yields what differs inside a thing, down to single values."""
    if old is new or (old is not None and new is not None and meaning_of(old) == meaning_of(new)):
        return
    pairs = _pairs(part, old, new) if (old is not None and new is not None) or part == "inputs" else None
    if pairs is None:
        yield Change(What.CHANGED, thing, name, part, _shown(old), _shown(new))
        return
    for key, one, two in pairs:
        yield from _parts(thing, name, f"{part}/{key}" if part else key, one, two)


def _pairs(part: str, old: Piece | None, new: Piece | None) -> list[tuple[str, Piece | None, Piece | None]] | None:
    """Returns two groups' values side by side, or None if these are not to be compared one by one."""
    groups = [piece for piece in (old, new) if piece is not None]
    kinds = {piece.kind if isinstance(piece, Group) else None for piece in groups}
    if len(kinds) != 1 or None in kinds:
        return None
    of_old, of_new = (_by_key(piece, part) for piece in (old, new))
    if of_old is None or of_new is None or not (of_old or of_new):
        return None
    keys = [*of_new, *(key for key in of_old if key not in of_new)]
    return [(key, _value(of_old.get(key)), _value(of_new.get(key))) for key in keys]


def _by_key(piece: Piece | None, part: str) -> dict[str, Entry] | None:
    return by_key(piece if isinstance(piece, Group) else None, part, {})


def _value(entry: Entry | None) -> Piece | None:
    return entry.value if entry else None


def _nodes(document: Document) -> dict[str, Piece]:
    """Returns the nodes by name; of two with one name, the first."""
    nodes = child(document.root, "nodes")
    found: dict[str, Piece] = {}
    for entry in nodes.plain if isinstance(nodes, Group) and nodes.kind is Kind.SEQUENCE else ():
        if name := text_of(child(entry.value, "name")):
            found.setdefault(name, entry.value)
    return found


def _sources(name: str, node: Piece, files: frozenset[str]) -> Iterator[Change]:
    path = text_of(child(child(node, "source"), "path"))
    if path in files:
        part = "prompt" if text_of(child(node, "type")) in PROMPTS else "code"
        yield Change(What.CHANGED, "node", name, part, path, path)


def _made_of(node: Piece) -> str:
    said = (text_of(child(node, "type")), text_of(child(child(node, "source"), "path")))
    return " ".join(text for text in said if text)


def _keys(piece: Piece | None) -> list[str]:
    if isinstance(piece, Group) and piece.kind is Kind.MAPPING:
        return [entry.key for entry in piece.plain]
    return []


def _shown(piece: Piece | None) -> str | None:
    if isinstance(piece, Leaf):
        return piece.value if piece.value is not None else piece.text
    return None if piece is None else braced(piece)
