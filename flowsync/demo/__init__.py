"""The three sample flows of `flowsync demo`, as package data, and one small edit to each side.

The flows were written for this project and run offline under prompt flow. Only what hands out their bytes belongs
here; serving, linking and syncing them is the command's business.
"""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable


def sample_flows() -> Iterator[tuple[str, str, bytes]]:
    """Yields (flow name, path inside the flow, content) for every file of every sample flow, in a stable order."""
    for flow in _sorted_children(files(__name__) / "flows"):
        for path, content in _files_below(flow):
            yield flow.name, path, content


def studio_edit() -> tuple[str, bytes]:
    """Returns (flow/path, new content) of what a colleague saves in Studio: a letter may wait 8 hours, not 24."""
    return _edited("ticket-triage/flow.dag.yaml", "patience_hours: 24", "patience_hours: 8")


def local_edit() -> tuple[str, bytes]:
    """Returns (flow/path, new content) of what the user commits: the chat also suggests something to go with it."""
    return _edited(
        "bakery-chat/chat_prompt.jinja2",
        "If they do not say it, offer to ask the bakers.",
        "If they do not say it, offer to ask the bakers.\nSuggest one thing that would go well with it, and never two.",
    )


def _edited(path: str, old: str, new: str) -> tuple[str, bytes]:
    content = (files(__name__) / "flows" / path).read_bytes()
    if content.count(old.encode()) != 1:
        raise ValueError(f"The sample {path} should hold {old!r} once.")
    return path, content.replace(old.encode(), new.encode())


def _files_below(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    for child in _sorted_children(folder):
        if child.is_file():
            yield child.name, child.read_bytes()
        else:
            for path, content in _files_below(child):
                yield f"{child.name}/{path}", content


def _sorted_children(folder: Traversable) -> list[Traversable]:
    # pip compiles every .py of a wheel where it lies, so an installed flow has a __pycache__ that is not part of it
    return sorted((child for child in folder.iterdir() if child.name != "__pycache__"), key=lambda child: child.name)
