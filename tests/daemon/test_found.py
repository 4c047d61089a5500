"""What the state machine with a daemon in it (``test_model.py``) found, each as the shortest story that shows it."""

import json
import os
import socket
import threading
from collections.abc import Callable

from daemon_process import PATIENCE, Daemon, until
from flowsync.daemon.client import connect_to
from flowsync.daemon.lock import is_running, locked
from flowsync.daemon.place import find, socket_path
from world import World

Start = Callable[..., Daemon]


def test_a_flow_that_came_and_went_before_it_was_landed_stops_no_look_at_the_others(
    world: World, run_daemon: Start
) -> None:
    """Each look named the flow that was no more, and failed, until the next sweep minutes later."""
    world.git("config", "flowsync.fastestLook", "1")
    world.git("config", "flowsync.newFlows", "1")
    world.link(settle=0)
    world.studio_flow("chat", a_py="1\n")
    daemon = run_daemon(world).ready().settled()
    busy = world.folder / ".git/BISECT_LOG"
    busy.write_text("")  # nothing lands meanwhile
    world.studio_flow("talk", a_py="1\n")
    until(lambda: world.tip("refs/remotes/studio/talk"), f"the new flow to be seen: {daemon}")
    world.studio({"talk": None})
    seen = ("ls-tree", "-d", "refs/remotes/studio/talk", "flows/talk")
    until(lambda: not world.git(*seen, ok=False), f"that it is gone to be seen: {daemon}")
    busy.unlink()
    looks = daemon.count("looks")
    until(lambda: daemon.count("looks") > looks + 2, f"more looks: {daemon}")
    world.studio({"chat/a.py": "2\n"})
    until(lambda: world.here("chat")["a.py"] == b"2\n", f"an edit of the other flow to land: {daemon}")
    assert daemon.count("failures") == 0


def test_whoever_holds_the_lock_for_a_moment_keeps_no_daemon_from_starting(world: World) -> None:
    """A child of a killed daemon, or a question whether one runs, made the next start fail: there is another."""
    place = find(world.folder)
    assert place is not None
    held, asked = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(place):
            held.set()
            asked.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(PATIENCE)
    assert is_running(place)
    threading.Timer(0.2, asked.set).start()
    with locked(place, PATIENCE):
        holder.join(PATIENCE)
        assert is_running(place)


def test_a_daemon_that_dies_while_one_connects_to_it_is_no_daemon(world: World) -> None:
    """What it had not accepted yet was hung up on, and every command failed in that moment."""
    place = find(world.folder)
    assert place is not None
    place.state_dir.mkdir(exist_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(socket_path(place)))
    door.listen()
    place.address.write_text(json.dumps({"version": 1, "pid": os.getpid(), "socket": str(socket_path(place))}))

    def die() -> None:
        caller, _ = door.accept()
        door.close()
        caller.close()

    dying = threading.Thread(target=die)
    dying.start()
    assert connect_to(place) is None
    dying.join(PATIENCE)
