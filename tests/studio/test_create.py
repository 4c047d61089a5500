"""``draft create``: once and only once, whatever happens; and what goes up is what was committed, nothing else."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flowsync.emulator.people import User
from flowsync.emulator.witness import Event
from flowsync.sync import drafting

from .world import GOOD, Office, signed_in

UPLOADED = {path: text.encode() for path, text in GOOD.items()}


@pytest.fixture
def no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's index never lags behind: one more look is as good as four."""
    monkeypatch.setattr(drafting, "_LAG", (0.0,))


def test_what_is_on_disk_stays_byte_for_byte(office: Office) -> None:
    odd = GOOD["flow.dag.yaml"].replace("\n", "\r\n").encode() + b"description: 'it''s \"odd\"'   # kept\r\n"
    office.commit_flow("chat", {"flow.dag.yaml": odd, "requirements.txt": "requests\n"})
    before = office.untouched()
    office.draft("create", "chat")
    assert office.untouched() == before
    assert office.on_share("chat")["flow.dag.yaml"] == odd
    (record,) = office.records()
    assert record["description"] == 'it\'s "odd"' and record["flowName"] == "chat"


def test_no_secret_no_log_and_nothing_ignored_is_ever_uploaded(office: Office) -> None:
    """Not even what somebody has committed by mistake."""
    office.commit_flow(
        "chat",
        {
            ".gitignore": "*.tmp\nprivate/\n",
            ".env": "KEY=secret\n",
            ".promptflow/flow.log": "log\n",
            ".promptflow/flow.tools.json": "{}\n",
            ".runs/x/y": "run\n",
            "__pycache__/echo.pyc": b"\0",
        },
    )
    office.write({"flows/chat/a.tmp": "x", "flows/chat/private/p": "x", "flows/chat/uncommitted.md": "x"})
    office.git("add", "--force", "flows/chat/a.tmp", "flows/chat/private/p")
    office.git("commit", "-q", "-m", "oops")
    assert "has 1 error" in office.draft("create", "chat", code=1).out  # the secret in Git
    run = office.draft("create", "chat", "--no-validate")
    assert office.on_share("chat").keys() == {*GOOD, ".gitignore", ".promptflow/flow.tools.json"}
    assert "1 uncommitted edits of chat are not part of it" in run.out


def test_twice_is_once(office: Office) -> None:
    office.commit_flow("chat")
    first = office.json("draft", "create", "chat")
    again = office.json("draft", "create", "flows/chat")
    assert (first["created"], again["created"]) == (True, False)
    assert first["draft"]["id"] == again["draft"]["id"]
    assert len(office.records()) == 1


