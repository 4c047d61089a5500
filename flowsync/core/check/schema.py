"""Rules about keys, shapes and values of a DAG's definition. Group 2."""

import json
from collections.abc import Collection, Mapping

from flowsync.core.check.spelling import nearest
from flowsync.core.check.subject import TOP, Subject
from flowsync.core.document import Entry, Node, Scalar, Sequence, actual
from flowsync.core.document import Mapping as Keys
from flowsync.core.flow import Dag, Input, Step, Text, entries, items

Shape = str  # "mapping", "list", "word" (any scalar), "text" (no number, no null), "mark", "bool", "any"

COMMON = {
    "$schema": "word",
    "additional_includes": "list",
    "description": "text",
    "display_name": "text",
    "environment": "mapping",
    "environment_variables": "mapping",
    "language": "text",
    "tags": "mapping",
    "type": "text",
}
_ROOT: Mapping[str, Shape] = {
    **COMMON,
    **dict.fromkeys(("id", "message_format", "name"), "word"),
    "version": "any",
    "inputs": "mapping",
    "outputs": "mapping",
    "nodes": "list",
    "node_variants": "mapping",
}
INPUT: Mapping[str, Shape] = {
    "type": "text",
    "description": "text",
    "default": "any",
    "enum": "list",
    "is_chat_input": "mark",
    "is_chat_history": "mark",
}
_OUTPUT: Mapping[str, Shape] = {
    "type": "text",
    "description": "text",
    "reference": "text",
    "is_chat_output": "mark",
    "evaluation_only": "bool",
}
_NODE: Mapping[str, Shape] = {
    "name": "word",
    "type": "word",
    "source": "mapping",
    "inputs": "mapping",
    "tool": "any",
    "api": "word",
    "provider": "word",
    "module": "word",
    "connection": "word",
    "aggregation": "bool",
    "reduce": "bool",
    "activate": "mapping",
    "skip": "mapping",
    "use_variants": "bool",
    "comment": "word",
    "enable_cache": "bool",
}
_SOURCE: Mapping[str, Shape] = {"type": "word", "path": "word", "tool": "word"}
_VARIANTS: Mapping[str, Shape] = {"default_variant_id": "word", "variants": "mapping"}
_VARIANT: Mapping[str, Shape] = {"node": "mapping", "description": "word"}
# The words that its schema takes for true and false, as texts.
_MARKS = frozenset(("t", "true", "1", "y", "yes", "on", "f", "false", "0", "n", "no", "off"))

VALUE_TYPES = (
    *("int", "double", "bool", "string", "list", "object", "secret", "prompt_template"),
    *("file_path", "image", "assistant_definition"),
)
_SOURCE_TYPES = ("code", "package", "package_with_prompt")  # prompt flow never looks which, for llm and prompt
_NODE_TYPES = ("llm", "python", "prompt", "custom_llm", "csharp", "action")
_FLOW_TYPES = ("standard", "evaluation", "chat")
LANGUAGES = ("python", "csharp")
_MESSAGE_FORMATS = ("basic", "openai-vision")


def check_schema(subject: Subject, path: str, dag: Dag) -> None:
    """Checks the definition's keys and the values that do not refer to anything."""
    root = actual(dag.document.root) if dag.document.root else None
    if root is None or (isinstance(root, Scalar) and root.resolved() is None):
        if dag.document.root is not None:
            subject.report("FS213", path, TOP, "The definition is empty.")
        return
    if not isinstance(root, Keys):
        subject.report("FS203", path, root.span, "A definition is a mapping with the key `nodes`.")
        return
    check_keys(subject, path, root, _ROOT, "the flow")
    check_root(subject, path, root)
    if root.get("nodes") is None:
        subject.report("FS202", path, TOP, "The key `nodes` is missing.")
    _check_children(subject, path, root)
    _check_choices(subject, path, root)
    for item in dag.inputs:
        check_input(subject, path, item)
    for output in dag.outputs:
        _check_type(subject, path, output.type, output.node, f"output {output.name!r}")
    for step in dag.nodes:
        _check_variants(subject, path, step, dag)
    for step in dag.steps():
        _check_step_type(subject, path, step)
    _check_chat(subject, path, dag)


def check_keys(subject: Subject, path: str, node: Node, known: Mapping[str, Shape], where: str) -> None:
    """Checks a mapping's keys and the shapes of their values."""
    for entry in entries(node):
        shape = known.get(entry.name)
        if shape is None:
            message = f"Prompt flow knows no key {entry.name[:80]!r} in {where}."
            subject.report("FS201", path, entry.key.span, message, nearest(entry.name, known))
        else:
            check_shape(subject, path, entry, shape)


_SHOWN = {
    "mapping": "a mapping",
    "list": "a list",
    "word": "a text",
    "text": "a text",
    "bool": "true or false",
    "mark": "true or false",
}


