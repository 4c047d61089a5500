"""Which flows are listed, in which order, and how many there are of each state."""

from collections import Counter
from collections.abc import Iterable

from flowsync_tui.view.format import ORDER
from flowsync_tui.view.state import Flow, State

SORTS = ("attention", "name", "last change")
_RANK = {state: rank for rank, state in enumerate(ORDER)}
_LATE = ORDER.index("paused")  # where a state that is new to this version goes: before what rests


def listed(state: State, pattern: str = "", sort: str = SORTS[0]) -> list[Flow]:
    """Returns the flows that match a pattern, in an order."""
    flows = [flow for flow in state.flows.values() if matches(state, flow, pattern)]
    if sort == "name":
        return sorted(flows, key=lambda flow: flow.name)
    if sort == "last change":
        return sorted(flows, key=lambda flow: (-flow.when, flow.name))
    return sorted(flows, key=lambda flow: (_RANK.get(state.shown(flow), _LATE), flow.name))


def matches(state: State, flow: Flow, pattern: str) -> bool:
    """Tells whether a flow's name, state or author holds every word of a pattern, and no ``!word`` of it."""
    if not pattern:
        return True
    text = f"{flow.name} {state.shown(flow)} {flow.who}".casefold()
    return text_matches(text, pattern)


def text_matches(text: str, pattern: str) -> bool:
    """Tells whether a casefolded text holds every word of a pattern, and no ``!word`` of it."""
    for word in pattern.casefold().split():
        if word.startswith("!"):
            if word[1:] and word[1:] in text:
                return False
        elif word not in text:
            return False
    return True


def tally(state: State) -> list[tuple[str, int]]:
    """Returns how many flows there are of each state, what needs a person first, in-sync at the front."""
    if state.counted is None:
        state.counted = Counter(state.shown(flow) for flow in state.flows.values())
    counted = state.counted
    names: Iterable[str] = sorted(counted, key=lambda name: _RANK.get(name, _LATE))
    ordered = [name for name in names if name != "in-sync"]
    return [(name, counted[name]) for name in (["in-sync"] if counted["in-sync"] else []) + ordered]
