"""What is under way: this session's commands, and what the daemon does by itself; each function changes the state."""

from flowsync_tui.view.state import Changed, Event, Running, State

_BY_ITSELF = 0  # among what runs; commands are numbered from 1


def begun(state: State, event: Event) -> Changed:
    """A command was begun here."""
    state.running.pop(_BY_ITSELF, None)
    state.running[event["id"]] = Running(event["name"], tuple(event["flows"]))
    return frozenset({"running", "flows"})


def progress(state: State, event: Event) -> Changed:
    """Something that is under way has come further."""
    if "id" not in event:
        return _of_its_own(state, event)
    before = state.running.get(event["id"])
    if before is None:
        return frozenset()
    told = before._replace(what=event["what"], done=event["done"], total=event["total"])
    state.running[event["id"]] = told
    return frozenset() if told == before else frozenset({"running"})


def ended(state: State, event: Event) -> Changed:
    """A command is over, however it went."""
    return frozenset({"running", "flows"}) if state.running.pop(event["id"], None) else frozenset()


def _of_its_own(state: State, event: Event) -> Changed:
    """Takes in what the daemon does by itself; while a command of ours runs, that is what is told."""
    running, before = state.running, state.running.get(_BY_ITSELF)
    over = event["over"] or any(id != _BY_ITSELF for id in running)
    if over:
        running.pop(_BY_ITSELF, None)
    else:
        told = (event["what"], event["done"], event["total"])
        running[_BY_ITSELF] = Running(event["what"], tuple(event["flows"]), *told)
    if (before is None) == over:
        return frozenset() if over else frozenset({"running"})
    state.words.clear()
    return frozenset({"running", "flows"})
