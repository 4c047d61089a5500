"""Changes of a flow as data, and in words: a line each, or all in one line. What changed is found in ``comparison``."""

from dataclasses import dataclass
from enum import Enum

WIDTH = 100  # of a summary, as commit subjects go
SHOWN = 40  # characters of one value


class What(Enum):
    """What happened to a thing; the value is its badge."""

    ADDED = "+"
    REMOVED = "−"
    CHANGED = "~"
    RENAMED = "»"
    MOVED = "↕"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``thing`` is ``node``, ``input``, ``output`` … or ``flow``; ``part`` what of it changed, if not all.

    ``old`` and ``new`` are what it said, in full; None where it was or is not there.
    """

    what: What
    thing: str
    name: str
    part: str = ""
    old: str | None = None
    new: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Returns the change as plain data."""
        what = self.what.name.lower()
        return {
            "what": what,
            "thing": self.thing,
            "name": self.name,
            "part": self.part,
            "old": self.old,
            "new": self.new,
        }


@dataclass(frozen=True, slots=True)
class SemanticDiff:
    """All changes, in the order of the flow. ``note`` says it where there is nothing that could be compared."""

    changes: tuple[Change, ...] = ()
    note: str = ""

    def lines(self) -> list[str]:
        """Returns a line for each thing that changed, such as ``~ node summarise: temperature 0.2 → 0.7``."""
        shown = [self.note] if self.note else []
        for (what, thing, name), parts in self._by_thing().items():
            said = "; ".join(map(_said, parts)) if what is What.CHANGED else ""
            subject = f"{what.value} {thing} {clean(name)}".rstrip()
            shown.append(f"{subject}: {said}" if said else subject + _detail(parts[0]))
        return shown

    def summary(self, width: int = WIDTH) -> str:
        """Returns all changes in one line of at most ``width`` characters; how many are left out is said."""
        texts = [self.note] if self.note else []
        for (what, thing, name), parts in self._by_thing().items():
            if what is What.CHANGED:
                subject = clean(name if thing == "node" else f"{thing} {name}".rstrip())
                texts.append(f"{subject}: " + ", ".join(map(_said, parts)))
            else:
                detail = _detail(parts[0]) if what is What.RENAMED else ""
                texts.append(f"{what.value} {thing} {clean(name)}" + detail)
        return _fitted(texts, width)

    def badges(self) -> dict[str, str]:
        """Returns the nodes that changed, with what happened to each: ``+``, ``−`` or ``~``."""
        found: dict[str, str] = {}
        for change in self.changes:
            if change.thing == "node" and change.what is not What.MOVED:
                name = change.new or "" if change.what is What.RENAMED else change.name
                badge = change.what.value if change.what in (What.ADDED, What.REMOVED) else What.CHANGED.value
                found.setdefault(name, badge)
        return found

    def to_json(self) -> dict[str, object]:
        """Returns the diff as plain data."""
        return {"note": self.note, "changes": [change.to_json() for change in self.changes]}

    def _by_thing(self) -> dict[tuple[What, str, str], list[Change]]:
        things: dict[tuple[What, str, str], list[Change]] = {}
        for change in self.changes:
            things.setdefault((change.what, change.thing, change.name), []).append(change)
        return things


def _detail(change: Change) -> str:
    """Returns what is worth saying about a thing that came or was renamed."""
    if change.what is What.RENAMED:
        return f" → {clean(change.new or '')}"
    shown = change.what is What.ADDED and change.thing != "include" and change.new
    return f" ({_short(change.new or '')})" if shown else ""


def _said(change: Change) -> str:
    """Returns what changed of a thing."""
    part = _part(change.part)
    if change.old == change.new:
        return f"{part} changed"
    if change.old is None or change.new is None:
        sign = What.ADDED if change.old is None else What.REMOVED
        value = _short(change.old or change.new or "")
        value = "" if value.endswith("…") and value[0] in "{[" else value
        return f"{sign.value} {part} {value}".rstrip()
    if "\n" in change.old + change.new:
        return f"{part} changed"
    return f"{part} {_short(change.old) or 'nothing'} → {_short(change.new) or 'nothing'}"


def _part(path: str) -> str:
    words = [word for word in path.split("/") if word not in ("inputs", "variants", "node")] or path.split("/")
    return clean(" ".join(words)).replace("default_variant_id", "default variant")


def _short(text: str) -> str:
    shown = clean(text)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"


def clean(text: str) -> str:
    """Returns a text on one line, with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else " " if c in "\r\n\t" else "�" for c in text[: 4 * WIDTH]).strip()


def _fitted(texts: list[str], width: int) -> str:
    """Joins texts as far as they fit."""
    for count in range(len(texts), 0, -1):
        more = f"; {len(texts) - count} more" if count < len(texts) else ""
        line = "; ".join(texts[:count]) + more
        if len(line) <= width:
            return line
    if not texts:
        return ""
    more = f"; {len(texts) - 1} more" if len(texts) > 1 else ""
    return texts[0][: max(width - len(more) - 1, 0)] + "…" + more
