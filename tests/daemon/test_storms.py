"""Ten thousand events cause at most two passes, and none while Git or an editor is in the middle."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon_process import Daemon, until
from flow_files import DEFINITION, SOURCE
from flowsync.core.tree import FlowName
from flowsync.daemon.quiet import SILENCE, Rumour
from flowsync.daemon.rumours import Grounds
from flowsync.daemon.watch import Watch
from world import World

Start = Callable[..., Daemon]
MANY = 1500


def passes(daemon: Daemon) -> float:
    counters = daemon.state["counters"]
    return float(sum(counters.get(f"passes_{what}", 0) for what in ("push", "sync")) + counters.get("live_commits", 0))


class Pauses:
    """Counts how often this process was kept from saving for so long that whoever watches may take it for the end."""

    def __enter__(self) -> "Pauses":
        self.long, self._last = 0, time.monotonic()
        return self

    def mark(self) -> None:
        now = time.monotonic()
        self.long += now - self._last > SILENCE[Rumour.FILES] / 2
        self._last = now

    def __exit__(self, *_: object) -> None:
        self.mark()


def test_a_switch_of_branches_and_back(world: World, run_daemon: Start) -> None:
    world.commit({"flows/chat/flow.dag.yaml": DEFINITION, "flows/chat/a.py": SOURCE})
    world.git("switch", "--quiet", "-c", "wide")
    world.commit({f"flows/chat/many/f{number}.txt": f"{number}\n" for number in range(MANY)})
    world.git("switch", "--quiet", "main")
    daemon = run_daemon(world).ready().settled()
    before, there = passes(daemon), world.there("chat")
    for _ in range(3):  # each way touches 1,500 files: some 10,000 events and more in all
        world.git("switch", "--quiet", "wide")
        world.git("switch", "--quiet", "main")
    daemon.settled()
    assert passes(daemon) - before <= 2
    assert world.there("chat") == there
    assert daemon.flow("chat")["state"] == "in-sync"


def test_an_install_beside_the_flows_is_not_even_heard(world: World, daemon: Daemon) -> None:
    before, asked = passes(daemon), daemon.count("passes_look")
    world.write({f"node_modules/p{number % 50}/f{number}.js": "x" for number in range(MANY)})
    marker = world.commit({"flows/chat/a.py": "marker\n"})
    until(lambda: world.there("chat")["a.py"] == b"marker\n", "the marker")
    daemon.settled()
    assert marker == world.tip()
    assert passes(daemon) - before <= 2
    assert daemon.count("passes_look") - asked < 30


def vim(file: Path, text: str) -> None:
    """Writes as vim does: a probe, the old file moved aside, a new one in its place."""
    probe = file.with_name("4913")
    probe.touch()
    probe.unlink()
    backup = file.with_name(file.name + "~")
    file.rename(backup)
    file.write_text(text)
    backup.unlink()


def code(file: Path, text: str) -> None:
    """Writes as VS Code does: truncates, writes in pieces, in place."""
    with file.open("w") as out:
        for piece in (text[:10], text[10:]):
            out.write(piece)
            out.flush()


def jetbrains(file: Path, text: str) -> None:
    """Writes as PyCharm does: a temporary file, and two renames."""
    temporary, old = file.with_name(file.name + "___jb_tmp___"), file.with_name(file.name + "___jb_old___")
    temporary.write_text(text)
    file.rename(old)
    temporary.rename(file)
    old.unlink()


@pytest.mark.parametrize("save", [vim, code, jetbrains])
def test_an_editors_save_is_one_commit_of_the_whole_file(
    world: World, run_daemon: Start, save: Callable[[Path, str], None]
) -> None:
    world.link(mode="live")
    world.commit({"flows/chat/flow.dag.yaml": DEFINITION, "flows/chat/a.py": SOURCE})
    daemon = run_daemon(world).ready().settled()
    before = passes(daemon)
    with Pauses() as pauses:
        for number in range(40):
            save(world.folder / "flows/chat/a.py", SOURCE + f"# {number}\n")
            pauses.mark()
    until(lambda: world.there("chat")["a.py"].endswith(b"# 39\n"), "the last save in Studio")
    daemon.settled()
    commits = world.git("rev-list", "main", "--", "flows/chat/a.py").splitlines()
    held = {world.raw_git("show", f"{sha}:flows/chat/a.py").decode() for sha in commits}
    assert held <= {SOURCE} | {SOURCE + f"# {number}\n" for number in range(40)}, "a half-written file was committed"
    assert len(commits) <= 3 + pauses.long
    assert passes(daemon) - before <= 4 + 2 * pauses.long  # a commit and its push count as two


def test_a_formatter_over_all_flows_in_live_mode(world: World, run_daemon: Start) -> None:
    world.link(mode="live")
    names = [f"flow{number}" for number in range(12)]
    world.commit(
        {
            f"flows/{name}/{path}": text
            for name in names
            for path, text in (("flow.dag.yaml", DEFINITION), ("a.py", SOURCE))
        }
    )
    daemon = run_daemon(world).ready().settled()
    pushes = daemon.count("passes_push")
    with Pauses() as pauses:
        for name in names:
            world.write({f"flows/{name}/a.py": SOURCE + "# formatted\n"})
            pauses.mark()
    until(lambda: all(world.there(name)["a.py"].endswith(b"# formatted\n") for name in names), "all of them in Studio")
    daemon.settled()
    assert daemon.count("passes_push") - pushes <= 2 + pauses.long
    assert world.git("status", "--porcelain") == ""


# -- the watch itself


def heard_by(
    folder: Path, act: Callable[[], None], polling: str = ""
) -> tuple[Watch, set[tuple[Rumour, FlowName | None]]]:
    told: set[tuple[Rumour, FlowName | None]] = set()
    watch = Watch(Grounds(folder, folder / ".git", folder / ".git", "flows"), lambda *what: told.add(what), polling)
    try:
        act()
        until(lambda: (Rumour.FILES, "chat") in told and any(what is Rumour.REFS for what, _ in told), "both rumours")
    finally:
        watch.stop()
    return watch, told


@pytest.mark.parametrize("polling", ["", "it was asked for"])
def test_both_ways_of_watching_hear_edits_and_commits(world: World, polling: str) -> None:
    world.commit({"flows/chat/a.py": "1\n"})
    watch, _ = heard_by(world.folder, lambda: world.commit({"flows/chat/a.py": "22\n"}) and None, polling)
    assert watch.how == ("polling" if polling else "events")
    assert watch.why == polling


def _has_namespaces() -> bool:
    probe = ["unshare", "--user", "--map-root-user", "sh", "-c", _NO_WATCHES + "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


_NO_WATCHES = "echo 0 > /proc/sys/user/max_inotify_instances && "


def test_without_watches_it_polls_and_names_the_sysctl(world: World, run_daemon: Start) -> None:
    if not _has_namespaces():
        pytest.skip("a limit for one process alone takes a user namespace")
    world.studio_flow("chat", a_py="1\n")
    limited = ["unshare", "--user", "--map-root-user", "sh", "-c", _NO_WATCHES + 'exec "$@"', "sh"]
    daemon = run_daemon(world, before=limited).ready().settled()
    assert daemon.state["watching"]["how"] == "polling"
    assert "fs.inotify.max_user" in daemon.state["watching"]["why"]
    world.commit({"flows/chat/a.py": "2\n"})
    until(lambda: world.there("chat")["a.py"] == b"2\n", "the commit in Studio, without events")