def test_a_second_create_brings_what_was_committed_since(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    office.commit({"flows/chat/more.md": "more\n"})
    run = office.draft("create", "chat")
    assert "is registered" in run.out and office.on_share("chat")["more.md"] == b"more\n"
    assert len(office.records()) == 1


def test_a_second_create_changes_what_it_names(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat", "--description", "Talks", "--tag", "a=b")
    office.draft("create", "chat", "--name", "Chat", "--tag", "c=d")
    (record,) = office.records()
    assert (record["flowName"], record["description"]) == ("Chat", "Talks")
    assert record["tags"] == {"a": "b", "c": "d", "flowsync.commit": office.tip()}


def test_the_commit_in_the_record_moves_with_every_push(office: Office, tmp_path: Path) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat", "--tag", "a=b")
    office.commit({"flows/chat/more.md": "more\n"})
    office.ends(0, "push")
    assert office.records()[0]["tags"] == {"a": "b", "flowsync.commit": office.tip()}
    office.commit({"flows/chat/more.md": "more again\n"})
    office.ends(0, "sync")
    assert office.records()[0]["tags"]["flowsync.commit"] == office.tip()
    office.commit({"README.md": "nothing of the flow\n"})
    office.emulator.reset_counts()
    office.ends(0, "sync")
    assert "update_flow" not in office.emulator.counts and "get_flow" not in office.emulator.counts


def test_a_record_that_cannot_be_stamped_stops_no_push(office: Office, tmp_path: Path) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    office.commit({"flows/chat/more.md": "more\n"})
    office.emulator.faults.refuse("update_flow", code="BadArgument", status=400)
    office.ends(0, "push")
    assert office.on_share("chat")["more.md"] == b"more\n"
    with signed_in(office, User("bob"), tmp_path):  # another owner's record is left alone
        office.draft("list")
        office.commit({"flows/chat/more.md": "of bob\n"})
        office.emulator.reset_counts()
        office.ends(0, "push")
        assert "update_flow" not in office.emulator.counts


def test_a_folder_that_is_there_but_not_registered(office: Office) -> None:
    """The case of every flow that was copied to the share: status says so, and create registers it in place."""
    office.commit_flow("chat")
    office.ends(0, "push")
    row = office.state("chat")
    assert row["state"] == "in-sync"
    assert row["draft"] == {"registered": False, "hint": "flowsync draft create chat"}
    assert "not registered in Studio; try: flowsync draft create chat" in office.ends(0, "status").out
    assert [row["state"] for row in office.json("draft", "list")["drafts"]] == ["not registered"]
    before = {path: path.stat().st_mtime_ns for path in office.folder_of(office.user).rglob("*")}
    office.draft("create", "chat")
    assert {path: path.stat().st_mtime_ns for path in office.folder_of(office.user).rglob("*")} == before
    assert office.state("chat")["draft"]["registered"] is True
    assert "not registered" not in office.ends(0, "status").out


def test_status_asks_nobody(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    office.emulator.reset_counts()
    source = (
        "import json, sys\nfrom flowsync.cli import main\n"
        f"main(['-C', {str(office.folder)!r}, 'status', '--json'])\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["flows"][0]["draft"]["registered"] is True
    assert not set(json.loads(done.stderr)) & {"azure", "requests", "aiohttp", "rich"}
    assert dict(office.emulator.counts) == {}


def test_the_rehearsal_does_nothing(office: Office) -> None:
    office.commit_flow("chat")
    run = office.draft("create", "chat", "--name", "Chat", "--dry-run")
    assert "would be pushed" in run.out and "would be registered" in run.out
    assert "Users/alice/promptflow/chat/flow.dag.yaml" in run.out
    assert office.on_share("chat") == {} and office.records() == []


@pytest.mark.parametrize(
    ("arguments", "files", "sentence"),
    [
        (["create", "nothing"], {}, "main holds no flow called nothing"),
        (["create", "fun"], {"fun/flow.flex.yaml": "entry: a:b\n", "fun/a.py": "def b(): ...\n"}, "flow.dag.yaml only"),
        (["create", "chat", "--tag", "x"], {}, "--tag needs KEY=VALUE"),
        (["rename", "chat", "x"], {}, "the registry knows no flow called chat"),
    ],
)
def test_what_cannot_be(office: Office, arguments: list[str], files: dict[str, str], sentence: str) -> None:
    office.commit({"x": "", **{f"flows/{path}": text for path, text in files.items()}})
    run = office.draft(*arguments, code=2)
    assert sentence in run.err and "try: " in run.err
    assert office.records() == []


def test_an_uncommitted_flow_is_not_registered(office: Office) -> None:
    office.write({f"flows/chat/{path}": text for path, text in GOOD.items()})
    run = office.draft("create", "chat", code=2)
    assert "git add flows/chat && git commit" in run.err
    assert office.records() == []


def test_a_flow_with_errors_is_not_put_before_people(office: Office) -> None:
    broken = GOOD["flow.dag.yaml"].replace("${echo.output}", "${ecco.output}")
    office.commit_flow("chat", {"flow.dag.yaml": broken})
    run = office.draft("create", "chat", code=1)
    assert "would not run in Studio" in run.out and "flowsync validate flows/chat" in run.out
    assert office.on_share("chat") == {} and office.records() == []
    office.draft("create", "chat", "--no-validate")
    assert len(office.records()) == 1


def test_a_flow_with_a_chat_input_is_a_chat_flow(office: Office) -> None:
    talking = GOOD["flow.dag.yaml"].replace("type: string,", "type: string, is_chat_input: true,", 1)
    assert "is_chat_input" in talking
    office.commit_flow("talk", {"flow.dag.yaml": talking})
    office.draft("create", "talk", "--no-validate")
    assert [record["flowType"] for record in office.records()] == ["Chat"]


def test_type_description_and_tags_of_the_definition_count_unless_told(office: Office) -> None:
    said = "type: evaluation\ndisplay_name: Shown\ndescription: From the file\ntags: {team: search}\n"
    text = GOOD["flow.dag.yaml"] + said
    office.commit_flow("one", {"flow.dag.yaml": text})
    office.commit_flow("two", {"flow.dag.yaml": text})
    office.draft("create", "one")
    office.draft("create", "two", "--type", "standard", "--name", "Two", "--description", "Told", "--tag", "team=x")
    found = {record["flowName"]: record for record in office.records()}
    assert found["Shown"]["flowType"] == "Evaluation" and found["Shown"]["description"] == "From the file"
    assert found["Shown"]["tags"]["team"] == "search"
    assert found["Two"]["flowType"] == "Default" and found["Two"]["description"] == "Told"
    assert found["Two"]["tags"] == {"team": "x", "flowsync.commit": office.tip()}


def test_a_folder_of_somebody_elses_is_not_overwritten(office: Office) -> None:
    office.commit_flow("chat")
    folder = office.folder_of(office.user) / "chat"
    folder.mkdir()
    (folder / "flow.dag.yaml").write_text("nodes: []  # another flow\n")
    run = office.draft("create", "chat", code=1)
    assert "try: " in run.out
    assert office.on_share("chat") == {"flow.dag.yaml": b"nodes: []  # another flow\n"} and office.records() == []


@pytest.mark.parametrize("where", ["here", "in another clone"])
def test_an_index_that_lags_behind_makes_no_second_flow(office: Office, tmp_path: Path, where: str) -> None:
    office.workspace.index_lag = 50
    office.commit_flow("chat")
    first = office.json("draft", "create", "chat")
    if where != "here":
        office.git("clone", "--quiet", str(office.folder), str(tmp_path / "clone"))
        office = Office(tmp_path / "clone", emulator=office.emulator)
    again = office.json("draft", "create", "chat")
    assert (again["created"], again["draft"]["id"]) == (False, first["draft"]["id"])
    assert len(office.records()) == 1
    if where == "here":
        assert [row["state"] for row in office.json("draft", "list")["drafts"]] == ["linked"]


@pytest.mark.parametrize("lost", ["drop_after", "drop_before"])
def test_an_answer_that_was_lost_is_looked_for(office: Office, lost: str, no_lag: None) -> None:
    office.commit_flow("chat")
    fault = getattr(office.emulator.faults, lost)("create_flow")
    run = office.run("draft", "create", "chat")
    assert fault.hits == 1
    if lost == "drop_before":
        assert run.code == 4 and "did not say whether chat was registered" in run.err
        run = office.run("draft", "create", "chat")
    assert run.code == 0, str(run)
    assert len(office.records()) == 1 and office.on_share("chat") == UPLOADED


def kill_at(office: Office, when: str, operation: str, skip: int = 0) -> None:
    """Runs ``draft create chat`` in a process that is killed at a request, right before or after it takes effect."""
    started: list[subprocess.Popen[bytes]] = []
    seen: list[str] = []

    def kill(event: Event) -> None:
        if (event.when, event.operation) == (when, operation):
            seen.append(event.path)
            if len(seen) == skip + 1:
                os.kill(started[0].pid, signal.SIGKILL)
                started[0].wait()

    office.emulator.on_request(kill)
    with subprocess.Popen(office.command("draft", "create", "chat"), env=dict(os.environ)) as process:
        started.append(process)
        process.wait(timeout=60)
    office.emulator.off_request(kill)
    assert process.returncode == -signal.SIGKILL, (when, operation, seen)


def ends_well(office: Office) -> None:
    made = office.json("draft", "create", "chat")
    (record,) = office.records()
    assert made["draft"]["id"] == record["flowId"]
    assert record["flowDefinitionFilePath"] == "Users/alice/promptflow/chat/flow.dag.yaml"
    assert office.on_share("chat") == UPLOADED
    folder = office.folder_of(office.user)
    assert [path.name for path in folder.iterdir()] == ["chat"]
    assert list(office.folder.glob(".git/flowsync/studio/*/drafts/*")) == []
    assert office.states() == {"chat": "in-sync"}
    again = office.json("draft", "create", "chat")
    assert not again["created"] and len(office.records()) == 1


QUICK = [
    ("before", "rename_file", 1),
    ("after", "rename_file", 1),
    ("before", "create_flow", 0),
    ("after", "create_flow", 0),
]
SLOW = [
    ("after", "list_secrets", 0),
    ("before", "query_index", 0),
    ("after", "list", 0),
    ("after", "create_directory", 0),
    ("before", "create_file", 0),
    ("after", "create_file", 0),
    ("before", "create_file", 1),
    ("after", "create_file", 1),
    ("before", "rename_file", 0),
    ("after", "rename_file", 0),
]


@pytest.mark.parametrize(
    ("when", "operation", "skip"),
    [*QUICK, *(pytest.param(*one, marks=pytest.mark.slow) for one in SLOW)],
)
def test_killed_anywhere_it_goes_on_from_there(
    office: Office, when: str, operation: str, skip: int, no_lag: None
) -> None:
    office.commit_flow("chat")
    kill_at(office, when, operation, skip)
    ends_well(office)


def test_two_at_once_make_one(office: Office, tmp_path: Path) -> None:
    office.commit_flow("chat")
    runs = [
        subprocess.Popen(office.command("draft", "create", "chat"), env=dict(os.environ), stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]
    assert [code for _, code in said] == [0, 0], said
    ends_well(office)


def test_a_registered_flow_is_not_renamed_away_from_its_record(office: Office) -> None:
    office.commit_flow("chat")
    office.commit_flow("plain")
    office.draft("create", "chat")
    office.ends(0, "push", "plain")
    for name in ("chat", "plain"):
        office.git("mv", f"flows/{name}", f"flows/{name}-2")
    office.git("commit", "--quiet", "-m", "Other names")
    office.ends(1, "sync")
    assert office.on_share("chat") == office.on_share("chat-2") == UPLOADED
    assert office.on_share("plain") == {} and office.on_share("plain-2") == UPLOADED
    assert "the whole flow was deleted on the branch" in office.state("chat")["hold"]["reason"]
