"""What a daemon does by itself, with real processes: commits go out, saves come in, commands and pauses are obeyed."""

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon_process import PATIENCE, Daemon, until
from flowsync.daemon.client import connect
from flowsync.daemon.place import find
from flowsync.daemon.stamp import stamp
from world import World

Start = Callable[..., Daemon]


def test_a_commit_goes_to_studio_and_a_save_in_studio_becomes_a_commit(world: World, daemon: Daemon) -> None:
    assert world.here("chat") == world.there("chat")
    world.commit({"flows/chat/a.py": "x = 2\n"}, "mine")
    until(lambda: world.there("chat")["a.py"] == b"x = 2\n", "the commit in Studio")
    until(lambda: daemon.flow("chat")["state"] == "in-sync", "the push to be acknowledged")
    world.studio({"chat/a.py": "x = 3\n"})
    until(lambda: world.here("chat")["a.py"] == b"x = 3\n", "the save as a commit")
    until(lambda: (world.folder / "flows/chat/a.py").read_bytes() == b"x = 3\n")
    daemon.settled()
    assert daemon.flow("chat")["state"] == "in-sync"
    assert world.git("status", "--porcelain") == ""


def test_a_new_flow_in_a_folder_that_was_not_there_is_noticed(world: World, run_daemon: Start) -> None:
    daemon = run_daemon(world).ready().settled()
    assert not (world.folder / "flows").exists()
    world.commit({"flows/new/flow.dag.yaml": "inputs: {}\noutputs: {}\nnodes: []\n"})
    until(lambda: "flow.dag.yaml" in world.there("new"), "the flow in Studio")
    daemon.settled()
    world.write({"flows/new/flow.dag.yaml": "inputs: {}\noutputs: {}\nnodes: []\n# edited\n"})
    until(lambda: daemon.flow("new")["local"]["dirty"] == ["flow.dag.yaml"], "the edit to be noticed")


def test_a_new_flow_in_studio_is_found_without_a_sweep(world: World, run_daemon: Start) -> None:
    world.git("config", "flowsync.newFlows", "1")
    world.git("config", "flowsync.fastestLook", "3600")
    world.studio_flow("chat")
    daemon = run_daemon(world).ready().settled()
    world.studio({"new/readme.txt": "not a flow yet"})
    world.studio_flow("new")
    until(lambda: world.here("new").keys() == {"flow.dag.yaml", "readme.txt"}, "the new flow")
    assert daemon.count("looks") == 1


def test_a_saved_edit_of_a_flow_holds_what_comes_from_studio_until_it_is_committed(
    world: World, daemon: Daemon
) -> None:
    world.write({"flows/chat/mine.py": "m = 1\n"})
    world.studio({"chat/a.py": "x = 5\n"})
    held = until(lambda: (row := daemon.flow("chat"))["state"] == "held" and row, "the hold")
    assert "uncommitted" in held["hold"]["reason"]
    world.commit({"flows/chat/mine.py": "m = 1\n"})
    until(lambda: world.there("chat").get("mine.py") == b"m = 1\n" and world.here("chat")["a.py"] == b"x = 5\n")
    daemon.settled()
    assert daemon.flow("chat")["state"] == "in-sync"


def test_it_waits_while_git_is_in_the_middle_of_something(world: World, daemon: Daemon) -> None:
    lock = world.folder / ".git" / "index.lock"
    lock.touch()
    world.git("commit-tree", "HEAD^{tree}", "-m", "x")
    world.git("update-ref", "refs/heads/main", world.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "other"))
    until(lambda: daemon.state["health"] == "busy", "that it says so")
    passes = daemon.count("passes_push")
    world.studio({"chat/a.py": "x = 6\n"})
    until(lambda: daemon.flow("chat").get("hold"), "Studio's edit to wait")
    assert daemon.count("passes_push") == passes
    lock.unlink()
    until(lambda: world.here("chat")["a.py"] == b"x = 6\n", "what waited")


