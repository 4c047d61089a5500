"""Runs: here with pf, in the cloud tied to a commit, judged by an evaluation, and shown."""

import sys
from pathlib import Path
from typing import Any

import pytest

from flowsync.emulator.witness import Event

from .world import GOOD, Office

DATA = "".join(f'{{"text": "line {number}", "answer": "a"}}\n' for number in range(30))
RUN = "flow: .\ndata: data.jsonl\ncolumn_mapping:\n  text: ${data.text}\ntags: {team: search}\n"
JUDGE = """\
inputs:
  groundtruth: {type: string}
  prediction: {type: string}
outputs:
  score: {type: string, reference: '${grade.output}'}
nodes:
- name: grade
  type: python
  source: {type: code, path: grade.py}
  inputs: {groundtruth: '${inputs.groundtruth}', prediction: '${inputs.prediction}'}
- name: aggregate
  type: python
  aggregation: true
  source: {type: code, path: aggregate.py}
  inputs: {scores: '${grade.output}'}
"""
TOOL = "from promptflow.core import tool\n\n\n@tool\ndef run({}):\n    return 1\n"


@pytest.fixture
def ready(office: Office) -> Office:
    """A registered flow with data and a run file, and an evaluation flow."""
    office.commit_flow("chat", {"data.jsonl": DATA, "run.yml": RUN})
    judge = {
        "flow.dag.yaml": JUDGE,
        "grade.py": TOOL.format("groundtruth: str, prediction: str"),
        "aggregate.py": TOOL.format("scores: list"),
        "run_evaluation.yml": (
            "flow: .\ndata: ../chat/data.jsonl\nrun: NAME\ncolumn_mapping:\n"
            "  groundtruth: ${data.answer}\n  prediction: ${run.outputs.out}\n"
        ),
    }
    office.commit({f"flows/judge/{path}": text for path, text in judge.items()}, "Add judge")
    office.draft("create", "chat")
    office.draft("create", "judge", "--type", "evaluation")
    office.workspace.run_statuses = []  # over at once
    office.workspace.results = {"judge*": {"metrics": {"accuracy": 0.75, "recall": 0.5}}}
    return office


