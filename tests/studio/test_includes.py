"""Flows with ``additional_includes``: in Studio they are whole, here they stay as they are."""

from pathlib import Path

import pytest

from flowsync.core.includes import including
from flowsync.core.tree import FlowName
from flowsync.sync.opened import linked
from flowsync.sync.result import Did
from flowsync.sync.settle import Settlement, Take, resolve
from flowsync.sync.views import Views

from .world import GOOD, Office

HEAD = "# shared things come from beside\n"
WITH = (
    HEAD
    + "additional_includes:   # kept together\n- ../../shared/words.py\n- ../../shared/prompts\n"
    + GOOD["flow.dag.yaml"]
)
SHARED = {"shared/words.py": "WORDS = 1\n", "shared/prompts/a.jinja2": "a\n", "shared/prompts/deep/b.jinja2": "b\n"}


@pytest.fixture
def shared(office: Office) -> Office:
    office.commit({**SHARED, "README.md": "y\n"}, "Shared")
    office.commit_flow("chat", {"flow.dag.yaml": WITH})
    return office


def in_studio(**changed: str) -> dict[str, bytes]:
    files = {
        "flow.dag.yaml": HEAD + GOOD["flow.dag.yaml"],
        "echo.py": GOOD["echo.py"],
        "words.py": "WORDS = 1\n",
        "prompts/a.jinja2": "a\n",
        "prompts/deep/b.jinja2": "b\n",
    }
    named = {name.replace("__", "."): text for name, text in changed.items()}
    return {path: text.encode() for path, text in {**files, **named}.items()}


def test_what_is_taken_in_goes_up_and_nothing_here_changes(shared: Office) -> None:
    before = shared.untouched()
    shared.draft("create", "chat")
    assert shared.on_share("chat") == in_studio()
    assert shared.untouched() == before and shared.here("chat")["flow.dag.yaml"] == WITH.encode()
    assert shared.states() == {"chat": "in-sync"}
    tip = shared.tip()
    for _ in range(2):
        shared.sync()
        assert (shared.tip(), shared.on_share("chat"), shared.states()) == (tip, in_studio(), {"chat": "in-sync"})
    assert shared.files("studio/chat", "flows/chat") == in_studio()
    assert shared.fsck() == ""


def test_a_change_of_what_is_taken_in_is_a_change_of_the_flow(shared: Office) -> None:
    shared.draft("create", "chat")
    shared.commit({"shared/words.py": "WORDS = 2\n"})
    assert shared.states() == {"chat": "local-ahead"}
    shared.ends(0, "push")
    assert shared.on_share("chat") == in_studio(words__py="WORDS = 2\n")
    shared.commit({"README.md": "nothing of the flow\n"})
    assert shared.states() == {"chat": "in-sync"}
    shared.commit({"shared/prompts/a.jinja2": None})
    shared.ends(0, "push")
    assert "prompts/a.jinja2" not in shared.on_share("chat")


def test_an_edit_in_studio_waits_for_a_person(shared: Office) -> None:
    shared.draft("create", "chat")
    shared.folder_of(shared.user).joinpath("chat/words.py").write_text("WORDS = 3\n")
    tip = shared.tip()
    shared.sync(code=1)
    assert shared.tip() == tip
    hold = shared.state("chat")["hold"]
    assert "copies there" in hold["reason"] and "git diff main studio/chat" in hold["hint"]
    assert b"WORDS = 3" in shared.raw_git("diff", "main", "studio/chat")
    shared.commit({"shared/words.py": "WORDS = 3\n"}, "as in Studio")
    assert shared.states() == {"chat": "in-sync"}
    shared.sync()
    assert shared.states() == {"chat": "in-sync"} and shared.on_share("chat") == in_studio(words__py="WORDS = 3\n")


def test_both_edited_and_ours_wins(shared: Office) -> None:
    shared.draft("create", "chat")
    shared.folder_of(shared.user).joinpath("chat/words.py").write_text("WORDS = 3\n")
    shared.commit({"shared/words.py": "WORDS = 4\n"})
    shared.sync(code=1)
    assert shared.ends(2, "resolve", "chat", "--theirs").err
    shared.ends(0, "resolve", "chat", "--ours")
    assert shared.here("chat")["flow.dag.yaml"] == WITH.encode() and "words.py" not in shared.here("chat")
    shared.sync()
    assert shared.on_share("chat") == in_studio(words__py="WORDS = 4\n")
    assert shared.reaches("WORDS = 3\n") and shared.states() == {"chat": "in-sync"}


def test_what_was_decided_by_the_sides_as_shown_is_not_taken_for_stale(shared: Office) -> None:
    shared.draft("create", "chat")
    shared.folder_of(shared.user).joinpath("chat/words.py").write_text("WORDS = 3\n")
    shared.commit({"shared/words.py": "WORDS = 4\n"})
    shared.sync(code=1)
    with linked(shared.folder) as link:
        shown = Views(link).files(FlowName("chat"))["sides"]
        ours = Settlement(Take.OURS)
        shared.commit({"README.md": "nothing of the flow\n"})
        assert resolve(link, FlowName("chat"), ours, True, shown).result.did is Did.MERGED
        shared.commit({"shared/words.py": "WORDS = 5\n"})
        assert resolve(link, FlowName("chat"), ours, True, shown).result.did is Did.STALE


def test_another_clone_knows_it_again(shared: Office, tmp_path: Path) -> None:
    shared.draft("create", "chat")
    shared.git("clone", "--quiet", str(shared.folder), str(tmp_path / "clone"))
    clone = Office(tmp_path / "clone", emulator=shared.emulator)
    tip = clone.tip()
    clone.sync()
    assert clone.tip() == tip and clone.states() == {"chat": "in-sync"}
    clone.commit({"shared/words.py": "WORDS = 5\n"})
    clone.ends(0, "push")
    assert shared.on_share("chat") == in_studio(words__py="WORDS = 5\n")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("../../shared/nowhere.py", "takes in ../../shared/nowhere.py, which is not committed"),
        ("../../../outside.py", "which is not in this repository"),
        ("/etc/passwd", "which is not in this repository"),
        ("../../shared/prompts.zip", "which is not committed"),
    ],
)
def test_what_cannot_be_taken_in_holds_the_flow(shared: Office, said: str, sentence: str) -> None:
    shared.commit_flow("bad", {"flow.dag.yaml": f"additional_includes: [{said}]\n" + GOOD["flow.dag.yaml"]})
    run = shared.draft("create", "bad", "--no-validate", code=1)
    assert sentence in run.out and shared.on_share("bad") == {}
    shared.draft("create", "chat")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("additional_includes:\n- a\n- b\nnodes: []\n", "nodes: []\n"),
        ("nodes: []\nadditional_includes: [a]  # why\n", "nodes: []\n"),
        ("nodes: []\nadditional_includes:\n  - a", "nodes: []\n"),
        ("nodes: []\r\nadditional_includes:\r\n- a\r\n# end\r\n", "nodes: []\r\n# end\r\n"),
        ("additional_includes:\n", ""),
    ],
)
def test_only_the_key_goes(text: str, left: str) -> None:
    found = including(text.encode())
    assert found is not None and found.content == left.encode()


@pytest.mark.parametrize(
    "text", ["nodes: []\n", "{additional_includes: [a]}", "a: [additional_includes\n", "# additional_includes\n"]
)
def test_what_takes_nothing_in(text: str) -> None:
    assert including(text.encode()) is None
