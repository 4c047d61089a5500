"""``flowsync init`` with a workspace: by its name alone, with a guess at whose folder, by choosing on a terminal."""

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from workspace import NAMES, User, workspace_emulator
from world import Repo

from .world import Office, sign_in, signed_in, unlinked_office


def share_of(office: Office) -> str:
    text = (office.folder / ".flowsync.yaml").read_text()
    return next(line.split()[1] for line in text.splitlines() if line.strip().startswith("share:"))


def test_the_workspace_alone_is_enough(bare: Office) -> None:
    run = bare.ends(0, "init", "--share", bare.url)
    assert share_of(bare) == f"{bare.url}/Users/alice/promptflow"
    assert "0 flows there" in run.out
    bare.git("add", ".flowsync.yaml")
    bare.git("commit", "-q", "-m", "Link")
    (bare.folder_of(bare.user) / "made").mkdir()
    (bare.folder_of(bare.user) / "made/flow.dag.yaml").write_text("nodes: []\n")
    bare.sync()
    assert bare.here("made") == {"flow.dag.yaml": b"nodes: []\n"}


def test_no_secret_is_written_anywhere(office: Office) -> None:
    office.commit_flow("chat")
    office.draft("create", "chat")
    secret = office.emulator.key.encode()
    written = [path for path in office.folder.rglob("*") if path.is_file()]
    assert any(path.name == "workspace.json" for path in written)
    assert not [path for path in written if secret in path.read_bytes() or b"sig=" in path.read_bytes()]
    assert not [path for path in written if b"eyJ" in path.read_bytes() and ".git/flowsync" in str(path)]


def test_somebody_without_a_folder_is_told_whose_there_are(bare: Office, tmp_path: Path) -> None:
    with signed_in(bare, User("carol"), tmp_path):
        run = bare.ends(2, "init", "--share", bare.url)
    assert "carol@contoso.com has no folder of that name there; there are alice, bob" in run.err
    assert "?user=NAME" in run.err and not (bare.folder / ".flowsync.yaml").exists()


def test_a_user_who_is_not_there_is_not_made_up(bare: Office) -> None:
    run = bare.ends(4, "init", "--share", f"{bare.url}?user=dave")
    assert "holds no folder Users/dave" in run.err
    assert not (bare.users / "dave").exists()


@pytest.mark.parametrize("rehearsal", [True, False])
def test_the_folder_for_flows_is_made_where_studio_has_not_yet(bare: Office, rehearsal: bool) -> None:
    bare.folder_of(bare.user).rmdir()
    bare.ends(0, "init", "--share", f"{bare.url}?user=alice", *(["--dry-run"] if rehearsal else []))
    assert bare.folder_of(bare.user).exists() is not rehearsal
    assert (bare.folder / ".flowsync.yaml").exists() is not rehearsal


def test_choices_for_programs(bare: Office) -> None:
    found = bare.ends(0, "init", "--choices", "--json").json["subscriptions"]
    assert [one["id"] for one in found] == [bare.workspace.subscription]
    found = bare.ends(0, "init", "--choices", found[0]["url"], "--json").json["workspaces"]
    assert [(one["group"], one["name"], one["url"]) for one in found] == [("flows-rg", "flows-ws", bare.url)]
    found = bare.ends(0, "init", "--choices", found[0]["url"], "--json").json
    assert (found["users"], found["mine"], found["signed_in_as"]) == (["alice", "bob"], "alice", "alice@contoso.com")
    assert "alice  (you?)" in bare.ends(0, "init", "--choices", bare.url).out


@pytest.fixture
def several(tmp_path: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Three workspaces in two groups; the second of the first group is linked to."""
    subscription = NAMES.partition("/")[0]
    names = [f"{subscription}/{rest}" for rest in ("flows-rg/one", "flows-rg/two", "other-rg/three")]
    with workspace_emulator(tmp_path, *names) as running:
        sign_in(monkeypatch, running, tmp_path, User("alice"))
        office = unlinked_office(repo, running)
        for name in ("alice", "bob"):
            (running.share_folder(running.workspaces[1].share) / "Users" / name / "promptflow").mkdir(parents=True)
        yield office


@pytest.mark.parametrize("scope", ["subscription", "groups"])
def test_every_page_of_a_list_and_a_role_on_groups_alone(several: Office, scope: str) -> None:
    several.workspace.page_size = 1
    if scope == "groups":
        several.emulator.faults.refuse("list_workspaces", code="AuthorizationFailed")
    found = several.ends(0, "init", "--choices", f"azureml://{several.workspace.subscription}", "--json").json
    names = [(one["group"], one["name"]) for one in found["workspaces"]]
    assert names == [("flows-rg", "one"), ("flows-rg", "two"), ("other-rg", "three")]
    assert several.emulator.counts.get("list_groups", 0) == (2 if scope == "groups" else 0)


def test_choosing_on_a_terminal(several: Office) -> None:
    """By number, by the beginning of a name, by Enter for the guess; a slip is asked again."""
    terminal, line = pty.openpty()
    process = subprocess.Popen(
        several.command("init"), stdin=line, stderr=line, stdout=subprocess.PIPE, env=dict(os.environ)
    )
    os.close(line)
    os.write(terminal, b"\nflows\n9\n2\n\n")
    out, _ = process.communicate(timeout=60)
    said = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert process.returncode == 0, said
    assert "You are signed in as alice@contoso.com" in said and "Whose flows [alice]" in said
    assert "Type a number from 1 to 2" in said
    assert share_of(several) == f"azureml://{several.workspace.subscription}/flows-rg/two/Users/alice/promptflow"
    assert b"Linked flows to azureml://" in out


def test_everyone_of_a_workspace(bare: Office) -> None:
    for user in ("alice", "bob"):
        flow = bare.users / user / "promptflow/made"
        flow.mkdir(parents=True)
        (flow / "flow.dag.yaml").write_text("nodes: []\n")
    bare.ends(0, "init", "--everyone", "--share", bare.url)
    bare.git("add", ".flowsync.yaml")
    bare.git("commit", "-q", "-m", "Link")
    bare.ends(0, "pull", "--all")
    assert {path for path in bare.files() if path.startswith("flows/")} == {
        f"flows/{user}/made/flow.dag.yaml" for user in ("alice", "bob")
    }