def check_shape(subject: Subject, path: str, entry: Entry, shape: Shape) -> None:
    """Checks that a value is of its shape. A null counts as absent."""
    value = actual(entry.value)
    # Places are the key's: a null value has none of its own.
    if isinstance(value, Scalar) and value.resolved() is None:
        if shape in ("text", "mark"):
            subject.report("FS216", path, entry.key.span, f"`{entry.name}` is null.")
    elif isinstance(value, Scalar) and shape in ("bool", "mark"):
        if shape == "mark" and value.value.lower() not in _MARKS:
            subject.report("FS203", path, entry.key.span, f"`{entry.name}` is true or false.")
        elif not isinstance(value.resolved(), bool):
            subject.report("FS215", path, entry.key.span, f"`{entry.name}` is {value.value[:40]!r}, not true or false.")
    elif shape == "text" and isinstance(value, Scalar) and not value.is_text:
        subject.report(
            "FS216", path, entry.key.span, f"`{entry.name}` is {value.value[:40]!r}, which is no text in YAML."
        )
    elif shape != "any" and not isinstance(value, _NODES[shape]):
        subject.report("FS203", path, entry.key.span, f"`{entry.name}` is {_SHOWN[shape]}.")


_NODES: Mapping[str, type] = {"mapping": Keys, "list": Sequence} | dict.fromkeys(
    ("word", "text", "bool", "mark"), Scalar
)


def check_root(subject: Subject, path: str, root: Keys) -> None:
    """Checks what prompt flow's schema wants of the whole: no nulls, names and tags that are texts."""
    for entry in entries(root):
        value = actual(entry.value)
        if isinstance(value, Scalar) and value.resolved() is None and entry.name in _WHOLE:
            code = "FS203" if entry.name in ("inputs", "outputs", "nodes") else "FS216"
            subject.report(code, path, entry.key.span, f"`{entry.name}` is null.")
        elif entry.name == "tags":
            for tag in entries(value):
                check_shape(subject, path, tag, "text")
        elif entry.name in ("inputs", "outputs"):
            for port in entries(value):
                if isinstance(port.key, Scalar) and not port.key.is_text:
                    message = f"The name {port.name[:80]!r} is no text in YAML, so that nothing can refer to it."
                    subject.report("FS209", path, port.key.span, message, "Put quotes around it.")


_WHOLE = frozenset(
    {
        "inputs",
        "outputs",
        "nodes",
        "node_variants",
        "environment",
        "environment_variables",
        "tags",
        "additional_includes",
    }
)


def _check_children(subject: Subject, path: str, root: Keys) -> None:
    for entry in entries(root.get("outputs")):
        _check_mapping(subject, path, entry.value, _OUTPUT, f"output {entry.name!r}")
    for item in items(root.get("nodes")):
        _check_node(subject, path, item)
    for entry in entries(root.get("node_variants")):
        _check_mapping(subject, path, entry.value, _VARIANTS, f"the variants of {entry.name!r}")
        group = actual(entry.value)
        for variant in entries(group.get("variants") if isinstance(group, Keys) else None):
            _check_mapping(subject, path, variant.value, _VARIANT, f"variant {variant.name!r}")
            inner = actual(variant.value)
            if isinstance(inner, Keys) and (node := inner.get("node")) is not None:
                _check_node(subject, path, node)
            elif isinstance(inner, Keys):
                subject.report("FS202", path, variant.key.span, f"The variant {variant.name!r} has no `node`.")
    for item in items(root.get("additional_includes")):
        if not isinstance(item, Scalar):
            subject.report("FS203", path, item.span, "An additional include is a path.")


def _check_mapping(subject: Subject, path: str, node: Node, known: Mapping[str, Shape], where: str) -> None:
    mapping = actual(node)
    if isinstance(mapping, Keys):
        check_keys(subject, path, mapping, known, where)
    else:
        subject.report("FS203", path, mapping.span, f"{where[:1].upper()}{where[1:]} is a mapping.")


def _check_node(subject: Subject, path: str, node: Node) -> None:
    _check_mapping(subject, path, node, _NODE, "a node")
    if isinstance(node, Keys) and (source := node.get("source")) is not None and isinstance(source, Keys):
        check_keys(subject, path, source, _SOURCE, "a source")
        kind, written = node.get("type"), source.entry("type")
        null = written and isinstance(value := actual(written.value), Scalar) and value.resolved() is None
        if written and null and isinstance(kind, Scalar) and kind.value in ("python", "custom_llm"):
            subject.report(
                "FS205", path, written.key.span, f"The source of a {kind.value} node has a type that is null."
            )


def _check_choices(subject: Subject, path: str, root: Keys) -> None:
    for key, choices in (("type", _FLOW_TYPES), ("language", LANGUAGES), ("message_format", _MESSAGE_FORMATS)):
        check_choice(subject, path, root, key, choices)


def check_choice(subject: Subject, path: str, node: Keys, key: str, choices: Collection[str]) -> None:
    """Checks that a key, if it is there, has one of a few words."""
    value = node.get(key)
    if isinstance(value, Scalar) and value.resolved() is not None and value.value not in choices:
        message = f"`{key}` is {value.value[:80]!r}; it can be {', '.join(choices)}."
        subject.report("FS208", path, value.span, message)


