"""Which operation of a workspace a request asks for: a table from verb and path to a name and a function."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from flowsync.emulator.operation import Operation
from flowsync.emulator.refusal import Refused
from flowsync.emulator.wire import Target
from flowsync.emulator.workspace import arm, flows, history, index, runs

PREFIXES = frozenset({"subscriptions", "flow", "index", "history", "metric"})
_PROVIDER = "providers/microsoft.machinelearningservices/workspaces"
_GROUP = "subscriptions/{subscription}/resourcegroups/{group}"
_WORKSPACE = f"{_GROUP}/{_PROVIDER}/{{workspace}}"

_ARM: Mapping[tuple[str, str], Operation] = {
    ("GET", "subscriptions"): Operation("list_subscriptions", arm.list_subscriptions, "r"),
    ("GET", "subscriptions/{subscription}"): Operation("get_subscription", arm.get_subscription, "r"),
    ("GET", "subscriptions/{subscription}/resourcegroups"): Operation("list_groups", arm.list_groups, "r"),
    ("GET", f"subscriptions/{{subscription}}/{_PROVIDER}"): Operation("list_workspaces", arm.list_workspaces, "r"),
    ("GET", f"{_GROUP}/{_PROVIDER}"): Operation("list_workspaces", arm.list_workspaces, "r"),
    ("GET", _WORKSPACE): Operation("get_workspace", arm.get_workspace, "r"),
    ("GET", f"{_WORKSPACE}/datastores"): Operation("list_datastores", arm.list_datastores, "r"),
    ("GET", f"{_WORKSPACE}/datastores/{{datastore}}"): Operation("get_datastore", arm.get_datastore, "r"),
    ("POST", f"{_WORKSPACE}/datastores/{{datastore}}/listsecrets"): Operation("list_secrets", arm.list_secrets, "w"),
}

_FLOW = f"flow/api/{_WORKSPACE}"
_HISTORY = f"history/v1.0/{_WORKSPACE}"
_SERVICES: Mapping[tuple[str, str], Operation] = {
    ("POST", f"{_FLOW}/flows"): Operation("create_flow", flows.create, "w"),
    ("GET", f"{_FLOW}/flows"): Operation("list_flows", flows.list_, "r"),
    ("GET", f"{_FLOW}/flows/{{flow}}"): Operation("get_flow", flows.get, "r"),
    ("PUT", f"{_FLOW}/flows/{{flow}}"): Operation("update_flow", flows.update, "w"),
    ("PATCH", f"{_FLOW}/flows/{{flow}}"): Operation("patch_flow", flows.patch, "w"),
    ("GET", f"{_FLOW}/tracesessions"): Operation("get_trace_session", runs.trace_session, "r"),
    ("POST", f"{_FLOW}/bulkruns/submit"): Operation("submit_run", runs.submit, "w"),
    ("GET", f"{_FLOW}/bulkruns/{{run}}"): Operation("get_run", runs.get, "r"),
    ("GET", f"{_FLOW}/bulkruns/{{run}}/childruns"): Operation("get_run_lines", runs.children, "r"),
    ("GET", f"{_FLOW}/bulkruns/{{run}}/logcontent"): Operation("get_run_log", runs.log, "r"),
    ("POST", f"{_FLOW}/bulkruns/{{run}}/cancel"): Operation("cancel_run", runs.cancel, "w"),
    ("POST", f"{_HISTORY}/rundata"): Operation("get_run_data", history.run_data, "r"),
    ("PATCH", f"{_HISTORY}/runs/{{run}}/modify"): Operation("modify_run", history.modify, "w"),
    ("POST", f"metric/v2.0/{_WORKSPACE}/runs/{{run}}/lastvalues"): Operation(
        "get_run_metrics", history.last_values, "r"
    ),
    ("POST", f"index/v1.0/{_WORKSPACE}/entities"): Operation("query_index", index.query, "r"),
}


def _compiled(table: Mapping[tuple[str, str], Operation]) -> list[tuple[str, re.Pattern[str], Operation]]:
    return [
        (verb, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.replace(".", r"\.")), re.IGNORECASE), operation)
        for (verb, path), operation in table.items()
    ]


_TABLE = _compiled({**_ARM, **_SERVICES})


def find(method: str, raw_path: str) -> tuple[Operation, dict[str, str]]:
    """Returns the operation that a request asks for and the names in its path; raises Refused."""
    path, others = raw_path.strip("/"), False
    for verb, pattern, operation in _TABLE:
        match = pattern.fullmatch(path)
        if match and verb == method:
            return operation, {name: unquote(text) for name, text in match.groupdict().items()}
        others = others or match is not None
    if others:
        raise Refused("UnsupportedHttpVerb")
    raise Refused("NoSuchOperation", f"This emulator has no operation at {raw_path}.")


def target(raw_path: str) -> Target:
    """Says for logs, counts and fault rules what a path is about: the service, the workspace, and what of it."""
    path = raw_path.strip("/")
    kind = path.partition("/")[0].lower()
    service = "arm" if kind == "subscriptions" else kind
    _, found, rest = re.split(r"(/workspaces/)", path, maxsplit=1) if "/workspaces/" in path else ("", "", path)
    name, _, below = rest.partition("/")
    return Target(service, unquote(name), below) if found else Target(service, "", path)