def test_the_command_line_goes_through_the_daemon(world: World, daemon: Daemon) -> None:
    world.ends(0, "pause")
    world.studio({"chat/a.py": "x = 7\n"})
    run = world.ends(0, "sync")
    assert "landed" in run.out
    assert "x = 7" in world.here("chat")["a.py"].decode()
    assert daemon.count("passes_sync") >= 1
    world.studio({"chat/a.py": "x = 8\n"})
    rehearsed = world.ends(0, "pull", "--dry-run", "--json").json
    assert [row["did"] for row in rehearsed["results"]] == ["landed"]
    assert b"x = 8" not in world.here("chat")["a.py"]
    assert world.ends(2, "sync", "nothing-like-it").err.startswith("flowsync: no flow is called nothing-like-it")


def test_what_a_fetch_brought_is_landed(world: World, run_daemon: Callable[..., Daemon]) -> None:
    world.studio_flow("chat", a_py="x = 1\n")
    world.git("config", "flowsync.fastestLook", "3600")
    daemon = run_daemon(world).ready().settled()
    world.studio({"chat/a.py": "x = 7\n"})
    assert "fetched" in world.ends(0, "fetch").out
    until(lambda: world.here("chat")["a.py"] == b"x = 7\n", "what was fetched to be landed")
    assert daemon.count("passes_look") == 1, "the first look: it was no look of its own that landed it"


def test_status_is_the_same_with_and_without_a_daemon(world: World, daemon: Daemon) -> None:
    world.ends(0, "pause")
    world.commit({"flows/chat/a.py": "x = 9\n"})
    world.studio_flow("other")
    world.ends(0, "fetch")
    by_daemon = world.ends(0, "status", "--json").json
    shown = world.ends(0, "status").out
    assert {row["name"]: row["state"] for row in by_daemon["flows"]} == {"chat": "local-ahead", "other": "studio-only"}
    assert daemon.end() == 0
    assert world.ends(0, "status", "--json").json == by_daemon
    assert _timeless(world.ends(0, "status").out) == _timeless(shown)


def _timeless(said: str) -> list[str]:
    """The rows of a status, without how long ago things were."""
    return [re.sub(r"just now|\d+ \w+ ago", "then", line) for line in said.splitlines()[3:]]


def test_status_right_after_a_commit_knows_the_commit(world: World, daemon: Daemon) -> None:
    world.ends(0, "pause")
    for number in range(5):
        sha = world.commit({"flows/chat/a.py": f"y = {number}\n"})
        assert world.state("chat")["local"]["commit"] == sha


def test_a_paused_flow_rests_and_the_others_go_on(world: World, daemon: Daemon) -> None:
    world.studio_flow("other", b_py="1\n")
    world.ends(0, "sync")
    world.ends(0, "pause", "chat", "--for", "1h")
    world.commit({"flows/chat/a.py": "p = 1\n", "flows/other/b.py": "2\n"})
    until(lambda: world.there("other")["b.py"] == b"2\n", "the flow that is not paused")
    daemon.settled()
    assert world.there("chat")["a.py"] == b"x = 1\n"
    assert "chat" in world.ends(0, "daemon", "status").out
    world.ends(0, "resume", "chat")
    until(lambda: world.there("chat")["a.py"] == b"p = 1\n", "what was paused")


def test_a_pause_outlives_the_daemon_and_ends_by_itself(world: World, daemon: Daemon, run_daemon: Start) -> None:
    world.ends(0, "pause")
    assert daemon.end() == 0
    again = run_daemon(world).ready()
    until(lambda: again.state["health"] == "paused")
    world.commit({"flows/chat/a.py": "q = 1\n"})
    world.ends(0, "pause", "--for", "1s")
    until(lambda: world.there("chat")["a.py"] == b"q = 1\n", "the end of the pause")