def check_input(subject: Subject, path: str, item: Input, types: Collection[str] = VALUE_TYPES) -> None:
    """Checks one flow input: its keys, its type, its default."""
    _check_mapping(subject, path, item.node, INPUT, f"input {item.name!r}")
    _check_type(subject, path, item.type, item.node, f"input {item.name!r}", types)
    default = item.node.entry("default") if isinstance(item.node, Keys) else None
    if default and isinstance(item.default, Scalar) and item.default.resolved() is None:
        subject.report("FS216", path, default.key.span, f"The default of input {item.name!r} is null.")
    if item.type and item.default is not None:
        check_literal(subject, path, item.default, item.type.text, f"The default of input {item.name!r}")


def _check_type(
    subject: Subject, path: str, text: Text | None, node: Node, who: str, types: Collection[str] = VALUE_TYPES
) -> None:
    if text is None:
        if isinstance(node, Keys):
            subject.report("FS202", path, node.span, f"The {who} has no `type`.")
    elif text.text not in types:
        message = f"The {who} has the unknown type {text.text[:80]!r}; known are {', '.join(types)}."
        subject.report("FS206", path, text.span, message)


def check_literal(subject: Subject, path: str, node: Node, type_name: str, who: str) -> None:
    """Checks that a value can be read as a value type the way prompt flow reads it."""
    if wrong := problem_with_literal(node, type_name):
        subject.report("FS207", path, actual(node).span, f"{who} is {wrong}, not {type_name}.")


def problem_with_literal(node: Node, type_name: str) -> str:
    """Returns what a value is instead of its type, or an empty text. A null and an empty text count as absent."""
    value = actual(node)
    if isinstance(value, Scalar):
        plain = value.resolved()
        if plain is None or plain == "":
            return ""
        return "" if _readable(plain, type_name) else f"{value.value[:40]!r}"
    shown = "a list" if isinstance(value, Sequence) else "a mapping"
    if type_name in ("int", "double", "bool") or (type_name == "list" and shown == "a mapping"):
        return shown
    return ""


def _readable(value: str | int | float | bool, type_name: str) -> bool:
    try:
        if type_name == "int":
            int(value)
        elif type_name == "double":
            float(value)
        elif type_name == "bool":
            return isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false"))
        elif type_name == "list":
            return isinstance(value, str) and isinstance(json.loads(value), list)
    except (ValueError, OverflowError, RecursionError):
        return False
    return True


def _check_variants(subject: Subject, path: str, step: Step, dag: Dag) -> None:
    groups = {group.name: group for group in dag.variants}
    group = groups.get(step.label)
    if not step.use_variants or not step.name:
        return
    if group is None or not group.steps:
        message = f"Node {step.label!r} uses variants, but `node_variants` has none for it."
        subject.report("FS210", path, step.name.span, message)
    elif group.default is None:
        subject.report("FS210", path, group.span, f"The variants of {group.name!r} have no `default_variant_id`.")
    elif group.default.text not in {variant.variant for variant in group.steps}:
        message = f"The default variant {group.default.text!r} of node {group.name!r} does not exist."
        subject.report("FS210", path, group.default.span, message)


def _check_step_type(subject: Subject, path: str, step: Step) -> None:
    who = f"Node {step.label!r}"
    if step.type is None:
        subject.report("FS202", path, step.span, f"{who} has no `type`.")
    elif step.type.text not in _NODE_TYPES:
        message = f"{who} has the unknown type {step.type.text[:80]!r}; known are {', '.join(_NODE_TYPES[:5])}."
        subject.report("FS204", path, step.type.span, message)
    elif step.source and step.source.type:
        kind = step.source.type
        right = {"python": ("code", "package"), "custom_llm": ("package_with_prompt",)}.get(
            step.type.text, _SOURCE_TYPES
        )
        if kind.text not in right and step.type.text not in ("csharp", "action"):
            message = (
                f"{who} has the source type {kind.text[:80]!r}; a {step.type.text} node takes {' or '.join(right)}."
            )
            subject.report("FS205", path, kind.span, message)


def _check_chat(subject: Subject, path: str, dag: Dag) -> None:
    marked = {
        "is_chat_input": [item.span for item in dag.inputs if item.chat_input],
        "is_chat_history": [item.span for item in dag.inputs if item.chat_history],
        "is_chat_output": [output.span for output in dag.outputs if output.chat_output],
    }
    for mark, spans in marked.items():
        if len(spans) > 1:
            subject.report("FS211", path, spans[1], f"`{mark}` is already set on line {spans[0].line}.")
    if dag.type and dag.type.text == "chat":
        for mark in ("is_chat_input", "is_chat_output"):
            if not marked[mark]:
                subject.report("FS211", path, dag.type.span, f"A chat flow needs one {_PORT[mark]} with `{mark}`.")
    for item in dag.inputs:
        if item.chat_history and item.type and item.type.text not in ("list", "object"):
            subject.report("FS211", path, item.type.span, f"The chat history {item.name!r} is a list.")


_PORT = {"is_chat_input": "input", "is_chat_output": "output"}
