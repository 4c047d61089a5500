"""What a client may ask about one flow, and what it must say. The reader finds the answers."""

from collections.abc import Callable, Mapping
from typing import Any

from flowsync.core.names import is_folder_name
from flowsync.core.tree import FlowName
from flowsync.daemon.reader import Reader
from flowsync.errors import UsageError
from flowsync.sync.answers import answers_in
from flowsync.sync.settle import Settlement

Params = dict[str, Any]
_MOST = 1000  # entries of a history at once


def reading(reader: Reader) -> Mapping[str, Callable[[Params], Any]]:
    """Returns the reading methods by name."""
    return {
        "files": lambda params: _files(reader, params),
        "content": lambda params: _content(reader, params),
        "history": lambda params: _history(reader, params),
        "compare": lambda params: _compare(reader, params),
        "findings": lambda params: _findings(reader, params),
    }


def _files(reader: Reader, params: Params) -> Any:
    flow = flow_in(params)
    return reader.ask(lambda views: views.files(flow))


def _content(reader: Reader, params: Params) -> Any:
    flow, path, at = flow_in(params), text_in(params, "path"), text_in(params, "at")
    return reader.ask(lambda views: views.content(flow, path, at))


def _history(reader: Reader, params: Params) -> Any:
    flow, after = flow_in(params), text_in(params, "after", "")
    limit = number_in(params, "limit", 200)
    if not 0 < limit <= _MOST:
        raise UsageError(f"a history is told in pages of 1 to {_MOST} entries", '"limit": 200')
    return reader.ask(lambda views: views.history(flow, limit, after or None))


def _compare(reader: Reader, params: Params) -> Any:
    flow, before, after = flow_in(params), text_in(params, "before"), text_in(params, "after")
    return reader.ask(lambda views: views.compare(flow, before, after))


def _findings(reader: Reader, params: Params) -> Any:
    flow, at = flow_in(params), text_in(params, "at", "worktree")
    return reader.ask(lambda views: views.findings(flow, at))


def settling(params: Params) -> dict[str, Any]:
    """Returns what a person decided about a conflict."""
    sides = params.get("sides")
    if sides is not None and not isinstance(sides, dict):
        raise UsageError("'sides' are the commits that files told: base, local, remote", "docs/ipc.md")
    return {"flow": flow_in(params), "how": Settlement.each(answers_in(params.get("files"))), "sides": sides}


def discarding(params: Params) -> dict[str, Any]:
    """Returns whose uncommitted edits a person drops."""
    paths = params.get("paths") or []
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise UsageError("'paths' are a list of files or folders of the flow", "docs/ipc.md")
    return {"flow": flow_in(params), "paths": paths}


def restoring(params: Params) -> dict[str, Any]:
    """Returns which flow a person brings back, as what revision has it, and whether by a commit."""
    commit = params.get("commit")
    return {"flow": flow_in(params), "at": text_in(params, "at"), "commit": commit is None or bool(commit)}


def flow_in(params: Params) -> FlowName:
    """Returns the flow that a request is about."""
    flow = text_in(params, "flow")
    if not is_folder_name(flow):
        raise UsageError(f"no flow is called {flow}", "flowsync status")
    return FlowName(flow)


def text_in(params: Params, name: str, default: str | None = None) -> str:
    """Returns a parameter that is a text; UsageError if it is missing and has no default, or is something else."""
    value = params.get(name)
    if value in (None, "") and default is not None:
        return default
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name!r} must be given, as a text", "docs/ipc.md")
    return value


def number_in(params: Params, name: str, default: int) -> int:
    """Returns a parameter that is a whole number."""
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{name!r} must be a whole number", "docs/ipc.md")
    return value
