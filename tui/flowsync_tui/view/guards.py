"""Why an action cannot be done now. Each guard returns a reason as a person reads it, or None."""

from flowsync_tui.view.action import Guard
from flowsync_tui.view.state import Phase, State

_SAID = {
    Phase.CONNECTING: "not connected to the daemon yet",
    Phase.ABSENT: "the daemon is not running: D starts it",
    Phase.LOST: "the daemon does not answer; reconnecting",
    Phase.REFUSED: "the daemon refuses: see the top line",
    Phase.UNLINKED: "this repository is not linked to Studio: i links it",
    Phase.OUTSIDE: "this is no Git repository: i sets one up, or open the demo",
}


def live(state: State) -> str | None:
    """The daemon has to answer."""
    return _SAID.get(state.phase)


def linked(state: State) -> str | None:
    """There has to be a linked repository; no daemon is needed."""
    return _SAID[state.phase] if state.phase in (Phase.UNLINKED, Phase.OUTSIDE) else None


def chosen(state: State) -> str | None:
    """A flow has to be under the cursor, or marked."""
    return None if state.targets else "no flow is selected"


def one(state: State) -> str | None:
    """Exactly one flow is meant."""
    return chosen(state) or (
        f"{len(state.targets)} flows are marked: esc takes the marks back" if len(state.targets) > 1 else None
    )


def each(*guards: Guard) -> Guard:
    """Returns a guard that lets through what all of these let through."""
    return lambda state: next((reason for guard in guards if (reason := guard(state))), None)


live_flows = each(live, chosen)
live_flow = each(live, one)
linked_flow = each(linked, one)


def conflict(state: State) -> str | None:
    """The flow has to be in conflict."""
    if reason := live_flow(state):
        return reason
    flow = state.flows[state.targets[0]]
    return None if flow.state == "conflict" else f"{flow.name} is not in conflict, it is {flow.state}"


def in_studio(state: State) -> str | None:
    """Studio has to hold the flow."""
    if reason := linked_flow(state):
        return reason
    flow = state.flows[state.targets[0]]
    return None if flow.row["studio"]["commit"] else f"{flow.name} is not in Studio yet: P pushes it"


def dirty(state: State) -> str | None:
    """The flow has to have uncommitted edits."""
    if reason := linked_flow(state):
        return reason
    flow = state.flows[state.targets[0]]
    return None if flow.dirty else f"{flow.name} has no uncommitted edits"


def braked(state: State) -> str | None:
    """A brake on deletes has to hold the flow."""
    if reason := live_flow(state):
        return reason
    flow = state.flows[state.targets[0]]
    return None if "--accept-deletes" in flow.hint else f"no deletes of {flow.name} wait for consent"


def absent(state: State) -> str | None:
    """No daemon may run yet."""
    if state.phase is Phase.ABSENT:
        return None
    return "the daemon runs already" if state.live else linked(state) or "a daemon holds on to this repository"


def running(state: State) -> str | None:
    """A daemon has to run."""
    return None if state.live or state.phase is Phase.REFUSED else live(state)


def unlinked(state: State) -> str | None:
    """The repository must not be linked yet."""
    return None if state.phase in (Phase.UNLINKED, Phase.OUTSIDE) else "this repository is linked already"


def under_way(state: State) -> str | None:
    """A command has to be under way."""
    return None if state.running else "nothing is under way"
