"""The whole story in each way to open the share: a key, a SAS, one's own identity; and with two people."""

from pathlib import Path
from typing import Literal

import pytest

from workspace import ALICE, BOB

from .world import GOOD, Office, signed_in


@pytest.mark.parametrize("credentials", ["AccountKey", "Sas", "None"])
def test_create_edit_there_pull_edit_here_push_show_archive(
    bare: Office, credentials: Literal["AccountKey", "Sas", "None"]
) -> None:
    bare.workspace.credentials = credentials
    bare.ends(0, "init", "--share", bare.url)
    office = bare
    office.git("add", ".flowsync.yaml")
    office.git("commit", "-q", "-m", "Link to Studio")
    office.commit_flow("chat")
    assert office.state("chat")["state"] == "local-only"
    made = office.json("draft", "create", "chat")["draft"]
    assert office.state("chat")["draft"]["id"] == made["id"]

    (office.folder_of(ALICE) / "chat/echo.py").write_text(GOOD["echo.py"] + "# saved in Studio\n")
    office.ends(0, "pull")
    assert office.here("chat")["echo.py"].endswith(b"# saved in Studio\n")
    assert office.git("log", "-1", "--format=%an") == "alice"

    office.commit({"flows/chat/notes.md": "from here\n"})
    shown = office.json("draft", "show", "chat")
    assert (shown["sync"], shown["draft"]["id"]) == ("local-ahead", made["id"])
    office.ends(0, "push")
    assert office.on_share("chat")["notes.md"] == b"from here\n"
    run = office.draft("show", "chat")
    assert f"exactly what the branch holds at {office.tip()[:10]}" in run.out  # type: ignore[index]
    assert [record["flowId"] for record in office.records()] == [made["id"]]

    office.draft("archive", "chat")
    assert [record["isArchived"] for record in office.records()] == [True]
    assert office.on_share("chat") == office.here("chat")
    assert office.json("draft", "list")["drafts"] == []
    office.draft("restore", "chat")
    assert [row["state"] for row in office.json("draft", "list")["drafts"]] == ["linked"]


def test_a_key_that_is_rotated_in_the_middle_of_a_push(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    office.commit({f"flows/chat/{number}.txt": f"{number}\n" for number in range(20)})
    service = office.emulator._running().service
    rotated: list[str] = []

    def rotate(event: object) -> None:
        if getattr(event, "operation", "") == "rename_file" and not rotated:
            rotated.append("once")
            service.accounts[office.emulator.account] = b"another key" * 4

    office.emulator.on_request(rotate)
    office.ends(0, "push")
    assert rotated and len(office.on_share("chat")) == 22
    assert office.emulator.counts["list_secrets"] >= 2


def test_what_was_remembered_is_asked_anew_when_it_is_refused(office: Office) -> None:
    """Discovery costs two requests once; then only the key is asked for."""
    emulator = office.emulator
    office.ends(0, "fetch")
    emulator.reset_counts()
    office.ends(0, "fetch")
    assert "get_workspace" not in emulator.counts and emulator.counts["list_secrets"] == 1
    (file,) = office.folder.glob(".git/flowsync/studio/*/workspace.json")
    file.write_text(file.read_text().replace(office.workspace.share, "code-elsewhere"))
    run = office.ends(4, "fetch")
    assert "no such share" in run.err
    office.ends(0, "fetch")
    assert emulator.counts["get_workspace"] == 1


def test_two_people_of_one_workspace(office: Office, tmp_path: Path) -> None:
    office.commit_flow("chat")
    mine = office.json("draft", "create", "chat")["draft"]["id"]
    office.git("clone", "--quiet", str(office.folder), str(tmp_path / "clone"))
    office = Office(tmp_path / "clone", emulator=office.emulator)
    text = (office.folder / ".flowsync.yaml").read_text()
    office.commit({".flowsync.yaml": text.replace("/alice/", "/bob/")}, "bob's clone")
    with signed_in(office, BOB, tmp_path):
        (theirs,) = office.json("draft", "list")["drafts"][1:]
        assert (theirs["state"], theirs["mine"], theirs["draft"]["owner"]["name"]) == ("another folder", False, "Alice")
        assert "of Alice" in office.draft("list").out
        his = office.json("draft", "create", "chat")
        assert his["created"] and his["draft"]["id"] != mine
        assert office.on_share("chat", BOB) == office.on_share("chat", ALICE)
        run = office.draft("rename", mine, "Mine now", code=4)
        assert "Only its owner may change the flow chat" in run.err and "draft create" in run.err
        run = office.draft("adopt", mine, code=2)
        assert "lies in another folder of Alice, Users/alice/promptflow" in run.err
        assert f"--share {office.url}/Users/alice/promptflow" in run.err
        assert len(office.json("draft", "list", "--mine")["drafts"]) == 1
