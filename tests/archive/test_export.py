"""What export writes: the same bytes for the same commit, what is said about them, and where they go."""

import hashlib
import json
import os
import pty
import subprocess
import zipfile
from pathlib import Path

import pytest

from archive.clones import NOTES, clone, edited, started
from flowsync.archive.provenance import Provenance, State, provenance
from world import DAG, World


def sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_same_commit_gives_the_same_bytes(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = started(world, **{"z.py": "x", "a/b.py": "y" * 5000, "café.txt": "é"})
    there = clone(here, tmp_path / "there")
    os.utime(there.folder / "flows/chat/z.py", (1, 1))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    for index, world_ in enumerate((here, there, here)):
        world_.ends(0, "export", "chat", "-o", str(tmp_path / f"{index}.zip"))
    assert len({sha(tmp_path / f"{index}.zip") for index in range(3)}) == 1
    assert hashlib.sha256(there_bytes(there)).hexdigest() == sha(tmp_path / "0.zip")


def there_bytes(world: World) -> bytes:
    env = {**os.environ, "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    return subprocess.run(world.command("export", "chat", "-o", "-"), capture_output=True, check=True, env=env).stdout


def test_how_entries_are_written(world: World, tmp_path: Path) -> None:
    here = started(world, **{"café.txt": "é", "b/a.py": "x" * 1000})
    here.git("commit", "--quiet", "--amend", "--no-edit", "--date", "2025-01-01T00:00:00Z")
    here.ends(0, "export", "chat", "-o", str(tmp_path / "chat.zip"))
    committed = int(here.git("show", "-s", "--format=%ct"))
    with zipfile.ZipFile(tmp_path / "chat.zip") as archive:
        infos = archive.infolist()
        comment = provenance(archive.comment)
    assert [info.filename for info in infos] == ["b/a.py", "café.txt", "flow.dag.yaml", "notes.txt"]
    for info in infos:
        assert (info.create_system, info.external_attr >> 16, info.extra) == (3, 0o100644, b"")
        assert info.compress_type == zipfile.ZIP_DEFLATED
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(committed - committed % 2, UTC)
    assert {info.date_time for info in infos} == {moment.timetuple()[:6]}
    assert (comment.flow, comment.commit, comment.remote) == ("chat", here.tip(), "studio")
    assert [state.commit for state in comment.states] == [here.tip(), here.tip(), here.git("rev-parse", "HEAD~1")]


def test_source_date_epoch(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = started(world)
    for value, date in (("0", (1980, 1, 1, 0, 0, 0)), ("1700000000", (2023, 11, 14, 22, 13, 20))):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
        here.ends(0, "export", "chat", "-o", str(tmp_path / "chat.zip"), "--force")
        with zipfile.ZipFile(tmp_path / "chat.zip") as archive:
            assert {info.date_time for info in archive.infolist()} == {date}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    here.ends(2, "export", "chat", "-o", str(tmp_path / "chat.zip"))


def test_an_older_commit_and_studios_side(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.sync()
    here.commit({"flows/chat/notes.txt": edited(1, "newer")})
    here.studio({"chat/notes.txt": edited(12, "in Studio")})
    here.ends(0, "fetch")
    for arguments, expected in (
        (["--rev", "HEAD~1"], NOTES),
        ([], edited(1, "newer")),
        (["--from", "studio"], edited(12, "in Studio")),
    ):
        here.ends(0, "export", "chat", *arguments, "-f", "-o", str(tmp_path / "chat.zip"))
        with zipfile.ZipFile(tmp_path / "chat.zip") as archive:
            assert archive.read("notes.txt").decode() == expected
    here.ends(2, "export", "chat", "--rev", "HEAD", "--from", "studio")
    here.ends(2, "export", "chat", "--rev", "nonsense")


def test_every_flow_with_a_manifest(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.commit({"flows/faq/flow.dag.yaml": DAG})
    for _ in range(2):  # the second run finds the same bytes, and is no offence
        here.ends(0, "export", "--all", "-o", str(tmp_path / "out"))
    assert sorted(os.listdir(tmp_path / "out")) == ["chat.zip", "faq.zip", "flowsync-export.json"]
    manifest = json.loads((tmp_path / "out" / "flowsync-export.json").read_text())
    assert [(row["flow"], row["file"], row["files"]) for row in manifest["flows"]] == [
        ("chat", "chat.zip", 2),
        ("faq", "faq.zip", 1),
    ]
    assert all(row["sha256"] == sha(tmp_path / "out" / row["file"]) for row in manifest["flows"])


def test_one_flows_trouble_does_not_stop_the_others(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.commit({"flows/faq/flow.dag.yaml": DAG})
    (here.folder / "flows/faq/link").symlink_to("/etc/passwd")
    here.git("add", "-A")
    here.git("commit", "--quiet", "-m", "A link")
    run = here.ends(1, "export", "--all", "-o", str(tmp_path / "out"), "--json")
    assert [row["flow"] for row in run.json["exports"]] == ["chat"]
    assert "symbolic link" in run.json["problems"][0]["hold"]["reason"]
    assert (tmp_path / "out" / "chat.zip").exists()
    assert not (tmp_path / "out" / "faq.zip").exists()


def test_what_is_there_is_not_replaced_unasked(world: World, tmp_path: Path) -> None:
    here = started(world)
    file = tmp_path / "chat.zip"
    file.write_text("a download that nobody imported yet")
    assert "exists already" in here.ends(2, "export", "chat", "-o", str(file)).err
    assert file.read_text() == "a download that nobody imported yet"
    assert os.listdir(tmp_path / "share" / "Users" / "alice" / "promptflow") == []
    here.ends(0, "export", "chat", "-o", str(file), "--force")
    assert zipfile.is_zipfile(file)
    assert [name for name in os.listdir(tmp_path) if name.startswith(".chat")] == []


def test_uncommitted_edits_are_named_and_stay_out(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.write({"flows/chat/notes.txt": "not committed\n"})
    run = here.ends(0, "export", "chat", "-o", str(tmp_path / "chat.zip"))
    assert "uncommitted edits, which are not exported" in run.err
    with zipfile.ZipFile(tmp_path / "chat.zip") as archive:
        assert archive.read("notes.txt").decode() == NOTES


def test_a_rehearsal_writes_nothing(world: World, tmp_path: Path) -> None:
    here = started(world)
    here.ends(0, "export", "--all", "-o", str(tmp_path / "out"), "--dry-run")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["nowhere"], ["chat", "--all"], ["chat", "faq", "-o", "-"], ["--all", "-o", "README.md"]]
)
def test_a_command_line_that_cannot_be(arguments: list[str], world: World) -> None:
    here = started(world)
    here.commit({"flows/faq/flow.dag.yaml": DAG})
    here.ends(2, "export", *arguments)
    assert here.git("status", "--porcelain") == ""


def test_progress_shows_on_a_terminal_only(world: World, tmp_path: Path) -> None:
    here = started(world, **{"data.bin": b"x" * 3_000_000})
    command = here.command("export", "chat", "-o", str(tmp_path / "chat.zip"))
    ours, theirs = pty.openpty()
    done = subprocess.run(
        command, stderr=theirs, stdout=subprocess.PIPE, check=True, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    assert b"Exporting chat" in os.read(ours, 65536)
    os.close(ours)
    assert b"Exporting" not in done.stdout
    assert subprocess.run([*command, "-f"], capture_output=True, check=True).stderr == b""


def test_a_comment_reads_back_and_a_strange_one_says_nothing() -> None:
    said = Provenance("a b/%~ü", "1" * 40, "studio", (State("1" * 40, "2" * 40), State("3" * 40, "4" * 40)))
    assert provenance(said.comment()) == said
    assert len(Provenance("x" * 300, "1" * 40, "r", (State("1" * 40, "2" * 40),) * 500).comment()) < 65536
    assert provenance(b"5" * 40) == Provenance(commit="5" * 40)
    for strange in (
        b"",
        b"\xff\xfe",
        b"hello",
        b"flowsync export 1\ncommit: HEAD\nstate: x y\nflow",
        b"flowsync export 2\n",
    ):
        assert provenance(strange) == Provenance()