def submitted(office: Office, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = office.json("run", "submit", "flows/chat/run.yml", *arguments)["run"]
    return found


def test_a_run_carries_its_commit(ready: Office) -> None:
    run = submitted(ready, "--name", "first")
    assert (run["name"], run["status"], run["flow"], run["commit"]) == ("first", "Completed", "chat", ready.tip())
    assert run["dirty"] is False and run["tags"]["team"] == "search"
    assert "datastores/workspaceblobstore/paths/LocalUpload/" in run["data"]
    shown = ready.ends(0, "run", "show", "first").out
    assert str(ready.tip()) in shown and "/runs/first?wsid=" in shown
    (listed,) = ready.json("run", "list")["runs"]
    assert (listed["name"], listed["commit"], listed["status"]) == ("first", ready.tip(), "Completed")
    assert ready.json("run", "list", "--flow", "judge")["runs"] == []


def test_what_runs_is_the_registered_flow_and_nothing_is_uploaded_but_data(ready: Office) -> None:
    before = dict(ready.emulator.counts)
    submitted(ready)
    submitted(ready)
    counts = ready.emulator.counts
    assert counts.get("put_blob", 0) - before.get("put_blob", 0) == 1, "the same data, once"
    assert counts.get("create_file", 0) == before.get("create_file", 0)


@pytest.mark.parametrize("credentials", ["AccountKey", "Sas", "None"])
def test_data_is_uploaded_in_every_mode(ready: Office, credentials: Any) -> None:
    ready.workspace.credentials = credentials
    for file in ready.folder.glob(".git/flowsync/studio/*/workspace.json"):
        file.unlink()
    run = submitted(ready)
    assert len(ready.json("run", "details", run["name"])["lines"]) == 30


def test_a_dirty_flow_is_refused_unless_told(ready: Office) -> None:
    ready.write({"flows/chat/echo.py": GOOD["echo.py"] + "# not committed\n"})
    run = ready.ends(2, "run", "submit", "flows/chat/run.yml")
    assert "chat has uncommitted edits (1)" in run.err and "--allow-dirty" in run.err
    assert ready.json("run", "list")["runs"] == []
    told = submitted(ready, "--allow-dirty")
    assert told["dirty"] is True and told["commit"] == ready.tip()
    assert "(with --allow-dirty" in ready.ends(0, "run", "show", told["name"]).out


def test_a_flow_that_studio_holds_in_another_state_is_refused_unless_told(ready: Office) -> None:
    before = ready.tip()
    ready.commit({"flows/chat/echo.py": GOOD["echo.py"] + "# committed, not pushed\n"})
    run = ready.ends(2, "run", "submit", "flows/chat/run.yml")
    assert "Studio does not hold what the branch holds of chat (local-ahead)" in run.err
    assert submitted(ready, "--allow-dirty")["commit"] == before
    ready.ends(0, "push")
    assert submitted(ready)["commit"] == ready.tip()


def test_a_save_at_the_moment_of_submission_makes_the_run_dirty(ready: Office) -> None:
    def studio_saves(event: Event) -> None:
        if (event.when, event.operation) == ("before", "submit_run"):
            (ready.folder_of(ready.user) / "chat/echo.py").write_text(GOOD["echo.py"] + "# just now\n")

    ready.emulator.on_request(studio_saves)
    run = submitted(ready)
    assert run["dirty"] is True and run["tags"]["team"] == "search" and run["commit"] == ready.tip()


def test_a_flow_that_is_not_registered(office: Office) -> None:
    office.commit_flow("chat", {"data.jsonl": DATA, "run.yml": RUN})
    run = office.ends(2, "run", "submit", "flows/chat/run.yml")
    assert "is not registered in Studio" in run.err and "flowsync draft create chat" in run.err


def test_by_the_id_of_somebodys_flow(ready: Office) -> None:
    flow_id = ready.records()[-1]["flowId"]
    ready.write({"elsewhere.yml": f"flow: azureml:{flow_id}\ndata: flows/chat/data.jsonl\n"})
    assert ready.json("run", "submit", "elsewhere.yml")["run"]["status"] == "Completed"


def test_an_evaluation_and_its_metrics(ready: Office) -> None:
    run = submitted(ready, "--name", "first")
    judged = ready.json("run", "eval", "flows/judge/run_evaluation.yml", "--run", run["name"])["run"]
    assert judged["evaluates"] == "first"
    assert ready.json("run", "metrics", judged["name"])["metrics"] == {
        judged["name"]: {"accuracy": 0.75, "recall": 0.5}
    }
    drawn = ready.ends(0, "run", "metrics", judged["name"]).out
    assert "accuracy" in drawn and "0.75" in drawn and "█" * 18 in drawn and "█" * 19 not in drawn
    ready.workspace.results["judge*"]["metrics"] = {"accuracy": 0.9}
    second = ready.json("run", "eval", "flows/judge/run_evaluation.yml", "--run", "first")["run"]
    drawn = ready.ends(0, "run", "metrics", judged["name"], second["name"]).out
    assert "▁█" in drawn
    assert "accuracy, oldest first: ▁█  0.75 to 0.9" in ready.ends(0, "run", "list").out
    ready.write({"bare.yml": "flow: flows/judge\ndata: flows/chat/data.jsonl\n"})
    assert "needs the run that it judges" in ready.ends(2, "run", "eval", "bare.yml").err


def test_details_are_a_table_of_every_line_in_order(ready: Office) -> None:
    ready.workspace.results = {"broken": {"failed_lines": {"7": "the tool fell over"}}}
    run = submitted(ready, "--name", "broken")
    lines = ready.json("run", "details", "broken")["lines"]
    assert [line["index"] for line in lines] == list(range(30))
    assert lines[7]["error"] and lines[8]["outputs"] == {"out": 'echo(text="line 8")'}
    drawn = ready.ends(0, "run", "details", run["name"], "-n", "10").out
    assert "inputs.text" in drawn and "outputs.out" in drawn and "the tool fell over" in drawn
    assert "line 9" in drawn and "line 10" not in drawn


def test_stream_tells_the_log_once_and_ends_as_the_run_did(ready: Office, quick_looks: None) -> None:
    ready.workspace.run_statuses = ["NotStarted", "Running", "Running"]
    run = submitted(ready, "--name", "slow")
    assert run["status"] == "NotStarted"
    assert "is not over yet" in ready.ends(2, "run", "metrics", "slow").err
    said = ready.ends(0, "run", "stream", "slow").out
    assert said.count("Receiving v2 bulk run request") == 1 and "Completed" in said
    ready.workspace.run_statuses = []
    ready.workspace.results = {"bad": {"status": "Failed", "error": "no connection"}}
    run = ready.ends(1, "run", "submit", "flows/chat/run.yml", "--name", "bad", "--stream")
    assert "no connection" in run.out


def test_cancel(ready: Office, quick_looks: None) -> None:
    ready.workspace.run_statuses = ["Running"] * 50
    submitted(ready, "--name", "long")
    ready.ends(0, "run", "cancel", "long")
    ready.ends(1, "run", "stream", "long")


def test_the_table_of_runs(ready: Office) -> None:
    for name in ("one", "two"):
        submitted(ready, "--name", name)
    drawn = ready.ends(0, "run", "list").out
    assert "one" in drawn and "two" in drawn and str(ready.tip())[:10] in drawn
    assert "seconds, oldest first:" in drawn


def test_a_submission_whose_answer_was_lost_is_looked_for(ready: Office) -> None:
    ready.emulator.faults.drop_after("submit_run")
    assert submitted(ready, "--name", "once")["status"] == "Completed"
    assert len(ready.json("run", "list")["runs"]) == 1


def test_a_rehearsal_submits_nothing(ready: Office) -> None:
    found = ready.json("run", "submit", "flows/chat/run.yml", "--dry-run")
    assert found["request"]["tags"]["flowsync.commit"] == ready.tip()
    assert ready.json("run", "list")["runs"] == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]\n", "must be a mapping"),
        ("data: d\n", "names no flow"),
        ("flow: .\n", "names neither data nor a run"),
        ("flow: .\ndata: nowhere.jsonl\n", "nowhere.jsonl does not exist"),
        ("flow: .\ndata: x\nflwo: y\n", "flwo is not a key of run files"),
        ("flow: .\ndata: x\nproperties: {a: b}\n", "properties does not reach the cloud"),
        ("flow: .\ndata: [x]\n", "data must be a text"),
        ("flow: ../..\ndata: data.jsonl\n", "is no flow of studio"),
        ("flow: {\n", "is not YAML"),
    ],
)
def test_run_files_that_are_wrong(ready: Office, text: str, sentence: str) -> None:
    ready.write({"flows/chat/bad.yml": text})
    run = ready.ends(2, "run", "submit", "flows/chat/bad.yml", "--allow-dirty")
    assert sentence in run.err


