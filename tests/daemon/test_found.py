"""What the state machine with a daemon in it (``test_model.py``) found, each as the shortest story that shows it."""

from collections.abc import Callable

from daemon_process import Daemon, until
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
