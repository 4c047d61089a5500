"""flowsync and the official client in one workspace: each finds what the other made, and neither harms it.

``pfazure_cli`` says what these tests need.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

import pfazure_cli
from pfazure_cli import PfAzure

from .world import GOOD, Office

pytestmark = pfazure_cli.MARKS


@pytest.fixture
def pfazure(office: Office, tmp_path: Path) -> Iterator[PfAzure]:
    with pfazure_cli.signed_in(office.emulator, tmp_path) as client:
        yield client


def write(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, content in GOOD.items():
        (folder / name).write_text(content)


def test_a_flow_of_ours_is_theirs_to_list_rename_and_run(office: Office, pfazure: PfAzure, tmp_path: Path) -> None:
    office.commit_flow("chat")
    made = office.json("draft", "create", "chat", "--name", "Polite", "--tag", "team=a")["draft"]
    (listed,) = pfazure.json("flow", "list")
    assert (listed["name"], listed["display_name"]) == (made["id"], "Polite")
    assert listed["tags"]["team"] == "a"
    shown = pfazure.json("flow", "show", "--name", made["id"])
    assert shown["path"] == made["path"] == "Users/alice/promptflow/chat/flow.dag.yaml"
    pfazure.text("flow", "update", "--flow", made["id"], "--set", "display_name=Very polite")
    assert office.json("draft", "show", "chat")["draft"]["name"] == "Very polite"
    (tmp_path / "lines.jsonl").write_text('{"text": "Hi"}\n{"text": "Ho"}\n')
    data = ["--data", "lines.jsonl", "--column-mapping", "text=${data.text}"]
    pfazure.text("run", "create", "--flow", f"azureml:{made['id']}", *data, "--name", "ours")
    while pfazure.json("run", "show", "--name", "ours")["status"] != "Completed":
        continue
    assert 'echo(text="Ho")' in pfazure.text("run", "show-details", "--name", "ours")


def test_a_flow_of_theirs_is_adopted_and_pushed_in_place(office: Office, pfazure: PfAzure, tmp_path: Path) -> None:
    write(tmp_path / "theirs")
    made = pfazure.json("flow", "create", "--flow", "theirs", "--set", "display_name=Theirs", "type=standard")
    folder = made["path"].split("/")[3]
    office.draft("adopt", made["name"])
    assert office.git("show", f"HEAD:flows/{folder}/flow.dag.yaml") == GOOD["flow.dag.yaml"].rstrip("\n")
    office.commit({f"flows/{folder}/echo.py": GOOD["echo.py"] + "# ours\n"})
    office.ends(0, "push")
    assert office.on_share(folder)["echo.py"].endswith(b"# ours\n")
    (listed,) = pfazure.json("flow", "list")
    assert (listed["name"], listed["path"]) == (made["name"], made["path"])
    office.draft("archive", folder)
    assert pfazure.json("flow", "list") == []
    (archived,) = pfazure.json("flow", "list", "--archived-only")
    assert archived["name"] == made["name"]


def test_a_run_of_ours_is_theirs_to_read(office: Office, pfazure: PfAzure) -> None:
    run = "flow: .\ndata: data.jsonl\ncolumn_mapping:\n  text: ${data.text}\n"
    office.commit_flow("chat", {"data.jsonl": '{"text": "Hi"}\n{"text": "Ho"}\n', "run.yml": run})
    office.draft("create", "chat")
    office.workspace.run_statuses = []
    office.workspace.results = {"chat": {"metrics": {"accuracy": 0.75}}}
    commit = office.json("run", "submit", "flows/chat/run.yml", "--name", "ours")["run"]["commit"]
    shown = pfazure.json("run", "show", "--name", "ours")
    assert shown["status"] == "Completed" and commit in shown["tags"].values()
    details = pfazure.text("run", "show-details", "--name", "ours")
    assert 'echo(text="Hi")' in details and 'echo(text="Ho")' in details
    assert pfazure.json("run", "show-metrics", "--name", "ours") == {"accuracy": 0.75}
    chat = office.folder / "flows" / "chat"
    theirs = ["--data", str(chat / "data.jsonl"), "--column-mapping", "text=${data.text}"]
    pfazure.text("run", "create", "--flow", str(chat), *theirs, "--name", "theirs")
    assert office.json("run", "show", "theirs")["run"]["status"] == "Completed"
    assert len(office.json("run", "details", "theirs")["lines"]) == 2
