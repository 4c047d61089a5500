"""What import takes, what it leaves out, what it asks, and what it never touches."""

import stat
import zipfile
from pathlib import Path

import pytest

from archive.clones import NOTES, clone, edited, notes, sha256, started, zipped
from world import DAG, World

FLOW = {"flow.dag.yaml": DAG, "notes.txt": NOTES}


def results(world: World, code: int, *arguments: str) -> list[dict[str, object]]:
    return world.ends(code, "import", *arguments, "--json").json["results"]  # type: ignore[no-any-return]


def test_nothing_says_what_it_was_made_from(world: World, tmp_path: Path) -> None:
    """The person gets the choices, each as a command that works as it stands."""
    here = started(world)
    here.commit({"flows/chat/notes.txt": edited(1, "newer")}, "Newer")
    file = zipped(tmp_path / "chat.zip", {**FLOW, "notes.txt": edited(12, "from the mail"), "more.py": "x\n"})
    tip = here.tip()
    (held,) = results(here, 1, str(file))
    assert (held["did"], here.tip()) == ("held", tip)
    commands = [str(choice["command"]) for choice in held["choices"]]  # type: ignore[attr-defined, union-attr]
    older = here.git("rev-parse", "HEAD~1")[:12]
    assert f"flowsync import {file} --base {older}" in commands
    assert f"flowsync import {file} --flow chat-2" in commands
    here.ends(0, *commands[[older in command for command in commands].index(True)].split()[1:])
    assert notes(here) == edited(1, "newer").replace("line 12\n", "from the mail\n")


