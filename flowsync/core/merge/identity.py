"""Which entry of one version is which of another: nodes by name, items of a set, renamed nodes; and order."""

from collections import Counter
from collections.abc import Iterable, Mapping

from flowsync.core.merge.pieces import Entry, Group, Kind, Meaning, Piece, child, meaning_of, text_of

SETS = frozenset({"additional_includes"})
"""Top-level lists whose order means nothing."""

Renames = Mapping[str, str]
"""A node's name on a side -> its name in base."""


def by_key(group: Group | None, path: str, renames: Renames) -> dict[str, Entry] | None:
    """Returns a group's entries by what makes each the same thing in every version; None if nothing does."""
    if group is None:
        return {}
    if group.kind is Kind.MAPPING:
        names = [renames.get(entry.key, entry.key) if path == "node_variants" else entry.key for entry in group.plain]
    elif path in SETS:
        names = [str(text_of(entry.value) or meaning_of(entry.value)) for entry in group.plain]
    else:
        named = [text_of(child(entry.value, "name")) for entry in group.plain]
        if None in named:
            return None
        names = [renames.get(str(name), str(name)) if path == "nodes" else str(name) for name in named]
    if len(set(names)) < len(names):
        return None
    return dict(zip(names, group.plain, strict=True))


def renamed(base: Group, side: Group, other: Group) -> dict[str, str]:
    """Returns the nodes that one side renamed: its name -> base's name.

    A node is the same under another name if it has the same type and source, no other node in either version has these,
    and the new name is new on the other side too.
    """
    before, after = _by_name(base), _by_name(side)
    gone = {name: identity for name in before.keys() - after.keys() if (identity := _identity(base, before[name]))}
    come = {name: identity for name in after.keys() - before.keys() if (identity := _identity(side, after[name]))}
    twins = Counter(_identity(base, value) for value in before.values())
    twins |= Counter(_identity(side, value) for value in after.values())
    taken = _by_name(other).keys()
    found = {identity: name for name, identity in gone.items()}
    return {
        name: found[identity]
        for name, identity in come.items()
        if identity in found and twins[identity] == 1 and (name not in taken or found[identity] not in taken)
    }


def arranged(
    base: Iterable[str], local: Iterable[str], remote: Iterable[str], ordered: bool, first_fixed: bool
) -> list[str]:
    """Returns the order of all keys: local's, each of the remote's own after the one it follows there, lost ones last.

    Where order was a person's doing (``ordered``: a list; programs sort mappings) and only the remote changed it, the
    remote's is taken instead. ``first_fixed`` lets nothing come before local's first key, which shares its line with
    a dash.
    """
    known = list(base)
    sides = list(local), list(remote)
    of_base, of_local, of_remote = _common(known, *sides)
    if ordered and of_local == of_base != of_remote:
        sides = sides[1], sides[0]
    order = _woven(*sides, set(known), 1 if first_fixed else 0)
    return [*order, *(key for key in known if key not in sides[0] and key not in sides[1])]


def disordered(base: Iterable[str], local: Iterable[str], remote: Iterable[str]) -> bool:
    """Tells whether both sides changed the order of what is in all versions, and not in the same way."""
    of_base, of_local, of_remote = _common(list(base), list(local), list(remote))
    return of_base not in (of_local, of_remote) and of_local != of_remote


def _common(*versions: list[str]) -> list[list[str]]:
    common = set(versions[0]).intersection(*versions[1:])
    return [[key for key in version if key in common] for version in versions]


def _woven(first: list[str], second: list[str], base: set[str], top: int) -> list[str]:
    result = list(first)
    present = set(first)
    for index, key in enumerate(second):
        if key in present:
            continue
        before = next((other for other in reversed(second[:index]) if other in present), None)
        at = min(top, len(result)) if before is None else result.index(before) + 1
        # What the first side added at the same place comes first.
        while before is not None and at < len(result) and result[at] not in base and result[at] not in second:
            at += 1
        result.insert(at, key)
        present.add(key)
    return result


def unrelated(path: str, local: Entry, remote: Entry) -> bool:
    """Tells whether two nodes that were added under one name are two different ones."""
    parent, _, name = path.rpartition("/")
    if parent != "nodes" or not name:
        return False
    return any(_meaning(local, key) != _meaning(remote, key) for key in ("type", "source"))


def _meaning(entry: Entry, key: str) -> Meaning | None:
    value = child(entry.value, key)
    return None if value is None else meaning_of(value)


def _by_name(root: Group) -> dict[str, Piece]:
    nodes = child(root, "nodes")
    if not isinstance(nodes, Group):
        return {}
    return {name: entry.value for entry in nodes.plain if (name := text_of(child(entry.value, "name")))}


def _identity(root: Group, node: Piece) -> Meaning | None:
    kind, source = child(node, "type"), child(node, "source")
    if isinstance(source, Group) and kind is not None:
        return (meaning_of(kind), meaning_of(source))
    variants = child(child(root, "node_variants"), text_of(child(node, "name")) or "")
    return meaning_of(variants) if isinstance(variants, Group) else None
