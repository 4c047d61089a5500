"""Rules about the graph: references, cycles, names, the direction of aggregation. Group 1."""

import re

from flowsync.core.check.spelling import nearest
from flowsync.core.check.subject import Subject
from flowsync.core.circles import circles
from flowsync.core.document import Node, Scalar, actual
from flowsync.core.flow import INPUT_PREFIXES, Dag, Output, Reference, Step


def check_graph(subject: Subject, path: str, dag: Dag) -> None:
    """Checks every reference of the flow, and that its nodes can be put into an order."""
    names = _Names(dag)
    _check_names(subject, path, dag)
    for step in dag.steps():
        who = f"Node {step.label!r}"
        condition = step.activate.when if step.activate else None
        for node, references in (
            *((assignment.value, assignment.references) for assignment in step.inputs),
            (condition, step.activate.references if step.activate else ()),
        ):
            for reference in () if _check_joined(subject, path, node, who) else references:
                _check_reference(subject, path, reference, names, who)
        _check_aggregation(subject, path, step, names)
        _check_activate(subject, path, step)
    for output in dag.outputs:
        _check_output(subject, path, output, names)
    _check_cycles(subject, path, dag)


class _Names:
    """What references may name."""

    def __init__(self, dag: Dag) -> None:
        self.inputs = {item.name for item in dag.inputs}
        self.bare = {step.label for step in dag.nodes if not _is_text(step)}  # numbers, dates, true: never referred to
        self.nodes = {step.label for step in dag.nodes if step.label} - self.bare
        self.aggregations = {step.label for step in dag.steps() if step.aggregation}


_QUOTE = "Put quotes around that node's name: without them it is no text in YAML, and no reference finds it."


def _is_text(step: Step) -> bool:
    name = step.node.get("name")
    return not isinstance(name, Scalar) or name.is_text


def _check_joined(subject: Subject, path: str, node: Node | None, who: str) -> bool:
    """Reports a value that begins and ends as a reference, and is none; tells whether it is so."""
    value = actual(node) if node else None
    joined = isinstance(value, Scalar) and value.value.startswith("${") and value.value.endswith("}")
    if not joined or not isinstance(value, Scalar) or not _BRACE.search(value.value, 2, len(value.value) - 1):
        return False
    message = f"{who} has {value.value[:80]!r}, which prompt flow takes for one reference."
    subject.report("FS112", path, value.span, message)
    return True


_BRACE = re.compile(r"[{}]")


def _check_reference(subject: Subject, path: str, reference: Reference, names: _Names, who: str) -> None:
    shown = f"${{{reference.written}}}"
    if not reference.whole:
        if reference.to_input in names.inputs or reference.to_node in names.nodes:
            message = f"{who} has {shown} inside a longer text, where it is not replaced."
            subject.report("FS108", path, reference.span, message)
        return
    if reference.to_node:
        if reference.to_node not in names.nodes:
            said = f"{who} refers to the node {reference.to_node!r}, which does not exist."
            fix = nearest(reference.to_node, names.nodes) if reference.to_node not in names.bare else _QUOTE
            subject.report("FS101", path, reference.span, said, fix)
        elif reference.section != "output":
            code = "FS111" if who.startswith("Output") else "FS107"
            subject.report(code, path, reference.span, f"{who} asks for {shown}; a node has only `output`.")
    elif reference.to_input not in names.inputs:
        said = f"{who} refers to the flow input {reference.to_input!r}, which does not exist."
        subject.report("FS101", path, reference.span, said, nearest(reference.to_input, names.inputs))


def _check_names(subject: Subject, path: str, dag: Dag) -> None:
    first: dict[str, int] = {}
    for step in dag.nodes:
        if not step.name or not step.label:
            subject.report("FS104", path, step.span, "This node has no name.")
            continue
        if step.label in first:
            message = f"The node name {step.label!r} is already on line {first[step.label]}."
            subject.report("FS103", path, step.name.span, message)
        else:
            first[step.label] = step.name.span.line
        if step.label in INPUT_PREFIXES or "." in step.label or "}" in step.label:
            subject.report("FS209", path, step.name.span, f"No reference can name a node {step.label!r}.")


def _check_aggregation(subject: Subject, path: str, step: Step, names: _Names) -> None:
    for reference in step.references():
        if not step.aggregation and reference.whole and reference.to_node in names.aggregations:
            said = f"Node {step.label!r} refers to {reference.to_node!r}, which runs only after all lines."
            subject.report("FS105", path, reference.span, said)
    if not step.aggregation or not step.activate:
        return
    for reference in step.activate.references:
        if reference.to_node in names.nodes - names.aggregations:
            said = f"The condition of aggregation node {step.label!r} refers to the normal node {reference.to_node!r}."
            subject.report("FS105", path, reference.span, said)


def _check_activate(subject: Subject, path: str, step: Step) -> None:
    written = step.node.entry("activate")
    if written and isinstance(value := actual(written.value), Scalar) and value.resolved() is None:
        message = f"`activate` of node {step.label!r} is empty."
        subject.report("FS110", path, written.key.span, message)
    if step.activate and (step.activate.when is None or step.activate.equals is None):
        lacking = "when" if step.activate.when is None else "is"
        message = f"`activate` of node {step.label!r} lacks `{lacking}`."
        subject.report("FS110", path, step.activate.span, message)


def _check_output(subject: Subject, path: str, output: Output, names: _Names) -> None:
    value = output.value
    if value is None or (isinstance(value, Scalar) and not value.value):
        subject.report("FS106", path, output.span, f"The output {output.name!r} has no reference.")
    for reference in () if _check_joined(subject, path, value, f"Output {output.name!r}") else output.references:
        _check_reference(subject, path, reference, names, f"Output {output.name!r}")
        if reference.whole and reference.to_node in names.aggregations:
            message = f"The output {output.name!r} refers to the aggregation node {reference.to_node!r}."
            subject.report("FS109", path, reference.span, message)


def _check_cycles(subject: Subject, path: str, dag: Dag) -> None:
    waits: dict[str, dict[str, Reference]] = {}
    for step in dag.steps():
        own = waits.setdefault(step.label, {})
        for reference in step.references():
            if reference.whole and reference.to_node:
                own.setdefault(reference.to_node, reference)
    for circle in circles(waits):
        along = " -> ".join((*circle, circle[0]))
        reference = waits[circle[0]][circle[1 % len(circle)]]
        subject.report("FS102", path, reference.span, f"Nodes wait for each other: {along}.")