def test_a_base_that_is_no_commit(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = zipped(tmp_path / "chat.zip", {**FLOW, "notes.txt": "x"})
    assert "is no commit" in here.ends(2, "import", str(file), "--base", "nonsense").err


def test_it_is_known_already(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = zipped(tmp_path / "chat.zip", FLOW)
    assert results(here, 0, str(file))[0]["did"] == "unchanged"
    here.commit({"flows/chat/notes.txt": edited(1, "newer")})
    tip = here.tip()
    (known,) = results(here, 0, str(file))
    assert known["did"] == "unchanged"
    assert "flowsync restore chat --at" in str(known["hold"])
    assert here.tip() == tip


def test_the_name_is_a_guess(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = zipped(tmp_path / "download (3).zip", {**FLOW, "new.py": "x\n"})
    (held,) = results(here, 1, str(file))
    meanings = [choice["meaning"] for choice in held["choices"]]  # type: ignore[attr-defined, union-attr]
    assert meanings == ["it is another version of chat", "it is a flow of its own"]
    assert file.rename(tmp_path / "chat (2).zip").name == "chat (2).zip"
    (landed,) = results(here, 0, str(tmp_path / "chat (2).zip"), "--base", "HEAD")
    assert landed["flow"] == "chat"


def test_a_new_flow_under_another_name(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = zipped(tmp_path / "chat.zip", {**FLOW, "notes.txt": "quite different\n"})
    results(here, 0, str(file), "--flow", "chat-2")
    assert here.here("chat-2")["notes.txt"] == b"quite different\n"
    assert notes(here) == NOTES


@pytest.mark.parametrize("name", ["con", "a:b", "..", ".git", "x" * 300])
def test_a_flow_cannot_be_called_anything(name: str, world: World, tmp_path: Path) -> None:
    here = started(world)
    tip = here.tip()
    here.ends(2, "import", str(zipped(tmp_path / "chat.zip", FLOW)), "--flow", name)
    assert here.tip() == tip


def test_several_flows(world: World, tmp_path: Path) -> None:
    here = started(world)
    both = {f"top/{flow}/{path}": text for flow in ("one", "two") for path, text in FLOW.items()}
    file = zipped(tmp_path / "many.zip", {**both, "top/README.md": "about"})
    (held,) = results(here, 1, str(file))
    assert [choice["meaning"] for choice in held["choices"]] == [  # type: ignore[attr-defined, union-attr]
        "every one of them",
        "only top/one",
        "only top/two",
    ]
    (one,) = results(here, 0, str(file), "--flow", "two")
    assert one["flow"] == "two"
    assert "not part of a flow, and left out: top/README.md" in one["notes"]  # type: ignore[operator]
    assert [row["did"] for row in results(here, 0, str(file), "--all")] == ["landed", "unchanged"]
    assert set(here.here("one")) == set(here.here("two")) == set(FLOW)


def test_a_damaged_flow_beside_a_good_one_lands_neither(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = zipped(tmp_path / "many.zip", {"a/flow.dag.yaml": DAG, "b/flow.dag.yaml": DAG, "b/x.bin": "mark" * 50})
    raw = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        place = archive.getinfo("b/x.bin").header_offset + 30 + len("b/x.bin")
    file.write_bytes(raw[:place] + bytes([raw[place] ^ 0xFF]) + raw[place + 1 :])
    tip, objects = here.tip(), here.git("count-objects")
    here.ends(2, "import", str(file), "--all")
    assert (here.tip(), here.git("count-objects")) == (tip, objects)


def test_noise_and_layouts(world: World, tmp_path: Path) -> None:
    noise = {
        "__MACOSX/chat/._flow.dag.yaml": "x",
        "chat/.DS_Store": "x",
        "chat/sub/Thumbs.db": "x",
        "chat/desktop.ini": "",
    }
    file = zipped(tmp_path / "some.zip", {**{f"chat/{path}": text for path, text in FLOW.items()}, **noise})
    (row,) = results(world, 0, str(file))
    assert row["flow"] == "chat"
    assert set(world.here("chat")) == set(FLOW)
    assert any("file manager" in note for note in row["notes"])  # type: ignore[attr-defined]


def test_githubs_layout_brings_its_own_base(world: World, tmp_path: Path) -> None:
    """The download of a whole repository: one top folder, and the commit id as the comment."""
    here = started(world)
    there = clone(here, tmp_path / "there")
    there.commit({"flows/chat/notes.txt": edited(12, "from there")})
    here.git("fetch", "--quiet", str(there.folder), "main")
    there.git("archive", "--format=zip", "--prefix=repo-main/", "-o", str(tmp_path / "repo-main.zip"), "HEAD")
    here.commit({"flows/chat/notes.txt": edited(1, "from here")})
    (row,) = results(here, 0, str(tmp_path / "repo-main.zip"))
    assert (row["flow"], row["did"]) == ("chat", "merged")
    assert notes(here) == edited(1, "from here").replace("line 12\n", "from there\n")


def test_what_never_syncs_is_neither_exported_nor_imported(world: World, tmp_path: Path) -> None:
    secret = {".env": "KEY=1", "__pycache__/a.pyc": "x", ".promptflow/flow.log": "x", ".runs/1": "x", "sub/.env": "K"}
    kept = {".promptflow/flow.tools.json": "{}", ".amlignore": "*.log\n"}
    here = started(world, **{"keep.txt": "x"})
    here.commit({f"flows/chat/{path}": text for path, text in {**secret, **kept, "debug.log": "x"}.items()})
    here.ends(0, "export", "chat", "-o", str(tmp_path / "chat.zip"))
    with zipfile.ZipFile(tmp_path / "chat.zip") as archive:
        assert archive.namelist() == sorted([*FLOW, *kept, "keep.txt"])
    file = zipped(tmp_path / "in.zip", {**FLOW, **secret, **kept, "debug.log": "theirs", "keep.txt": "theirs"})
    before = here.here("chat")
    (row,) = results(here, 0, str(file), "--flow", "chat", "--base", "HEAD")
    assert row["paths"] == ["keep.txt"]
    assert any(".env" in note and "never synced" in note for note in row["notes"])  # type: ignore[attr-defined]
    assert here.here("chat") == {**before, "keep.txt": b"theirs"}


def test_an_untracked_secret_beside_the_flow_stays(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.commit({".gitignore": ".env\n"})
    here.write({"flows/chat/.env": "KEY=mine"})
    results(
        here, 0, str(zipped(tmp_path / "chat.zip", {**FLOW, "new.py": "x", ".env": "KEY=theirs"})), "--base", "HEAD"
    )
    assert (here.folder / "flows/chat/.env").read_text() == "KEY=mine"
    assert (here.folder / "flows/chat/new.py").read_text() == "x"


def test_uncommitted_edits_are_left_alone(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = zipped(tmp_path / "chat.zip", {**FLOW, "new.py": "x"})
    here.write({"flows/chat/notes.txt": "not committed\n"})
    before = here.untouched()
    (held,) = results(here, 1, str(file), "--base", "HEAD")
    assert "uncommitted" in str(held["hold"])
    assert here.untouched() == before
    here.git("checkout", "--quiet", "--", ".")
    here.write({"flows/other.txt": "elsewhere\n"})
    results(here, 0, str(file), "--base", "HEAD")
    assert (here.folder / "flows/other.txt").read_text() == "elsewhere\n"


def test_it_waits_while_git_is_busy(world: World, tmp_path: Path) -> None:
    here = started(world)
    (here.folder / ".git" / "MERGE_HEAD").write_text(f"{here.tip()}\n")
    tip = here.tip()
    (held,) = results(here, 1, str(zipped(tmp_path / "chat.zip", {**FLOW, "new.py": "x"})), "--base", "HEAD")
    assert "a merge is under way" in str(held["hold"])
    assert here.tip() == tip


def test_a_rehearsal_changes_nothing(world: World, tmp_path: Path) -> None:
    here = started(world)
    before, refs = here.untouched(), here.refs()
    for content in (edited(1, "theirs"), "conflict\n"):
        file = zipped(tmp_path / "chat.zip", {**FLOW, "notes.txt": content})
        run = here.ends(0, "import", str(file), "--base", "HEAD", "--dry-run")
        assert run.out.startswith("would be landed  chat  notes.txt\n")
    assert (here.untouched(), here.refs()) == (before, refs)


def test_staged_and_not_committed(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.commit({"flows/chat/notes.txt": edited(1, "mine")})
    tip = here.tip()
    here.write({"README.md": "not committed\n"})
    file = zipped(tmp_path / "chat.zip", {**FLOW, "notes.txt": edited(12, "theirs"), "new.py": "x\n"})
    (row,) = results(here, 0, str(file), "--base", "HEAD~1", "--no-commit")
    assert (row["did"], here.tip()) == ("merged", tip)
    assert here.git("status", "--porcelain").splitlines() == [
        " M README.md",
        "A  flows/chat/new.py",
        "M  flows/chat/notes.txt",
    ]
    assert (here.folder / "flows/chat/notes.txt").read_text() == edited(1, "mine").replace("line 12\n", "theirs\n")
    here.git("switch", "--quiet", "--detach")
    here.git("reset", "--quiet", "--hard")
    (held,) = results(here, 1, str(file), "--base", "HEAD~1", "--no-commit")
    assert "not checked out" in str(held["hold"])


def test_an_archive_of_a_few_files_is_not_taken_for_a_mass_delete(world: World, tmp_path: Path) -> None:
    here = started(world, **{f"f{number}.py": "x" for number in range(8)})
    file = zipped(tmp_path / "chat.zip", {**FLOW, "notes.txt": "new\n"})
    tip = here.tip()
    (held,) = results(here, 1, str(file), "--base", "HEAD")
    assert "8 of 10 files are not in the archive" in str(held["hold"])
    assert here.tip() == tip
    results(here, 0, str(file), "--base", "HEAD", "--accept-deletes")
    assert set(here.here("chat")) == set(FLOW)


def test_an_executable_stays_one(world: World, tmp_path: Path) -> None:
    here = started(world, **{"run.sh": "one\n"})
    here.git("update-index", "--chmod=+x", "flows/chat/run.sh")
    here.git("commit", "--quiet", "-m", "Executable")
    here.git("reset", "--quiet", "--hard")
    results(here, 0, str(zipped(tmp_path / "chat.zip", {**FLOW, "run.sh": "two\n"})), "--base", "HEAD")
    assert (here.folder / "flows/chat/run.sh").stat().st_mode & stat.S_IXUSR
    assert here.here("chat")["run.sh"] == b"two\n"


def test_the_commit_tells_where_it_came_from(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = zipped(tmp_path / "chat.zip", {**FLOW, "new.py": "x\n"}, (2025, 3, 4, 5, 6, 8))
    results(here, 0, str(file), "--base", "HEAD")
    said = here.git("show", "-s", "--format=%an|%ad|%B", "--date=iso-strict")
    assert said.startswith("Pat|2025-03-04T05:06:08+00:00|chat: import chat.zip\n")
    assert f"Flowsync-Archive-SHA256: {sha256(file)}" in said


def test_only_unpacked(world: World, tmp_path: Path) -> None:
    """Needs no repository; what never syncs stays out; one folder for each flow, with a plain file's mode."""
    file = zipped(tmp_path / "chat.zip", {**{f"chat/{path}": text for path, text in FLOW.items()}, "chat/.env": "K"})
    outside = World(tmp_path)
    outside.ends(0, "import", str(file), "--into", "deep/into")
    made = tmp_path / "deep" / "into"
    assert {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()} == {
        f"chat/{path}" for path in FLOW
    }
    assert stat.S_IMODE((made / "chat" / "notes.txt").stat().st_mode) & 0o133 == 0
    assert "exists already" in outside.ends(2, "import", str(file), "--into", "deep/into").err


def test_a_flow_that_studio_has_and_the_branch_has_not(world: World, tmp_path: Path) -> None:
    world.studio_flow("chat")
    world.ends(0, "fetch")
    (held,) = results(world, 1, str(zipped(tmp_path / "chat.zip", FLOW)))
    assert "flowsync pull chat" in str(held["hold"])


@pytest.mark.parametrize("arguments", [[], ["nowhere.zip"], ["."], ["chat.zip", "--limit", "nonsense"]])
def test_a_command_line_that_cannot_be(arguments: list[str], world: World) -> None:
    zipped(world.folder / "chat.zip", FLOW)
    world.ends(2, "import", *arguments)
