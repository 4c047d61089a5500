"""Three-way merge of a flow's definition by what it means: nodes by name, inputs, outputs and variants by key.

``merge_flow`` is all that others need. It takes any bytes and never raises: what it cannot take apart it says it is
unable to merge, and the caller merges lines, then asks ``new_flaws`` whether the result still hangs together.

    reading → pieces → threeway (identity, comments, texts, framing) → soundness → writing

``settle_flow`` is the same merge with a person's picks put in where it is in conflict.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from flowsync.core.merge.decision import Action, Decision, Merged
from flowsync.core.merge.framing import clashes
from flowsync.core.merge.pieces import Document, Side, meaning_of
from flowsync.core.merge.reading import Unfit, read
from flowsync.core.merge.settling import Pick, Picked, settled, union
from flowsync.core.merge.soundness import Flaw, flaws
from flowsync.core.merge.threeway import Woven, weave
from flowsync.core.merge.writing import Markers, decided, written

__all__ = [
    "Action",
    "Decision",
    "Markers",
    "Merged",
    "Pick",
    "Picked",
    "merge_flow",
    "new_flaws",
    "settle_flow",
    "undecided",
    "union",
]

ROUNDS = 8  # each puts at least one more place in conflict
_DEFAULT = Markers()


def merge_flow(
    base: bytes | None, local: bytes, remote: bytes, markers: Markers = _DEFAULT, follow_renames: bool = False
) -> Merged:
    """Merges two versions of a definition that came from ``base`` (None or empty: both sides added it).

    The result is ``local``'s text with ``remote``'s edits put in. ``follow_renames`` lets a reference to a node that
    the other side renamed follow it; otherwise that is a conflict with the new reference as its suggestion.
    """
    if local in (base, remote):
        return Merged(remote)
    if remote == base:
        return Merged(local)
    try:
        return _merged(base or b"", local, remote, markers, follow_renames)
    except Unfit as reason:
        return Merged(b"", unable=str(reason))


def settle_flow(
    base: bytes | None, local: bytes, remote: bytes, picks: Mapping[str, Picked], markers: Markers = _DEFAULT
) -> Merged:
    """Merges two versions of a definition with the conflicts settled as a person picked, by the path of each.

    A path that is not among ``picks`` stays in conflict. ``unable`` says so where a text does not fit where it was put.
    """
    if local in (base, remote) or remote == base:
        return merge_flow(base, local, remote, markers)
    try:
        woven, reason = _known(base or b"", local, remote)
        if woven is None:
            return _whole(base or b"", local, remote, picks.get(""), markers, reason)
        document = settled(woven.document, picks)
        for side in Side if clashes(document.root) else (Side.LOCAL,):
            _proved(document, side)
        decisions = tuple(one for one in _suggesting(woven) if not (one.conflict and one.path in picks))
        return Merged(_like(written(document, markers), local).encode(), decisions)
    except Unfit as problem:
        return Merged(b"", unable=str(problem))


def new_flaws(local: bytes, remote: bytes, merged: bytes) -> tuple[str, ...]:
    """Returns, as sentences, what is broken in a merged flow's graph that is broken on neither side."""
    texts = (content.decode("utf-8", "replace") for content in (local, remote, merged))
    of_local, of_remote, of_merged = (flaws(text) for text in texts)
    return tuple(flaw.reason for key, flaw in of_merged.items() if key not in of_local and key not in of_remote)


def undecided(base: bytes, local: bytes, remote: bytes, markers: Markers, reason: str) -> Merged:
    """Returns the whole files between markers, where no smaller place can be put in conflict."""
    newline = b"\r\n" if b"\r\n" in local else b"\n"
    parts = [b"<" * markers.size + b" " + markers.local.encode() + newline, _ended(local, newline)]
    if markers.base is not None:
        parts += [b"|" * markers.size + b" " + markers.base.encode() + newline, _ended(base, newline)]
    parts += [b"=" * markers.size + newline, _ended(remote, newline)]
    parts.append(b">" * markers.size + b" " + markers.remote.encode() + newline)
    before, ours, theirs = (content.decode("utf-8", "replace") for content in (base, local, remote))
    return Merged(b"".join(parts), (Decision("", Action.CONFLICT, before, ours, theirs, reason),))


def _merged(base: bytes, local: bytes, remote: bytes, markers: Markers, follow_renames: bool) -> Merged:
    woven, reason = _sound(base, local, remote, True) if follow_renames else _known(base, local, remote)
    if woven is None:
        return undecided(base, local, remote, markers, reason)
    text = _like(written(woven.document, markers), local)
    return Merged(text.encode(), _suggesting(woven))


