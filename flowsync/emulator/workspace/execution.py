"""What comes of a run: its lines, its error, its metrics. Pure, and the same for the same flow, data and result.

Nothing of the flow is run. The lines follow from the data and the graph (``flow_file.output``); what a test wants to
be otherwise (outputs, metrics, failures) it says as a result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowsync.emulator.workspace.flow_file import FlowFile, Unrunnable, output

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """What a test says of runs: how they end, and what stands in for what the nodes would have done."""

    status: str = ""  # Failed or Canceled; "" is what the lines come to
    error: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)  # by output: a value for each line, or one for all
    metrics: Mapping[str, float] = field(default_factory=dict)
    failed_lines: Mapping[str, str] = field(default_factory=dict)  # line number -> message


@dataclass(frozen=True, slots=True)
class Done:
    """One line of a run."""

    index: int
    inputs: Mapping[str, Any]
    output: Mapping[str, Any] | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is over."""

    status: str
    lines: tuple[Done, ...]
    metrics: Mapping[str, float]
    error: str = ""


def execute(
    flow: FlowFile,
    data: Sequence[Line],
    mapping: Mapping[str, str],
    evaluated: Sequence[Done],
    result: Result,
) -> Outcome:
    """Returns what comes of a run over data and, for an evaluation, over the lines of another run."""
    lines = []
    for index in range(max(len(data), len(evaluated))):
        row = data[index] if index < len(data) else {}
        other = evaluated[index] if index < len(evaluated) else None
        lines.append(_line(flow, index, row, other, mapping, result))
    failed = [line for line in lines if line.error]
    error = result.error
    if failed and not error:
        error = f"{len(failed)}/{len(lines)} flow run failed, indexes: [{','.join(str(one.index) for one in failed)}]"
        error += f", exception of index {failed[0].index}: {failed[0].error}"
    status = result.status or ("Failed" if not lines or len(failed) == len(lines) else "Completed")
    if not lines and not error:
        error = "The input data is empty."
    return Outcome(status, tuple(lines), {**_system_metrics(flow, lines), **result.metrics}, error)


def _line(
    flow: FlowFile, index: int, row: Line, other: Done | None, mapping: Mapping[str, str], result: Result
) -> Done:
    inputs: dict[str, Any] = {}
    try:
        inputs.update(_inputs(flow, index, row, other, mapping))
        if str(index) in result.failed_lines:
            raise Unrunnable(result.failed_lines[str(index)])
        made = {name: output(flow, reference, inputs) for name, reference in flow.outputs.items()}
    except Unrunnable as error:
        return Done(index, inputs, None, str(error))
    for name, value in result.outputs.items():
        made[name] = (value[index] if index < len(value) else None) if isinstance(value, list) else value
    return Done(index, inputs, made)


def _inputs(flow: FlowFile, index: int, row: Line, other: Done | None, mapping: Mapping[str, str]) -> dict[str, Any]:
    """Returns a line's inputs: as mapped, else the column of that name, else the default. Raises Unrunnable."""
    found: dict[str, Any] = {name: _mapped(text, row, other) for name, text in mapping.items()}
    for name, declared in flow.inputs.items():
        if name in found:
            continue
        if not mapping and name in row:
            found[name] = row[name]
        elif "default" in declared:
            found[name] = declared["default"]
        else:
            raise Unrunnable(f"The value for flow input '{name}' is not provided in line {index} of input data.")
    return found


def _mapped(text: Any, row: Line, other: Done | None) -> Any:
    if not isinstance(text, str) or not (text.startswith("${") and text.endswith("}")):
        return text
    places: dict[str, Mapping[str, Any]] = {
        "data": row,
        "run.outputs": (other.output or {}) if other else {},
        "run.inputs": other.inputs if other else {},
    }
    for place, values in places.items():
        prefix = f"{place}."
        if text[2:].startswith(prefix):
            name = text[2 + len(prefix) : -1]
            if name not in values:
                raise Unrunnable(f"Couldn't find the mapping relation {text}: there is no {name} in {place}.")
            return values[name]
    raise Unrunnable(f"Couldn't find the mapping relation {text}.")


def _system_metrics(flow: FlowFile, lines: Sequence[Done]) -> dict[str, float]:
    completed = sum(1 for line in lines if not line.error)
    metrics = {f"__pf__.nodes.{name}.completed": float(completed) for name in flow.line_nodes}
    metrics.update(
        {f"__pf__.nodes.{name}.completed": 1.0 for name, node in flow.nodes.items() if node.get("aggregation")}
    )
    return {**metrics, "__pf__.lines.completed": float(completed), "__pf__.lines.failed": float(len(lines) - completed)}