def test_modes_are_switched_at_run_time_and_by_the_file(world: World, daemon: Daemon) -> None:
    world.ends(0, "daemon", "mode", "observe")
    world.commit({"flows/chat/a.py": "o = 1\n"})
    until(lambda: "observe" in str((daemon.flow("chat")["hold"] or {}).get("reason")))
    world.ends(0, "daemon", "mode", "configured")
    until(lambda: world.there("chat")["a.py"] == b"o = 1\n", "sync again")
    world.link(mode="pull")
    until(lambda: daemon.state["modes"]["*"] == "pull", "the file to be read")
    world.commit({"flows/chat/a.py": "o = 2\n"})
    until(lambda: "pull" in str((daemon.flow("chat")["hold"] or {}).get("reason")))
    assert world.there("chat")["a.py"] == b"o = 1\n"


def test_a_broken_configuration_is_said_and_survived(world: World, daemon: Daemon) -> None:
    good = (world.folder / ".flowsync.yaml").read_text()
    world.write({".flowsync.yaml": "version: 7\n"})
    until(lambda: daemon.state["health"] == "failing" and ".flowsync.yaml" in daemon.state["detail"])
    world.write({".flowsync.yaml": good})
    until(lambda: daemon.state["health"] == "idle", "its recovery")


def test_events_tell_what_happens(world: World, daemon: Daemon) -> None:
    told: list[dict[str, object]] = []
    client = connect(world.folder)
    assert client is not None

    client.request("subscribe", {"kinds": ["result"]})

    def listen() -> None:
        for event in client.notifications():
            told.append(event)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    world.commit({"flows/chat/a.py": "e = 1\n"})
    event = until(lambda: next((one for one in told if one["what"] == "push" and one["results"]), None))
    assert [row["did"] for row in event["results"]] == ["pushed"]
    assert daemon.end() == 0
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_asked(world: World, daemon: Daemon, number: int) -> None:
    assert daemon.end(number) == 0
    assert not daemon.place.address.exists()
    assert not (daemon.place.state_dir / "daemon.sock").exists()
    assert "Traceback" not in str(daemon)


def test_start_status_stop(world: World, run_daemon: Start) -> None:
    assert world.process("daemon", "status").code == 5
    started = world.process("daemon", "start")
    assert started.code == 0, str(started)
    try:
        assert world.process("daemon", "start").code == 5
        assert world.process("daemon", "status", "--json").json["running"]
        first = world.process("daemon", "status", "--json").json["pid"]
        assert world.process("daemon", "restart").code == 0
        second = world.process("daemon", "status", "--json").json["pid"]
        assert first != second
        until(lambda: not _alive(first), "the first one's end")
        listed = world.process("daemon", "status", "--all", "--json").json["repositories"]
        assert [(row["repository"], row["running"]) for row in listed] == [(str(world.folder), True)]
        assert "serves" in world.process("daemon", "logs").out
        assert "flowsync_up 1" in world.process("daemon", "status", "--prometheus").out
    finally:
        stopped = world.process("daemon", "stop")
    assert stopped.code == 0, str(stopped)
    until(lambda: not _alive(second), "its end")
    assert "No daemon" in world.process("daemon", "stop").out


def _alive(pid: int) -> bool:
    """Whether a process is at work; a zombie waits only for its parent."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(") ")[2][0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_the_cheap_look_notices_whatever_moves_a_flow(world: World) -> None:
    place = find(world.folder)
    assert place is not None
    world.commit({"flows/chat/a.py": "1\n"})
    seen = [stamp(place)]
    assert stamp(place) == seen[0]
    for act in (
        lambda: world.commit({"flows/chat/a.py": "2\n"}),
        lambda: world.git("switch", "--quiet", "-c", "other"),
        lambda: world.git("pack-refs", "--all"),
        lambda: (world.write({"flows/chat/a.py": "3\n"}), world.git("add", "-A")),
        lambda: world.git("reset", "--quiet", "--hard", "HEAD~1"),
        lambda: world.link(mode="live"),
    ):
        act()
        seen.append(stamp(place))
    assert len(set(seen)) == len(seen)
