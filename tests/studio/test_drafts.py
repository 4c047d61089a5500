"""The registry joined with the share and the branch: list, show, open, rename, adopt."""

from pathlib import Path
from typing import Any

import pytest

from workspace import BOB, call

from .world import GOOD, Office, signed_in


def made_in_studio(office: Office, folder: str, name: str = "", **files: str) -> str:
    """Makes a flow as Studio and the official client do: a folder, then a record; returns its id."""
    for path, text in {**GOOD, **files}.items():
        place = office.folder_of(office.user) / folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    body = {
        "flowName": name or folder,
        "flowType": "default",
        "flowDefinitionFilePath": f"Users/{office.user.name}/promptflow/{folder}/flow.dag.yaml",
    }
    made = call(office.emulator, "POST", f"/flow/api{office.workspace.arm_id}/Flows", body, user=office.user)
    assert made.status == 200, made.body
    return str(made.json["flowId"])


def test_create_show(office: Office) -> None:
    office.commit_flow("chat")
    run = office.draft("create", "chat", "--name", "Chat with us", "--tag", "team=search")
    (record,) = office.records()
    assert record["flowName"] == "Chat with us"
    assert record["flowDefinitionFilePath"] == "Users/alice/promptflow/chat/flow.dag.yaml"
    assert record["tags"] == {"team": "search", "flowsync.commit": office.tip()}
    assert f"/{record['flowId']}/details?wsid=/subscriptions/" in run.out
    assert office.on_share("chat") == {path: text.encode() for path, text in GOOD.items()}
    shown = office.draft("show", "Chat with us").out
    assert record["flowId"] in shown and "Alice (you)" in shown and "flowsync.commit=" in shown
    found = office.json("draft", "show", record["flowId"])
    assert found["ref"] == "refs/remotes/studio/chat" and found["sync"] == "in-sync"


def test_list_joins_all_that_there_is(office: Office, tmp_path: Path) -> None:
    office.commit_flow("linked")
    office.commit_flow("unregistered")
    office.commit_flow("only-here")
    office.draft("create", "linked")
    office.ends(0, "push", "unregistered")
    made_in_studio(office, "Flow-created-on-11-22-2026", "Fresh")
    gone = made_in_studio(office, "gone", "Gone")
    for file in (office.folder_of(office.user) / "gone").iterdir():
        file.unlink()
    (office.folder_of(office.user) / "gone").rmdir()
    with signed_in(office, BOB, tmp_path):
        made_in_studio(office, "his", "His")
    rows = {(row["flow"], row["state"], row["mine"]) for row in office.json("draft", "list")["drafts"]}
    assert rows == {
        ("linked", "linked", True),
        ("unregistered", "not registered", True),
        ("only-here", "local only", True),
        ("Flow-created-on-11-22-2026", "not fetched", True),
        ("gone", "folder gone", True),
        (None, "another folder", False),
    }
    said = office.draft("list").out
    for hint in ("draft create only-here", "draft adopt Flow-created-on-11-22-2026", f"draft archive {gone}"):
        assert f"try: flowsync {hint}" in said
    assert "of Bob" in said


def test_more_flows_than_a_page_of_the_index(office: Office) -> None:
    for number in range(105):
        made_in_studio(office, f"flow-{number:03}")
    rows = office.json("draft", "list")["drafts"]
    assert [row["flow"] for row in rows] == [f"flow-{number:03}" for number in range(105)]
    assert office.emulator.counts["query_index"] >= 2


@pytest.mark.parametrize("by", ["folder", "id", "name"])
def test_adopt(office: Office, by: str) -> None:
    folder = "chat-11-22-2026-10-00-00"
    flow_id = made_in_studio(office, folder, "Chat", **{"data.jsonl": "{}\n"})
    office.draft("adopt", {"folder": folder, "id": flow_id, "name": "Chat"}[by], "--dry-run")
    assert office.here(folder) == {}
    office.draft("adopt", {"folder": folder, "id": flow_id, "name": "Chat"}[by])
    assert office.here(folder).keys() == {*GOOD, "data.jsonl"}
    assert office.state(folder)["draft"]["id"] == flow_id
    # from now on it is as if it had been made here
    office.commit({f"flows/{folder}/data.jsonl": '{"a": 1}\n'})
    office.ends(0, "push")
    assert office.on_share(folder)["data.jsonl"] == b'{"a": 1}\n'
    assert office.json("draft", "create", folder)["created"] is False
    assert [record["flowId"] for record in office.records()] == [flow_id]


def test_adopting_what_is_gone(office: Office) -> None:
    flow_id = made_in_studio(office, "gone")
    for file in (office.folder_of(office.user) / "gone").iterdir():
        file.unlink()
    (office.folder_of(office.user) / "gone").rmdir()
    run = office.draft("adopt", "gone", code=4)
    assert "is gone from the share" in run.err and f"draft archive {flow_id}" in run.err


def test_a_name_that_may_mean_several(office: Office) -> None:
    ids = [made_in_studio(office, folder, "Same") for folder in ("a", "b")]
    run = office.draft("show", "Same", code=2)
    assert all(flow_id in run.err for flow_id in ids)
    office.draft("archive", ids[0])
    assert ids[1] in office.draft("show", "Same").out


def test_rename_keeps_what_it_does_not_change(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat", "--description", "Talks", "--tag", "a=b")
    office.draft("rename", "chat", "A new name", "--dry-run")
    assert office.records()[0]["flowName"] == "chat"
    office.draft("rename", "chat", "A new name")
    (record,) = office.records()
    assert (record["flowName"], record["description"], record["tags"]["a"]) == ("A new name", "Talks", "b")
    assert office.on_share("chat") and office.state("chat")["draft"]["name"] == "A new name"
    assert office.draft("rename", "chat", " ", code=2).err.startswith("flowsync: a flow needs a name")


def test_archived_flows_are_shown_with_all_and_are_not_made_again(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    office.draft("archive", "chat")
    assert "chat (archived)" in office.draft("list", "--all").out
    run = office.draft("create", "chat")
    assert len(office.records()) == 1 and "archived" in run.out and "draft restore chat" in run.out


def test_open(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.commit_flow("chat")
    url = office.json("draft", "create", "chat")["draft"]["url"]
    assert office.draft("open", "chat", "--print").out.strip() == url
    assert office.json("draft", "open", "chat")["url"] == url
    monkeypatch.setenv("BROWSER", "true")  # the program that says yes to every page
    monkeypatch.setattr("webbrowser._tryorder", None)
    assert office.draft("open", "chat").out.strip() == f"Opened {url}"


def test_a_share_without_a_workspace_has_no_registry(world: Any) -> None:
    run = world.ends(2, "draft", "list")
    assert "its registry of flows is not known" in run.err and "azureml://" in run.err
