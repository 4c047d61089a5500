"""A flow's definition, as far as a run needs it: inputs, outputs, and which node feeds on what. Pure.

This reads definitions with code of its own, on purpose: what flowsync believes of a flow must not decide how the
emulator treats it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_REFERENCE = re.compile(r"\$\{(?P<owner>[^.}]+)(?:\.(?P<rest>[^}]*))?\}")
_MAX_TEXT = 2000


class Unrunnable(Exception):
    """A definition that no run can be made of, or a line that cannot be run; the message says why."""


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A definition: DAG or flex."""

    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, str]  # name -> reference
    nodes: Mapping[str, Mapping[str, Any]]
    entry: str = ""  # of a flex flow

    @property
    def line_nodes(self) -> list[str]:
        """The nodes that run once for each line."""
        return [name for name, node in self.nodes.items() if not node.get("aggregation")]


def parse(text: str, variant: str = "") -> FlowFile:
    """Reads a definition; ``variant`` is ``${node.variant}``. Raises Unrunnable."""
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Unrunnable("The flow definition is not valid YAML.") from error
    if not isinstance(given, dict):
        raise Unrunnable("The flow definition is no mapping.")
    inputs = {str(name): one if isinstance(one, dict) else {} for name, one in (given.get("inputs") or {}).items()}
    outputs = {
        str(name): str(one.get("reference", "")) if isinstance(one, dict) else ""
        for name, one in (given.get("outputs") or {}).items()
    }
    if "entry" in given:
        return FlowFile(inputs, outputs or {"output": ""}, {}, str(given["entry"]))
    nodes = given.get("nodes")
    if not isinstance(nodes, list):
        raise Unrunnable("The flow definition has no nodes.")
    variants = given.get("node_variants") or {}
    chosen = _REFERENCE.fullmatch(variant)
    wanted = {chosen["owner"]: chosen["rest"]} if chosen else {}
    return FlowFile(inputs, outputs, {str(n["name"]): _node(n, variants, wanted) for n in nodes if "name" in n})


def _node(node: Mapping[str, Any], variants: Mapping[str, Any], wanted: Mapping[str, str]) -> Mapping[str, Any]:
    """Returns a node with the variant that a run uses."""
    name = str(node["name"])
    if not node.get("use_variants"):
        return node
    of = variants.get(name) or {}
    chosen = wanted.get(name) or of.get("default_variant_id")
    found = (of.get("variants") or {}).get(chosen)
    if not isinstance(found, dict):
        raise Unrunnable(f"The node {name} has no variant {chosen}.")
    return {**(found.get("node") or {}), "name": name}


def output(flow: FlowFile, reference: str, line: Mapping[str, Any]) -> Any:
    """Returns what an output's reference comes to for a line's inputs; nothing of a flow is ever run.

    A flow input is its value. A node's output is the node's name applied to what its inputs come to, as text:
    ``answer(question="Who?", context=search(query="Who?"))``. So it changes when the graph or the data does.
    """
    if flow.entry:
        return _call(flow.entry, line, {name: f"${{inputs.{name}}}" for name in line}, flow, ())
    return _resolve(flow, reference, line, ())


def _resolve(flow: FlowFile, value: Any, line: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    owner, rest = match["owner"], match["rest"] or ""
    if owner in ("inputs", "flow"):
        if rest not in line:
            raise Unrunnable(f"The flow has no input {rest}.")
        return line[rest]
    if owner not in flow.nodes:
        raise Unrunnable(f"The flow has no node {owner}.")
    if owner in path:
        raise Unrunnable(f"The node {owner} waits for itself.")
    inputs = flow.nodes[owner].get("inputs") or {}
    text = _call(owner, line, inputs, flow, (*path, owner))
    property_ = rest.partition(".")[2]
    return f"{text}.{property_}" if property_ else text


def _call(name: str, line: Mapping[str, Any], inputs: Mapping[str, Any], flow: FlowFile, path: tuple[str, ...]) -> str:
    parts = []
    for key, value in inputs.items():
        found = _resolve(flow, value, line, path)
        is_call = isinstance(value, str) and found != value and not value.startswith(("${inputs.", "${flow."))
        parts.append(f"{key}={found if is_call else json.dumps(found, ensure_ascii=False)}")
    return f"{name}({', '.join(parts)})"[:_MAX_TEXT]
