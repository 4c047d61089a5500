"""What commands print, and how they end: JSON for programs, harmless text for terminals, exit codes for scripts."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from flowsync.core.plan import State
from flowsync.emulator import Emulator
from flowsync.emulator.witness import Event
from world import World


@pytest.fixture
def busy(world: World) -> World:
    """A world where every kind of thing is going on."""
    for name in ("conflict", "studio", "local", "same", "held", "problem"):
        world.studio_flow(name, a_py="a = 1\n")
    world.sync()
    world.commit({f"flows/{name}/a.py": "a = 'here'\n" for name in ("conflict", "local")})
    world.studio({f"{name}/a.py": "a = 'studio'\n" for name in ("conflict", "studio", "held")})
    world.write({"flows/held/a.py": "a = 'unsaved'\n"})
    world.commit({"flows/problem/what?": "x\n"})
    world.ends(0, "fetch")
    return world


def test_status_as_json_has_the_promised_keys(busy: World) -> None:
    found = busy.ends(0, "status", "--json").json
    assert found.keys() >= {"version", "remote", "branch", "share", "observed_at", "flows"}
    assert (found["version"], found["remote"], found["branch"], found["share"]) == (1, "studio", "main", busy.share.url)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)", found["observed_at"])
    states = {row["name"]: row["state"] for row in found["flows"]}
    assert states == {
        "conflict": "conflict",
        "studio": "studio-ahead",
        "local": "local-ahead",
        "same": "in-sync",
        "held": "held",
        "problem": "problem",
    }
    for row in found["flows"]:
        assert row.keys() >= {"name", "state", "local", "studio", "hold", "findings"}
        assert row["local"].keys() >= {"state", "commit", "dirty"}
        assert row["studio"].keys() >= {"state", "ref", "commit", "changed", "last_write"}
        assert row["state"] in {state.value for state in State}
        assert row["findings"].keys() == {"error", "warning"}
        assert row["studio"]["commit"] == busy.tip(row["studio"]["ref"])
    held = next(row for row in found["flows"] if row["name"] == "held")
    assert held["hold"].keys() == {"reason", "hint"} and held["local"]["dirty"] == ["a.py"]


def test_every_command_that_prints_a_state_prints_json(busy: World) -> None:
    commands = [
        ["fetch"], ["status"], ["diff"], ["log", "studio"], ["sync", "--dry-run"], ["pull"], ["push"], ["sync"],
        ["restore", "local", "--at", "main~1"], ["resolve", "conflict", "--ours"], ["doctor"],
        ["init", "--share", busy.share.url, "--remote", "second", "--path", "second", "--dry-run"],
    ]  # fmt: skip
    for command in commands:
        run = busy.run(*command, "--json")
        found: Any = json.loads(run.out)
        assert found["version"] == 1, command
        assert run.out.isascii() and "\x1b" not in run.out


def test_exit_codes(busy: World) -> None:
    assert busy.run("status").code == 0
    assert busy.run("status", "--check").code == 1
    assert busy.run("status", "--check", "same").code == 0
    assert busy.run("sync").code == 1
    assert busy.run("sync", "same").code == 0
    assert busy.run("nonsense").code == 2
    assert busy.run("sync", "--nonsense").code == 2
    assert busy.run().code == 2
    assert busy.run("--version").code == 0
    assert busy.run("stauts").err.strip().endswith("did you mean status?")


def test_control_characters_are_shown_and_never_obeyed(world: World) -> None:
    evil = "x\x1b]0;owned\x07\u202eyp.a"
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    world.commit({f"flows/chat/{evil}": "x\n"})
    for command in (
        ["status"],
        ["sync"],
        ["doctor"],
        ["status", "nope\x1b[31m"],
        ["log", "\x1b[31m"],
        ["resolve", "\x1b[2J", "--ours"],
    ):
        run = world.run(*command)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", run.out + run.err), command
    assert "\\x1b" in world.run("sync").out


def on_a_terminal(world: World, *arguments: str, **env: str) -> bytes:
    """What a command prints on a terminal."""
    main, child = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", **env}
    process = subprocess.Popen(world.command(*arguments), stdout=child, stderr=child, stdin=child, env=environ)
    os.close(child)
    said = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:
            break
        said += chunk
    process.wait()
    os.close(main)
    return said


def test_colour_only_on_a_terminal_and_never_with_no_color(busy: World) -> None:
    assert b"\x1b[" in on_a_terminal(busy, "status")
    assert b"\x1b[" not in on_a_terminal(busy, "status", NO_COLOR="1")
    assert b"\x1b[" not in on_a_terminal(busy, "status", TERM="dumb")
    assert "\x1b[" not in busy.process("status").out
    assert "\x1b" not in busy.process("sync").err


def test_a_reader_that_leaves_is_no_error(busy: World) -> None:
    for command in (["status", "--json"], ["status"], ["--help"]):
        read, write = os.pipe()
        os.close(read)
        process = subprocess.Popen(busy.command(*command), stdout=write, stderr=subprocess.PIPE)
        os.close(write)
        _, said = process.communicate()
        assert (process.returncode, said) == (0, b""), command


def test_a_bug_ends_with_70_and_a_file_to_attach(world: World, tmp_path: Path) -> None:
    # a command's module that is broken: as near to a bug as can be had without one
    source = (
        "import sys, types, flowsync.cli as cli\n"
        "broken = types.ModuleType('flowsync.cli.broken')\n"
        "broken.add_arguments = lambda parser: None\n"
        "def run(args): raise ZeroDivisionError('of all things')\n"
        "broken.run = run\n"
        "sys.modules['flowsync.cli.broken'] = broken\n"
        "cli.COMMANDS += (cli.Command('broken', 'broken', ''),)\n"
        "sys.exit(cli.main(['broken']))\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path), "AZURE_STORAGE_KEY": "S3CR3T"}
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 70
    assert "this is a bug in flowsync (ZeroDivisionError)" in done.stderr and "Traceback" not in done.stderr
    (log,) = tmp_path.glob("flowsync-bug-*.log")
    assert str(log) in done.stderr
    written = log.read_text()
    assert "ZeroDivisionError: of all things" in written and "Python 3" in written and "S3CR3T" not in written


def test_an_interrupt_ends_with_130(azure_world: World, emulator: Emulator) -> None:
    azure_world.studio_flow("chat", a_py="a = 1\n")
    asked, over = threading.Event(), threading.Event()

    def never_answers(event: Event) -> None:
        asked.set()
        over.wait(60)

    emulator.on_request(never_answers)
    process = subprocess.Popen(azure_world.command("sync"), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert asked.wait(60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    over.set()
    assert process.returncode == 130
    assert b"interrupted" in said and b"Traceback" not in said


def test_help_names_every_command(world: World) -> None:
    from flowsync.cli import COMMANDS

    listed = world.run("--help").out
    for row in COMMANDS:
        assert f"  {row.name} " in listed
        assert world.run(row.name, "--help").code == 0


def test_status_says_how_old_it_is_and_asks_nobody(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    assert "never looked at" in world.ends(0, "status").out
    world.sync()
    world.share.folder.rename(world.share.folder.with_name("away"))  # type: ignore[attr-defined]
    assert "share seen just now" in world.ends(0, "status").out
    assert world.run("status", "--fetch").code == 4


def test_git_flowsync_and_python_m_flowsync_are_the_same(busy: World) -> None:
    beside = Path(sys.executable).parent
    env = {"PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}
    first = subprocess.run(
        ["git", "flowsync", "status"], cwd=busy.folder, capture_output=True, env={**os.environ, **env}, check=True
    )
    assert first.stdout.decode().splitlines()[0] == busy.process("status").out.splitlines()[0]


def test_init_links_and_refuses(unlinked: World) -> None:
    url = unlinked.share.url
    unlinked.studio_flow("chat", a_py="a = 1\n")
    assert "needs the share's URL" in unlinked.ends(2, "init").err
    assert not (unlinked.folder / ".flowsync.yaml").exists()
    unlinked.ends(0, "init", "--share", url, "--dry-run")
    assert not (unlinked.folder / ".flowsync.yaml").exists()
    run = unlinked.ends(0, "init", "--share", url, "--path", ".")
    assert "1 flow there" in run.out
    assert "links studio already" in unlinked.ends(2, "init", "--share", url).err
    assert unlinked.ends(2, "init", "--share", url, "--remote", "b", "--path", "../x").code == 2
    assert unlinked.ends(4, "init", "--share", f"{url}/nowhere", "--remote", "c", "--path", "c").code == 4
    unlinked.git("remote", "add", "taken", "https://example.com/x.git")
    assert (
        "has a Git remote called taken"
        in unlinked.ends(2, "init", "--share", url, "--remote", "taken", "--path", "t").err
    )
    unlinked.ends(0, "init", "--share", url, "--remote", "d", "--path", "d")
    text = (unlinked.folder / ".flowsync.yaml").read_text()
    assert text.index("studio:") < text.index("d:") and "path: d" in text
    unlinked.ends(0, "sync", "--remote", "d")
    assert unlinked.files()["d/chat/a.py"] == b"a = 1\n"
