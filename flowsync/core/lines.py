"""Which lines of one text are which of another: what a diff shows, and what a merge of three texts works on.

Lines that either text has exactly once are anchors (as in Git's patience diff); between two anchors the gap is matched
again, and a small gap without anchors by difflib. So a text of many equal lines costs no more than one of unlike ones.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SMALL = 40_000
"""Pairs of lines: a gap of fewer is matched by difflib, which is quadratic at best."""


class Edit(NamedTuple):
    """``old[start:end]`` became ``new[new_start:new_end]``; one of the two may be empty."""

    start: int
    end: int
    new_start: int
    new_end: int


def edits(old: Sequence[str], new: Sequence[str]) -> list[Edit]:
    """Returns what changed, in order; between two edits at least one line is the same."""
    found: list[Edit] = []
    start = new_start = 0
    for block, new_block, size in _matches(old, new):
        if block > start or new_block > new_start:
            found.append(Edit(start, block, new_start, new_block))
        start, new_start = block + size, new_block + size
    if start < len(old) or new_start < len(new):
        found.append(Edit(start, len(old), new_start, len(new)))
    return found


class Hunk(NamedTuple):
    """A stretch of three texts, as ranges of their lines. ``clash``: both sides changed it, and not to the same."""

    base: range
    local: range
    remote: range
    clash: bool


def hunks(base: Sequence[str], local: Sequence[str], remote: Sequence[str]) -> list[Hunk]:
    """Returns what differs between three texts, in order. Edits that touch clash, as they do for Git."""
    pending = sorted([(edit, 0) for edit in edits(base, local)] + [(edit, 1) for edit in edits(base, remote)])
    shifts = [0, 0]  # by how much a side's lines are off base's, after what was dealt with
    found: list[Hunk] = []
    while pending:
        (first, _), end = pending[0], pending[0][0].end
        taken: list[tuple[Edit, int]] = []
        while pending and (not taken or pending[0][0].start <= end):
            edit, side = pending.pop(0)
            taken.append((edit, side))
            end = max(end, edit.end)
        ranges = []
        for side in (0, 1):
            begin = first.start + shifts[side]
            grown = sum((e.new_end - e.new_start) - (e.end - e.start) for e, of in taken if of == side)
            ranges.append(range(begin, end + shifts[side] + grown))
            shifts[side] += grown
        ours, theirs = ranges
        both = len({side for _, side in taken}) == 2
        differ = [local[i] for i in ours] != [remote[i] for i in theirs]
        found.append(Hunk(range(first.start, end), ours, theirs, both and differ))
    return found


def _matches(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yields stretches that are the same, in order: where they start in either text, and how long they are."""
    pending = [(0, len(old), 0, len(new))]
    while pending:
        start, end, new_start, new_end = pending.pop()
        if start == end and new_start == new_end:
            continue
        head = _alike(old, new, start, end, new_start, new_end)
        if head:
            yield start, new_start, head
            start, new_start = start + head, new_start + head
        tail = 0
        most = min(end - start, new_end - new_start)
        while tail < most and old[end - tail - 1] == new[new_end - tail - 1]:
            tail += 1
        if tail:
            pending.append((end - tail, end, new_end - tail, new_end))
            end, new_end = end - tail, new_end - tail
        if start == end or new_start == new_end:
            continue
        pending += reversed(_between(old, new, start, end, new_start, new_end))


def _alike(old: Sequence[str], new: Sequence[str], start: int, end: int, new_start: int, new_end: int) -> int:
    most, size = min(end - start, new_end - new_start), 0
    while size < most and old[start + size] == new[new_start + size]:
        size += 1
    return size


def _between(
    old: Sequence[str], new: Sequence[str], start: int, end: int, new_start: int, new_end: int
) -> list[tuple[int, int, int, int]]:
    """Returns the stretches of a gap, each to be matched by itself from its start: they begin with what is the same."""
    anchors = _anchors(old, new, start, end, new_start, new_end)
    if not anchors:
        if (end - start) * (new_end - new_start) > SMALL:
            return []
        from difflib import SequenceMatcher  # here, since few need it and each start pays for it

        matcher = SequenceMatcher(None, old[start:end], new[new_start:new_end], autojunk=False)
        blocks = matcher.get_matching_blocks()[:-1]
        return [(start + one, start + one + size, new_start + two, new_start + two + size) for one, two, size in blocks]
    ends = [*anchors[1:], (end, new_end)]
    parts = [(start, anchors[0][0], new_start, anchors[0][1])]
    parts += [(one, stop, two, new_stop) for (one, two), (stop, new_stop) in zip(anchors, ends, strict=True)]
    return parts


def _anchors(
    old: Sequence[str], new: Sequence[str], start: int, end: int, new_start: int, new_end: int
) -> list[tuple[int, int]]:
    """Returns lines that either stretch has once, as many as stand in one order in both."""
    once = _once(old, start, end)
    places = sorted((once[line], index) for line, index in _once(new, new_start, new_end).items() if line in once)
    tops: list[int] = []  # the least last place of an ascending run of each length
    chains: list[tuple[int, int, int]] = []  # a place, and which chain it goes on
    heads: list[int] = []
    for place, index in places:
        length = bisect_left(tops, index)
        chains.append((place, index, heads[length - 1] if length else -1))
        if length == len(tops):
            tops.append(index)
            heads.append(len(chains) - 1)
        else:
            tops[length] = index
            heads[length] = len(chains) - 1
    found: list[tuple[int, int]] = []
    at = heads[-1] if heads else -1
    while at >= 0:
        place, index, at = chains[at]
        found.append((place, index))
    return found[::-1]


def _once(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    places: dict[str, int] = {}
    for index in range(start, end):
        places[lines[index]] = -1 if lines[index] in places else index
    return {line: place for line, place in places.items() if place >= 0}
