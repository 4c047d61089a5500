"""What a person decides file by file: settling a conflict, dropping edits, and taking that back."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from world import World

ONE, TWO = "clash one\n", "clash two\n"


@pytest.fixture
def clashing(world: World) -> World:
    """A flow with two files in conflict, one that merges, and one that Studio deleted while it was edited here."""
    world.studio_flow("chat", one_py=ONE, two_py=TWO, both_py="a\nb\nc\nd\ne\n", gone_py="g\n")
    world.sync()
    world.commit(
        {
            "flows/chat/one.py": "mine one\n",
            "flows/chat/two.py": "mine two\n",
            "flows/chat/both.py": "A\nb\nc\nd\ne\n",
            "flows/chat/gone.py": "mine gone\n",
        }
    )
    world.studio({"chat/one.py": "theirs one\n", "chat/two.py": "theirs two\n", "chat/both.py": "a\nb\nc\nd\nE\n"})
    world.studio({"chat/gone.py": None})
    world.ends(0, "fetch")
    assert world.states() == {"chat": "conflict"}
    return world


def settle(world: World, *more: str, code: int = 0) -> Any:
    return world.ends(code, "resolve", "chat", *more, "--json").json


def test_each_file_is_settled_as_the_person_says(clashing: World) -> None:
    world, tip, theirs = clashing, clashing.tip(), clashing.tip("studio/chat")
    (world.folder / "mine.txt").write_text("written by hand\n")
    (world.folder / ".git/info/exclude").write_text("mine.txt\n")
    said = settle(world, "--take", "one.py=remote", "--content", "two.py=mine.txt", "--take", "gone.py=delete")
    (result,) = said["results"]
    assert (result["did"], result["before"], result["commit"]) == ("merged", tip, world.tip())
    assert world.here("chat") | {"flow.dag.yaml": b""} == {
        "one.py": b"theirs one\n",
        "two.py": b"written by hand\n",
        "both.py": b"A\nb\nc\nd\nE\n",
        "flow.dag.yaml": b"",
    }
    assert world.git("rev-parse", "HEAD^1", "HEAD^2").split() == [tip, theirs]
    world.sync()
    assert world.there("chat") == world.here("chat")
    assert world.states() == {"chat": "in-sync"}


def test_a_side_for_all_and_answers_for_some(clashing: World) -> None:
    settle(clashing, "--ours", "--take", "two.py=remote", "--take", "both.py=base")
    here = clashing.here("chat")
    assert (here["one.py"], here["two.py"], here["gone.py"]) == (b"mine one\n", b"theirs two\n", b"mine gone\n")
    assert here["both.py"] == b"a\nb\nc\nd\ne\n"  # an answer counts where nothing clashed, too


def test_a_side_for_all_that_are_not_named(clashing: World) -> None:
    settle(clashing, "--take", "*=remote", "--take", "one.py=local")
    here = clashing.here("chat")
    assert (here["one.py"], here["two.py"], "gone.py" in here) == (b"mine one\n", b"theirs two\n", False)


def test_what_is_left_open_is_named_and_nothing_is_written(clashing: World) -> None:
    before = clashing.untouched(), clashing.refs()
    said = settle(clashing, "--take", "one.py=local", code=1)
    assert said["results"][0]["did"] == "conflict"
    assert said["results"][0]["paths"] == ["gone.py", "two.py"]
    assert (clashing.untouched(), clashing.refs()) == before


def test_a_rehearsal_tells_the_findings_of_the_result_and_writes_nothing(clashing: World) -> None:
    before = clashing.untouched(), clashing.refs()
    broken = clashing.folder / ".git" / "broken.yaml"
    broken.write_text("nodes: [{name: a, type: python, source: {type: code, path: nowhere.py}}]\n")
    said = settle(clashing, "--dry-run", "--theirs", "--content", f"flow.dag.yaml={broken}")
    assert said["dry_run"] is True
    assert "nowhere.py" in " ".join(one["message"] for one in said["findings"] if one["level"] == "error")
    assert (clashing.untouched(), clashing.refs()) == before
    assert clashing.git("show", f"{said['folder']}:one.py") == "theirs one"
    shown = clashing.ends(0, "resolve", "chat", "--theirs", "--content", f"flow.dag.yaml={broken}")
    assert "nowhere.py" in shown.out
    assert clashing.git("rev-parse", "main:flows/chat") == said["folder"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--take", "one.py"],
        ["--take", "one.py=theirs"],
        ["--take", "../x=local"],
        ["--take", ".git/x=local"],
        ["--take", "__pycache__/x=local"],
        ["--content", "one.py=no-such-file"],
        ["--tool", "vimdiff", "--take", "one.py=local"],
        ["--ours", "--theirs"],
        ["--ours", "--take", "*=remote"],
        ["--take", "*=base"],
    ],
)
def test_what_makes_no_sense_is_refused(clashing: World, arguments: list[str]) -> None:
    before = clashing.untouched(), clashing.refs()
    clashing.ends(2, "resolve", "chat", *arguments)
    assert (clashing.untouched(), clashing.refs()) == before


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        (["--take", "one.py=remote"], True),
        (["--take", "*=remote"], True),
        (["--take", "one.py=local"], False),
        (["--take", "one.py=delete"], False),
    ],
)
def test_a_flow_that_one_side_deleted_stays_or_goes_as_a_whole(world: World, answers: list[str], left: bool) -> None:
    world.studio_flow("chat", one_py=ONE, two_py=TWO)
    world.sync()
    world.git("rm", "-rq", "flows/chat")
    world.git("commit", "--quiet", "-m", "gone")
    world.studio({"chat/one.py": "edited\n"})
    world.ends(0, "fetch")
    world.ends(2, "resolve", "chat", "--take", "one.py=base")
    settle(world, *answers)
    assert (world.here("chat").keys() == {"flow.dag.yaml", "one.py", "two.py"}) is left
    assert bool(world.here("chat")) is left


def test_a_file_here_and_a_folder_there(world: World) -> None:
    world.studio_flow("chat")
    world.sync()
    world.commit({"flows/chat/thing": "a file\n"})
    world.studio({"chat/thing/inner.py": "in a folder\n"})
    world.ends(0, "fetch")
    seen = settle(world, "--take", "thing=local", "--dry-run")["folder"]
    assert world.git("ls-tree", "-r", "--name-only", seen).split() == ["flow.dag.yaml", "thing"]
    settle(world, "--take", "thing=remote")
    assert world.here("chat").keys() == {"flow.dag.yaml", "thing/inner.py"}


def test_what_studio_brought_can_be_taken_back_by_what_the_result_tells(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n")
    world.sync()
    tip = world.tip()
    world.studio({"chat/a.py": "a = 2\n"})
    (landed,) = world.sync("--json").json["results"]
    assert (landed["did"], landed["before"]) == ("landed", tip)
    world.commit({"flows/chat/b.py": "b = 2\n"})
    tip = world.tip()
    world.studio({"chat/a.py": "a = 3\n"})
    merged = next(one for one in world.sync("--json").json["results"] if one["did"] == "merged")
    assert merged["before"] == tip
    world.ends(0, "restore", "chat", "--at", merged["before"])
    assert world.here("chat") == world.here("chat", str(tip))


def test_an_answer_may_put_a_folder_where_a_file_is(clashing: World) -> None:
    (clashing.folder / ".git" / "inner").write_text("inner\n")
    settle(clashing, "--ours", "--content", f"one.py/inner.py={clashing.folder}/.git/inner")
    here = clashing.here("chat")
    assert (here["one.py/inner.py"], "one.py" in here) == (b"inner\n", False)


# -- discard


@pytest.fixture
def edited(world: World) -> World:
    world.studio_flow("chat", a_py="a\n", b_py="b\n", c_py="c\n")
    world.sync()
    world.write({"flows/chat/a.py": "staged\n"})
    world.git("add", "flows/chat/a.py")
    world.write(
        {
            "flows/chat/a.py": "saved\n",
            "flows/chat/b.py": "saved too\n",
            "flows/chat/sub/new.py": "new\n",
            "flows/chat/.env": "SECRET=1\n",
            "outside.txt": "not the flow's\n",
        }
    )
    os.chmod(world.folder / "flows/chat/sub/new.py", 0o755)
    (world.folder / "flows/chat/c.py").unlink()
    return world


def discard(world: World, *more: str, code: int = 0) -> Any:
    (result,) = world.ends(code, "discard", "chat", *more, "--json").json["results"]
    return result


def test_what_is_discarded_is_gone_and_kept(edited: World) -> None:
    world, tip = edited, edited.tip()
    result = discard(world)
    assert (result["did"], result["before"]) == ("discarded", tip)
    assert result["paths"] == ["a.py", "b.py", "c.py", "sub/new.py"]
    assert world.git("status", "--porcelain", "--", "flows/chat").split() in ([], ["??", "flows/chat/.env"])
    assert not (world.folder / "flows/chat/sub").exists()
    assert (world.folder / "flows/chat/.env").read_text() == "SECRET=1\n"
    assert (world.folder / "outside.txt").exists()
    kept = result["commit"]
    assert kept in world.refs("refs/flowsync/kept/").values()
    assert world.here("chat", kept) | {"flow.dag.yaml": b""} == {
        "a.py": b"saved\n",
        "b.py": b"saved too\n",
        "sub/new.py": b"new\n",
        "flow.dag.yaml": b"",
    }
    assert world.git("ls-tree", "-r", kept, "flows/chat/sub/new.py").startswith("100755")
    assert world.here("chat", f"{kept}^2")["a.py"] == b"staged\n"
    assert world.git("rev-parse", f"{kept}^1") == tip == world.tip()
    assert world.states() == {"chat": "in-sync"}


def test_discarded_edits_come_back(edited: World) -> None:
    world = edited
    world.git("reset", "--quiet")
    before = {path.name: path.read_bytes() for path in (world.folder / "flows/chat").rglob("*.py")}
    kept = discard(world)["commit"]
    tip = world.tip()
    (result,) = world.ends(0, "restore", "chat", "--at", kept, "--no-commit", "--json").json["results"]
    assert (result["did"], result["commit"], result["before"]) == ("restored", None, tip)
    assert {path.name: path.read_bytes() for path in (world.folder / "flows/chat").rglob("*.py")} == before
    assert world.tip() == tip
    assert world.state("chat")["local"]["dirty"]


def test_some_files_or_folders_only(edited: World) -> None:
    result = discard(edited, "sub", "b.py")
    assert result["paths"] == ["b.py", "sub/new.py"]
    assert (edited.folder / "flows/chat/a.py").read_text() == "saved\n"
    assert edited.git("show", ":flows/chat/a.py") == "staged"
    assert (edited.folder / "flows/chat/b.py").read_text() == "b\n"
    assert edited.here("chat", result["commit"])["a.py"] == b"a\n"
    (restored,) = edited.ends(0, "restore", "chat", "--at", result["commit"], "--no-commit", "--json").json["results"]
    assert restored["did"] == "restored"  # other edits may stay meanwhile
    assert (edited.folder / "flows/chat/b.py").read_text() == "saved too\n"
    assert (edited.folder / "flows/chat/a.py").read_text() == "saved\n"


def test_a_rehearsal_drops_nothing(edited: World) -> None:
    before = edited.untouched(), edited.refs()
    assert discard(edited, "--dry-run")["paths"] == ["a.py", "b.py", "c.py", "sub/new.py"]
    assert (edited.untouched(), edited.refs()) == before


def test_nothing_to_discard_and_nothing_of_the_kind(edited: World) -> None:
    edited.ends(2, "discard", "nothing")
    edited.ends(2, "discard", "..")
    edited.ends(2, "discard", "../outside.txt")
    edited.ends(2, "discard", "chat/sub")  # a folder of a flow is none
    edited.ends(2, "discard", "chat", "no.py")
    edited.ends(2, "discard", "chat", "../../outside.txt")
    edited.ends(2, "discard", "chat", ".env")
    assert (edited.folder / "outside.txt").exists()
    discard(edited)
    assert discard(edited)["did"] == "unchanged"


def test_a_flow_that_was_never_committed_is_kept_too(world: World) -> None:
    world.studio_flow("other")
    world.sync()
    world.write({"flows/fresh/flow.dag.yaml": "nodes: []\n", "flows/fresh/x.py": "x\n"})
    (result,) = world.ends(0, "discard", "fresh", "--json").json["results"]
    assert not (world.folder / "flows/fresh").exists()
    assert world.here("fresh", result["commit"]).keys() == {"flow.dag.yaml", "x.py"}


def test_it_waits_while_git_is_busy(edited: World) -> None:
    (edited.folder / ".git" / "MERGE_HEAD").write_text(edited.tip() or "")
    before = edited.untouched()
    assert discard(edited, code=1)["did"] == "held"
    assert edited.untouched() == before


def test_a_file_that_is_saved_in_the_very_moment_is_left_alone(edited: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from flowsync.sync import discard as module

    real: Callable[..., str] = module.as_staged

    def saved_meanwhile(*arguments: Any) -> str:
        edited.write({"flows/chat/b.py": "typed just now\n"})
        return real(*arguments)

    monkeypatch.setattr(module, "as_staged", saved_meanwhile)
    assert discard(edited, code=1)["did"] == "held"
    assert (edited.folder / "flows/chat/b.py").read_text() == "typed just now\n"
    assert (edited.folder / "flows/chat/a.py").read_text() == "saved\n"
    assert not edited.refs("refs/flowsync/kept/")


def test_names_that_git_quotes_and_conflicts_that_a_stash_left(world: World) -> None:
    world.studio_flow("chat", a_py="a\n")
    world.sync()
    odd = 'ä "odd" *name*.py'
    world.write({f"flows/chat/{odd}": "odd\n", "flows/chat/xname.py": "x\n", "flows/chat/a.py": "stashed\n"})
    world.git("stash", "--quiet", "--", "flows/chat/a.py")
    world.commit({"flows/chat/a.py": "committed\n"})
    world.git("stash", "pop", "--quiet", ok=False)
    assert "UU" in world.git("status", "--porcelain")
    result = discard(world, odd, "a.py")
    assert (world.folder / "flows/chat/a.py").read_text() == "committed\n"
    assert (world.folder / "flows/chat/xname.py").exists()
    assert not (world.folder / f"flows/chat/{odd}").exists()
    assert json.dumps(result)
    assert world.here("chat", result["commit"])[odd] == b"odd\n"
