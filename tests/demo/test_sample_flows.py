"""The flows of `flowsync demo`: complete, consistent, portable, and (slow) really run by prompt flow."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jinja2
import jinja2.meta
import pytest
import yaml

import flowsync.demo
from flowsync.core import ignore, names
from flowsync.demo import local_edit, sample_flows, studio_edit
from promptflow_cli import PromptFlow

KINDS = {"ticket-triage": "standard", "bakery-chat": "chat", "triage-quality": "evaluation"}
REFERENCE = re.compile(r"\$\{(\w+)\.(\w+)")

Flow = dict[str, bytes]


def flows() -> dict[str, Flow]:
    found: dict[str, Flow] = {}
    for flow, path, content in sample_flows():
        assert path not in found.setdefault(flow, {}), f"{flow}/{path} came twice"
        found[flow][path] = content
    return found


def dag_of(flow: Flow) -> dict[str, Any]:
    dag = yaml.safe_load(flow["flow.dag.yaml"])
    assert isinstance(dag, dict)
    return dag


def tools_in(source: bytes) -> list[ast.FunctionDef]:
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return [each for each in functions if any(isinstance(d, ast.Name) and d.id == "tool" for d in each.decorator_list)]


def inputs_wanted_by(path: str, source: bytes) -> set[str]:
    if path.endswith(".jinja2"):
        return jinja2.meta.find_undeclared_variables(jinja2.Environment().parse(source.decode()))
    (tool,) = tools_in(source)
    return {argument.arg for argument in tool.args.args}


def put_down(folder: Path, *edits: tuple[str, bytes]) -> Path:
    """Writes the sample flows, then the edits, as `flowsync demo` does."""
    samples = [(f"{flow}/{path}", content) for flow, path, content in sample_flows()]
    for path, content in [*samples, *edits]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_there_is_one_flow_of_each_kind() -> None:
    assert {name: dag_of(flow)["type"] for name, flow in flows().items()} == KINDS


@pytest.mark.parametrize("name", KINDS)
def test_a_flow_is_complete_and_holds_nothing_else(name: str) -> None:
    flow = flows()[name]
    dag = dag_of(flow)
    sources = {node["source"]["path"] for node in dag["nodes"]}
    assert {Path(source).suffix for source in sources} == {".py", ".jinja2"}
    knowledge = {"menu.jsonl"} if name == "bakery-chat" else set()
    requirements = dag["environment"]["python_requirements_txt"]
    assert set(flow) == sources | knowledge | {"flow.dag.yaml", "data.jsonl", requirements}


@pytest.mark.parametrize("name", KINDS)
def test_every_node_gets_what_its_source_asks_for(name: str) -> None:
    flow = flows()[name]
    for node in dag_of(flow)["nodes"]:
        path = node["source"]["path"]
        assert inputs_wanted_by(path, flow[path]) == set(node["inputs"]), node["name"]


@pytest.mark.parametrize("name", KINDS)
def test_every_reference_leads_somewhere(name: str) -> None:
    dag = dag_of(flows()[name])
    nodes = {node["name"] for node in dag["nodes"]}
    assert len(nodes) == len(dag["nodes"])
    wiring = [*dag["outputs"].values(), *(node["inputs"] for node in dag["nodes"])]
    references = REFERENCE.findall(json.dumps(wiring))
    assert len(references) > len(nodes)
    assert all(tail in dag["inputs"] if head == "inputs" else head in nodes for head, tail in references), references
    assert {tail for head, tail in references if head == "inputs"} == set(dag["inputs"])


@pytest.mark.parametrize("name", KINDS)
def test_every_line_of_data_fills_every_input(name: str) -> None:
    flow = flows()[name]
    lines = [json.loads(line) for line in flow["data.jsonl"].splitlines()]
    assert len(lines) >= 3
    assert all(set(line) == set(dag_of(flow)["inputs"]) for line in lines)


def test_the_chat_flow_has_one_of_each_chat_mark() -> None:
    dag = dag_of(flows()["bakery-chat"])
    ports = [*dag["inputs"].values(), *dag["outputs"].values()]
    for mark in ("is_chat_input", "is_chat_history", "is_chat_output"):
        assert sum(port.get(mark, False) for port in ports) == 1, mark


def test_the_evaluation_flow_logs_metrics_in_its_one_aggregation() -> None:
    flow = flows()["triage-quality"]
    aggregations = [node for node in dag_of(flow)["nodes"] if node.get("aggregation")]
    assert [node["name"] for node in aggregations] == ["summarise"]
    (tool,) = tools_in(flow["summarise.py"])
    assert "log_metric(" in ast.unparse(tool)


def test_triage_and_its_judge_speak_of_the_same_teams_and_priorities() -> None:
    samples = flows()
    teams = {json.loads(line)["right_team"] for line in samples["triage-quality"]["data.jsonl"].splitlines()}
    assert teams <= set(re.findall(r'"(\w+)"', samples["ticket-triage"]["pick_team.py"].decode()))
    priorities = re.search(r"PRIORITIES = (\[.*\])", samples["triage-quality"]["grade_line.py"].decode())
    assert priorities
    rated = re.findall(r'priority, hours = "(\w+)"', samples["ticket-triage"]["rate_urgency.py"].decode())
    assert set(rated) == set(ast.literal_eval(priorities.group(1)))


def test_every_file_syncs_has_a_portable_name_and_is_plain_text() -> None:
    for flow, path, content in sample_flows():
        where = f"{flow}/{path}"
        assert not ignore.never_syncs(path), where
        assert names.problem_with_path(where) is None
        assert where.isascii() and where == where.lower()
        assert content.decode("utf-8"), where
        assert not set(content) & set(b"\r\t\x00"), where
        assert content.endswith(b"\n"), where
        assert len(content) < 4096, where


def test_files_that_python_compiled_on_install_are_not_handed_out(tmp_path: Path) -> None:
    package = Path(flowsync.demo.__file__).parent
    shutil.copytree(package, tmp_path / "installed", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "compileall", "-q", tmp_path / "installed"], check=True)
    assert list((tmp_path / "installed" / "flows").rglob("*.pyc"))
    script = "import installed; print([(flow, path) for flow, path, _ in installed.sample_flows()])"
    listed = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert ast.literal_eval(listed.stdout) == [(flow, path) for flow, path, _ in sample_flows()]


def test_the_studio_edit_changes_one_input_of_one_node() -> None:
    path, content = studio_edit()
    name, _, inner = path.partition("/")
    assert inner == "flow.dag.yaml"
    before = dag_of(flows()[name])
    after = yaml.safe_load(content)
    (changed,) = [new for old, new in zip(before["nodes"], after["nodes"], strict=True) if old != new]
    assert changed["name"] == "rate_urgency"
    assert changed["inputs"]["patience_hours"] == 8
    assert {key for key in before if before[key] != after[key]} == {"nodes"}


def test_the_local_edit_adds_one_line_to_a_prompt_of_another_flow() -> None:
    path, content = local_edit()
    name, _, inner = path.partition("/")
    assert name != studio_edit()[0].partition("/")[0]
    before = flows()[name][inner].splitlines()
    (added,) = [line for line in content.splitlines() if line not in before]
    assert [line for line in content.splitlines() if line != added] == before


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_prompt_flow_runs_each_sample(promptflow: PromptFlow, tmp_path: Path, name: str) -> None:
    flow = put_down(tmp_path) / name
    assert promptflow.validate(flow) == {"result": "Succeeded"}
    outputs = promptflow.test(flow)
    assert set(outputs) == set(dag_of(flows()[name])["outputs"])
    expected = {
        "ticket-triage": ("reply_prompt", "answer within 4 hours"),
        "bakery-chat": ("answer", "The seeded rye: rye, sunflower"),
        "triage-quality": ("verdict", "Right team, right priority."),
    }
    output, words = expected[name]
    assert words in str(outputs[output])


@pytest.mark.slow
def test_prompt_flow_runs_the_edited_samples_and_the_edits_show(promptflow: PromptFlow, tmp_path: Path) -> None:
    root = put_down(tmp_path, studio_edit(), local_edit())
    assert "answer within 1 hour." in str(promptflow.test(root / "ticket-triage")["reply_prompt"])
    assert "Suggest one thing" in str(promptflow.test(root / "bakery-chat")["prompt"])


@pytest.mark.slow
def test_a_run_over_all_data_logs_the_metrics(promptflow: PromptFlow, tmp_path: Path) -> None:
    metrics = promptflow.metrics_of_run(put_down(tmp_path) / "triage-quality")
    assert metrics == {"team_accuracy": 0.8, "priority_score": 0.9}
