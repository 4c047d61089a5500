"""Random flows, random edits of them, and ways of writing them, for the properties of merge and diff."""

import copy
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

Flow = dict[str, Any]
NODES = ["fetch", "clean", "rank", "answer", "größe"]
KEYS = ["text", "top_k", "temperature", "query"]
VALUES = [0, 1, 0.5, True, None, "x", "yes", "1", "", "a: b", "# no", "two\nlines\n", "über", [1, 2], {"k": "v"}, "- d"]


@dataclass(frozen=True)
class Style:
    """How a flow is written."""

    comments: bool = True
    sort_keys: bool = False
    indented_lists: bool = False
    braces: bool = False
    quotes: str | None = None
    newline: str = "\n"


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    """A flow with a sound graph: nodes refer to flow inputs and to nodes before them."""
    inputs = draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))
    names = draw(st.lists(st.sampled_from(NODES), unique=True, max_size=4))
    flow: Flow = {
        "inputs": {name: {"type": "string"} for name in inputs},
        "outputs": {f"last_{name}": {"type": "string", "reference": f"${{{name}.output}}"} for name in names[-1:]},
        "nodes": [],
    }
    for name in names:
        flow["nodes"].append(draw(nodes(name, inputs, [node["name"] for node in flow["nodes"]])))
    if draw(st.booleans()):
        flow["additional_includes"] = draw(st.lists(st.sampled_from(["../a", "../b", "../c"]), unique=True))
    if draw(st.booleans()):
        flow["description"] = draw(st.sampled_from(["short", "one\ntwo\n\nthree\n"]))
    return flow


@st.composite
def nodes(draw: st.DrawFn, name: str, inputs: list[str], before: list[str]) -> Flow:
    references = [f"${{inputs.{key}}}" for key in inputs] + [f"${{{other}.output}}" for other in before]
    value = st.sampled_from([*VALUES, *references])
    node: Flow = {
        "name": name,
        "type": draw(st.sampled_from(["python", "llm"])),
        "source": {"type": "code", "path": f"{name}.py"},
        "inputs": {key: draw(value) for key in draw(st.lists(st.sampled_from(KEYS), unique=True, max_size=3))},
    }
    if draw(st.booleans()):
        node["connection"] = draw(st.sampled_from(["eu", "us"]))
    return node


@st.composite
def edited(draw: st.DrawFn, flow: Flow, renames: bool = True) -> Flow:
    """The flow after a few edits."""
    result = copy.deepcopy(flow)
    for _ in range(draw(st.integers(0, 3))):
        edits = [_set_value, _delete_key, _add_node, _delete_node, _set_section, _move_node]
        draw(st.sampled_from([*edits, _rename_node] if renames else edits))(draw, result)
    return result


def _node(draw: st.DrawFn, flow: Flow) -> Flow:
    return draw(st.sampled_from(flow["nodes"])) if flow["nodes"] else {"inputs": {}}


def _set_value(draw: st.DrawFn, flow: Flow) -> None:
    inputs = _node(draw, flow)["inputs"]
    references = [f"${{inputs.{key}}}" for key in KEYS[:2]] + [f"${{{name}.output}}" for name in NODES[:3]]
    inputs[draw(st.sampled_from(KEYS))] = draw(st.sampled_from([*VALUES, *references]))


def _delete_key(draw: st.DrawFn, flow: Flow) -> None:
    inputs = _node(draw, flow)["inputs"]
    if inputs:
        del inputs[draw(st.sampled_from(sorted(inputs)))]


def _add_node(draw: st.DrawFn, flow: Flow) -> None:
    taken = {node["name"] for node in flow["nodes"]}
    free = [name for name in [*NODES, "extra"] if name not in taken]
    if free:
        node = draw(nodes(draw(st.sampled_from(free)), list(flow["inputs"]), sorted(taken)))
        flow["nodes"].insert(draw(st.integers(0, len(flow["nodes"]))), node)


def _delete_node(draw: st.DrawFn, flow: Flow) -> None:
    if flow["nodes"]:
        flow["nodes"].remove(_node(draw, flow))


def _rename_node(draw: st.DrawFn, flow: Flow) -> None:
    if flow["nodes"]:
        _node(draw, flow)["name"] = draw(st.sampled_from(["renamed", "called"]))


def _move_node(draw: st.DrawFn, flow: Flow) -> None:
    if flow["nodes"]:
        node = _node(draw, flow)
        flow["nodes"].remove(node)
        flow["nodes"].insert(draw(st.integers(0, len(flow["nodes"]))), node)


def _set_section(draw: st.DrawFn, flow: Flow) -> None:
    section = draw(st.sampled_from(["inputs", "additional_includes", "description", "environment"]))
    if section == "inputs":
        flow["inputs"][draw(st.sampled_from(KEYS))] = {"type": draw(st.sampled_from(["string", "int"]))}
    elif section == "additional_includes":
        flow[section] = draw(st.lists(st.sampled_from(["../a", "../b", "../c", "../d"]), unique=True))
    elif section == "description":
        flow[section] = draw(st.sampled_from(["long", "one\ntwo\n\nthree!\n", "one!\ntwo\n\nthree\n"]))
    else:
        flow[section] = {"python_requirements_txt": draw(st.sampled_from(["requirements.txt", "r.txt"]))}


styles = st.builds(
    Style,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "'", '"']),
    st.sampled_from(["\n", "\n", "\r\n"]),
)


class _Dumper(yaml.SafeDumper):
    indented_lists = False

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless and not self.indented_lists)  # type: ignore[no-untyped-call]

    def ignore_aliases(self, data: object) -> bool:
        return True


class _Indented(_Dumper):
    indented_lists = True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if value.endswith("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def write(flow: Flow, style: Style) -> str:
    """Writes a flow; a comment hangs on what it stands at, so that it comes and goes with it."""
    text: str = yaml.dump(
        flow,
        Dumper=_Indented if style.indented_lists else _Dumper,
        sort_keys=style.sort_keys,
        allow_unicode=True,
        default_flow_style=None if style.braces else False,
        default_style=style.quotes if style.quotes and not _has_text(flow) else None,
    )
    if style.comments:
        text = "".join(_commented(line) for line in text.splitlines(keepends=True))
    return text.replace("\n", style.newline)


def _has_text(flow: Flow) -> bool:
    return "\\n" in repr(flow)


def _commented(line: str) -> str:
    stripped = line.strip()
    if stripped.startswith("- name:"):
        return line[: len(line) - len(line.lstrip())] + f"# about {stripped.rpartition(' ')[2]}\n" + line
    return line.rstrip("\n") + "  # where from\n" if stripped.startswith("path:") else line