def test_after_retirement_nothing_is_submitted(ready: Office) -> None:
    ready.workspace.phase = "read-only"
    run = ready.ends(4, "run", "submit", "flows/chat/run.yml")
    assert "Studio takes no changes" in run.err
    assert ready.json("status")["read_only"]


def test_here_with_pf(ready: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is passed on, and what comes back; the real pf has a test of its own below."""
    pf = tmp_path / "pf"
    pf.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:])\nsys.exit('fail' in sys.argv)\n")
    pf.chmod(0o755)
    monkeypatch.setenv("FLOWSYNC_PF", str(pf))
    run = ready.process("run", "test", "chat", "--inputs", "text=hi", "--variant", "a.b")
    folder = ready.folder / "flows/chat"
    assert run.code == 0
    wanted = ["flow", "test", "--flow", str(folder), "--inputs", "text=hi", "--variant", "${a.b}"]
    assert run.out.strip() == str(wanted)
    assert ready.process("run", "test", "flows/chat", "--inputs", "fail").code == 1
    assert "there is no flow called nothing" in ready.ends(2, "run", "test", "nothing").err
    monkeypatch.setenv("FLOWSYNC_PF", "/nowhere/pf")
    assert "pip install promptflow-devkit" in ready.ends(2, "run", "test", "chat").err


@pytest.mark.slow
def test_here_with_the_real_pf(ready: Office, promptflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PF_HOME_DIRECTORY", str(promptflow._home))
    run = ready.process("run", "test", "chat", "--inputs", "text=hello")
    assert run.code == 0 and '"out": "hello"' in run.out, str(run)
    assert ready.json("draft", "show", "chat")["sync"] == "in-sync"  # the logs it left are no edits


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    from flowsync.sync import cloud_runs

    monkeypatch.setattr(cloud_runs, "_FIRST", 0.01)
    monkeypatch.setattr(cloud_runs, "_LONGEST", 0.02)