def _sound(base: bytes, local: bytes, remote: bytes, follow_renames: bool) -> tuple[Woven | None, str]:
    """Returns the merge with in conflict what would break the graph, or None and what breaks it all the same."""
    ours = read(local)
    before, theirs = read(base, ours.newline), read(remote, ours.newline)
    if follow_renames:
        before, ours, theirs = _following(before, ours, theirs)
    known = flaws(decided(ours, Side.LOCAL)).keys() | flaws(decided(theirs, Side.LOCAL)).keys()
    forced: dict[str, str] = {}
    for _ in range(ROUNDS):
        woven = weave(before, ours, theirs, forced)
        found = _flaws(woven)
        fresh = [flaw for key, flaw in found.items() if key not in known]
        if not fresh:
            return woven, ""
        if not _force(forced, fresh, woven):
            break
    return None, fresh[0].reason


@lru_cache(maxsize=2)
def _known(base: bytes, local: bytes, remote: bytes) -> tuple[Woven | None, str]:
    """Returns what ``_sound`` does, at once for the merge that is being settled pick by pick."""
    return _sound(base, local, remote, False)


def _whole(base: bytes, local: bytes, remote: bytes, picked: Picked | None, markers: Markers, reason: str) -> Merged:
    """Returns the merge of files that are in conflict as a whole."""
    if picked is None:
        return undecided(base, local, remote, markers, reason)
    if isinstance(picked, str):
        return Merged(picked.encode())
    return Merged({Pick.BASE: base, Pick.LOCAL: local, Pick.REMOTE: remote}[picked])


def _flaws(woven: Woven) -> dict[tuple[str, ...], Flaw]:
    """Returns what is broken however the conflicts are settled, after checking that the text says what was decided."""
    found: list[dict[tuple[str, ...], Flaw]] = []
    for side in Side:
        found.append(flaws(_proved(woven.document, side)))
    return {key: flaw for key, flaw in found[0].items() if key in found[1]}


def _proved(document: Document, side: Side) -> str:
    """Returns a document's text with every conflict settled for one side; Unfit if it does not say what was decided."""
    text = decided(document, side)
    if meaning_of(read(text.encode()).root) != meaning_of(document.root, side):
        raise Unfit("its parts do not fit together")
    return text


def _force(forced: dict[str, str], fresh: list[Flaw], woven: Woven) -> bool:
    """Adds to ``forced`` the places of the first flaw that has any left; returns whether one had."""
    renamed = {old: new for renames in woven.renames.values() for new, old in renames.items()}
    for flaw in fresh:
        choices = [tuple(_in_base(place, woven) for place in choice) for choice in flaw.places]
        if flaw.target in renamed and flaw.key[0] == "node":
            choices = choices[1:]
        for choice in choices:
            added = {place: flaw.reason for place in choice if place not in forced}
            if added:
                forced.update(added)
                return True
    return False


def _in_base(place: str, woven: Woven) -> str:
    """Returns a path with a renamed node under the name that it had in base."""
    section, _, rest = place.partition("/")
    name, slash, inner = rest.partition("/")
    for renames in woven.renames.values():
        name = renames.get(name, name) if section in ("nodes", "node_variants") else name
    return f"{section}/{name}{slash}{inner}" if rest else place


def _suggesting(woven: Woven) -> tuple[Decision, ...]:
    """Returns the decisions, where a reference to a renamed node is in conflict with the new reference suggested."""
    renamed = [(new, old) for renames in woven.renames.values() for new, old in renames.items()]
    decisions = []
    for decision in woven.decisions:
        text = (decision.remote or "") if decision.local == decision.base else (decision.local or "")
        suggestion = text
        for new, old in renamed if decision.conflict else ():
            suggestion = _renamed_references(suggestion, {old: new})
        decisions.append(replace(decision, suggestion=suggestion) if suggestion != text else decision)
    return tuple(decisions)


def _following(base: Document, local: Document, remote: Document) -> tuple[Document, Document, Document]:
    """Returns the documents with every reference to a node that either side renamed under its new name."""
    woven = weave(base, local, remote, {})
    renamed = {old: new for renames in woven.renames.values() for new, old in renames.items()}
    texts = (_renamed_references(decided(side, Side.LOCAL), renamed) for side in (base, local, remote))
    one, two, three = (read(text.encode()) for text in texts)
    return one, two, three


def _renamed_references(text: str, renamed: Mapping[str, str]) -> str:
    for old, new in renamed.items():
        text = re.sub(r"\$\{" + re.escape(old) + r"(?=[.}])", lambda _, new=new: "${" + new, text)  # type: ignore[misc]
    return text


def _like(text: str, local: bytes) -> str:
    """Returns a text with a final line end if, and only if, the local side has one."""
    ends = local.endswith(b"\n")
    if ends and text and not text.endswith("\n"):
        return text + ("\r\n" if local.endswith(b"\r\n") else "\n")
    return text


def _ended(content: bytes, newline: bytes) -> bytes:
    return content if not content or content.endswith(b"\n") else content + newline
