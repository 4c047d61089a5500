"""Circles among nodes that wait for each other; a flow with one can never run."""

from collections import Counter
from collections.abc import Iterable, Mapping


def circles(waits: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Returns a circle out of each knot of a graph (node -> the nodes that it waits for), in a stable order."""
    left = _knotted(waits)
    found: list[list[str]] = []
    for start in waits:
        if start not in left:
            continue
        trail: dict[str, int] = {}
        current = start
        while current not in trail:
            trail[current] = len(trail)
            current = next(name for name in waits[current] if name in left)
        circle = list(trail)[trail[current] :]
        found.append(circle)
        left -= _reaching(circle, waits, left)
    return found


def _knotted(waits: Mapping[str, Iterable[str]]) -> set[str]:
    """Returns the nodes that wait, at some remove, for a circle; all others can be put into an order."""
    waiting: dict[str, list[str]] = {}
    blocked: Counter[str] = Counter()
    for name, others in waits.items():
        for other in others:
            if other in waits:
                waiting.setdefault(other, []).append(name)
                blocked[name] += 1
    free = [name for name in waits if not blocked[name]]
    left = set(waits)
    while free:
        name = free.pop()
        left.discard(name)
        for other in waiting.get(name, ()):
            blocked[other] -= 1
            if not blocked[other]:
                free.append(other)
    return left


def _reaching(circle: list[str], waits: Mapping[str, Iterable[str]], left: set[str]) -> set[str]:
    """Returns the nodes of ``left`` that wait for a circle, itself included: one knot is told once."""
    waiting: dict[str, list[str]] = {}
    for name in left:
        for other in waits[name]:
            waiting.setdefault(other, []).append(name)
    seen, pending = set(circle), list(circle)
    while pending:
        for name in waiting.get(pending.pop(), ()):
            if name not in seen:
                seen.add(name)
                pending.append(name)
    return seen
