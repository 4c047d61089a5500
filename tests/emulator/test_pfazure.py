"""The official client, unmodified, against an emulated workspace: an independent reader of everything that it answers.

``pfazure_cli`` says what it needs. Streaming a run waits ten seconds by itself.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import pfazure_cli
from flowsync.emulator import Emulator
from pfazure_cli import PfAzure
from workspace import ALICE, BOB, call, workspace_emulator, write_on_share

pytestmark = pfazure_cli.MARKS
DAG = """\
# greets people
inputs:
  name:
    type: string
outputs:
  greeting:
    type: string
    reference: ${hello.output}
nodes:
- name: hello
  type: python
  source:
    type: code
    path: hello.py
  inputs:
    name: ${inputs.name}
"""
TOOL = "from promptflow.core import tool\n\n\n@tool\ndef hello(name: str) -> str:\n    return f'Hello {name}'\n"
PEOPLE = ["Ada", "Grace", "Joan"]


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with workspace_emulator(tmp_path) as running:
        running.workspaces[0].run_statuses = ["Running"]
        yield running


@pytest.fixture
def pfazure(emulator: Emulator, tmp_path: Path) -> Iterator[PfAzure]:
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "flow.dag.yaml").write_text(DAG)
    (tmp_path / "hello" / "hello.py").write_text(TOOL)
    (tmp_path / "people.jsonl").write_text("".join(json.dumps({"who": name}) + "\n" for name in PEOPLE))
    with pfazure_cli.signed_in(emulator, tmp_path) as client:
        yield client


@pytest.mark.parametrize("credentials", ["AccountKey", "Sas", "None"])
def test_a_flow_of_pfazure(emulator: Emulator, pfazure: PfAzure, credentials: str) -> None:
    workspace = emulator.workspaces[0]
    workspace.change({"credentials": credentials})
    said = ["display_name=Hello there", "type=standard", "description=Greets", "tags.team=demo"]
    made = pfazure.json("flow", "create", "--flow", "hello", "--set", *said)
    path = emulator.share_folder(workspace.share) / made["path"]
    assert path.read_text() == DAG
    assert (path.parent / "hello.py").read_text() == TOOL
    assert path.parent.parent.parent.name == "alice"
    (listed,) = pfazure.json("flow", "list")
    assert (listed["name"], listed["display_name"], listed["tags"]) == (made["name"], "Hello there", {"team": "demo"})
    if credentials != "AccountKey":
        return  # what follows asks nothing of storage
    pfazure.text("flow", "update", "--flow", made["name"], "--set", "display_name=Hello again")
    shown = pfazure.json("flow", "show", "--name", made["name"])
    assert {name: shown[name] for name in ("display_name", "description", "path")} == {
        "display_name": "Hello again",
        "description": "Greets",
        "path": made["path"],
    }
    assert shown["owner"]["user_object_id"] == ALICE.oid


def test_flows_of_somebody_else(emulator: Emulator, pfazure: PfAzure, tmp_path: Path) -> None:
    path = "Users/bob/promptflow/theirs/flow.dag.yaml"
    write_on_share(emulator, path, DAG)
    body = {"flowName": "Theirs", "flowDefinitionFilePath": path, "flowType": "default", "tags": {}}
    theirs = call(emulator, "POST", f"/flow/api{emulator.workspaces[0].arm_id}/Flows", body, user=BOB).json
    assert pfazure.json("flow", "list") == []
    (listed,) = pfazure.json("flow", "list", "--include-others")
    assert (listed["name"], listed["display_name"]) == (theirs["flowId"], "Theirs")
    refused = pfazure.run("flow", "update", "--flow", theirs["flowId"], "--set", "display_name=Mine")
    assert refused.returncode != 0
    assert "not the owner" in refused.stdout + refused.stderr
    assert pfazure.json("flow", "show", "--name", theirs["flowId"])["display_name"] == "Theirs"


def test_runs_of_pfazure(emulator: Emulator, pfazure: PfAzure) -> None:
    emulator.workspaces[0].results = {"judged": {"metrics": {"accuracy": 0.75}}}
    common = ["--flow", "hello", "--data", "people.jsonl", "--column-mapping", "name=${data.who}"]
    streamed = pfazure.text("run", "create", *common, "--name", "first", "--set", "tags.commit=abc", "--stream")
    assert "Finished 3 / 3 lines." in streamed and 'Run status: "Completed"' in streamed
    assert pfazure.json("run", "show", "--name", "first")["tags"] == {"commit": "abc"}
    details = pfazure.text("run", "show-details", "--name", "first")
    for name in PEOPLE:
        assert f'hello(name="{name}")' in details
    mapping = ["--column-mapping", "name=${run.outputs.greeting}"]
    pfazure.text("run", "create", "--flow", "hello", "--run", "first", *mapping, "--name", "judged")
    assert pfazure.json("run", "show", "--name", "judged")["status"] == "Completed"
    assert pfazure.json("run", "show-metrics", "--name", "judged") == {"accuracy": 0.75}
    assert [run["name"] for run in pfazure.json("run", "list")] == ["judged", "first"]
    pfazure.text("run", "archive", "--name", "first")
    assert [run["name"] for run in pfazure.json("run", "list")] == ["judged"]


def test_a_draft_runs_and_one_is_cancelled(emulator: Emulator, pfazure: PfAzure) -> None:
    flow = pfazure.json("flow", "create", "--flow", "hello", "--set", "type=standard")["name"]
    data = ["--data", "people.jsonl", "--column-mapping", "name=${data.who}"]
    pfazure.text("run", "create", "--flow", f"azureml:{flow}", *data, "--name", "remote")
    emulator.workspaces[0].run_statuses = ["Running"] * 99
    pfazure.text("run", "create", "--flow", f"azureml:{flow}", *data, "--name", "long")
    assert pfazure.json("run", "show", "--name", "remote")["status"] == "Completed"
    pfazure.text("run", "cancel", "--name", "long")
    statuses = [pfazure.json("run", "show", "--name", "long")["status"] for _ in range(2)]
    assert statuses[-1] == "Canceled"


def test_refusals_that_pfazure_meets(emulator: Emulator, pfazure: PfAzure) -> None:
    workspace = emulator.workspaces[0]
    workspace.key_access = False
    done = pfazure.run("flow", "create", "--flow", "hello", "--set", "type=standard")
    assert done.returncode != 0 and "KeyBasedAuthenticationNotPermitted" in done.stdout + done.stderr
    workspace.key_access, workspace.phase = True, "read-only"
    done = pfazure.run("flow", "create", "--flow", "hello", "--set", "type=standard")
    assert done.returncode != 0 and "read-only mode" in done.stdout + done.stderr
    workspace.phase = "active"
    emulator.faults.refuse("query_index", code="TooManyRequests", retry_after=1)
    done = pfazure.run("flow", "list")
    assert done.returncode != 0 and "429" in done.stdout + done.stderr
    assert pfazure.json("flow", "list") == []
