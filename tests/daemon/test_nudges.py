"""Git hooks that ``flowsync hooks install`` wrote tell the real daemon, which need not watch for it."""

from collections.abc import Callable

from daemon_process import Daemon, until
from world import World


def test_what_git_does_is_told_by_hooks(world: World, run_daemon: Callable[..., Daemon]) -> None:
    world.studio_flow("chat", a_py="x = 1\n")
    daemon = run_daemon(world, "--polling").ready().settled()
    world.commit({"README.md": "no hook yet\n"})
    assert daemon.count("nudges") == 0
    world.ends(0, "hooks", "install")
    world.commit({"flows/chat/a.py": "x = 2\n"})
    until(lambda: daemon.count("nudges") == 1, "the nudge after the commit")
    until(lambda: world.there("chat")["a.py"] == b"x = 2\n", "the commit in Studio")
    world.git("switch", "--quiet", "-c", "side")
    until(lambda: daemon.count("nudges") == 2, "the nudge after the switch")
    world.commit({"flows/chat/b.py": "y = 1\n"})
    world.git("switch", "--quiet", "main")
    world.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    until(lambda: daemon.count("nudges") == 5, "the nudges after commit, switch and merge")
    until(lambda: world.there("chat").get("b.py") == b"y = 1\n", "the merge in Studio")
    world.ends(0, "hooks", "uninstall")
    world.commit({"flows/chat/a.py": "x = 3\n"})
    until(lambda: world.there("chat")["a.py"] == b"x = 3\n", "the commit, noticed without a hook")
    assert daemon.count("nudges") == 5
