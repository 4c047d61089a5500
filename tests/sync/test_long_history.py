"""What must not grow with the history of a repository, or with the number of flows that are apart."""

import itertools
import json
from pathlib import Path

import pytest

from daemon_process import until
from flowsync.core.tree import blob_of
from world import World


@pytest.fixture
def traced(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which git tells ``gits`` which commands it ran."""
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    return world


def gits(tmp_path: Path) -> list[list[str]]:
    """The git commands since the last question."""
    trace = tmp_path / "trace"
    said = [json.loads(line) for line in trace.read_text().splitlines()] if trace.exists() else []
    trace.unlink(missing_ok=True)
    return [one["argv"] for one in said if one["event"] == "start"]


def test_status_starts_no_process_for_each_flow_that_is_apart(traced: World, tmp_path: Path) -> None:
    """Two walks over history for each flow: after a commit that touched 200, ``status`` took a second."""
    names = [f"flow{number:02}" for number in range(12)]
    for name in names:
        traced.studio_flow(name, a_py="a = 1\n")
    traced.sync()
    started = []
    for some in (names[:3], names):
        traced.commit({f"flows/{name}/a.py": f"# {len(some)}\n" for name in some})
        gits(tmp_path)
        rows = traced.ends(0, "status", "--json").json["flows"]
        started.append(len(gits(tmp_path)))
        apart = {row["name"]: row["local"]["ahead"] for row in rows if row["state"] == "local-ahead"}
        assert set(apart) == set(some)
    assert started[1] == started[0]
    assert apart == {name: 2 if name in names[:3] else 1 for name in names}


def test_a_conflict_that_stays_is_not_sought_in_all_of_history_again(traced: World, tmp_path: Path) -> None:
    traced.studio_flow("chat", a_py="a = 1\n")
    traced.sync()
    traced.commit({"flows/chat/a.py": "a = 'mine'\n"})
    traced.studio({"chat/a.py": "a = 'theirs'\n"})
    traced.sync(code=1)
    gits(tmp_path)
    assert traced.states() == {"chat": "conflict"}
    assert not [git for git in gits(tmp_path) if "rev-list" in git]
    before = traced.tip()
    traced.commit({"README.md": "weeks go by\n"})
    assert traced.states() == {"chat": "conflict"}
    (walk,) = [git for git in gits(tmp_path) if "rev-list" in git]
    assert f"^{before}" in walk  # only what has come since
    traced.studio({"chat/a.py": "a = 'theirs again'\n"})
    traced.ends(0, "fetch")
    gits(tmp_path)
    assert traced.states() == {"chat": "conflict"}
    assert not [git for git in gits(tmp_path) if "rev-list" in git]
    # what Studio holds is found if the branch has it by now
    conflict = traced.tip()
    traced.commit({"flows/chat/a.py": "a = 'theirs again'\n"})
    traced.commit({"flows/chat/a.py": "a = 'mine, after all'\n"})
    assert traced.states() == {"chat": "local-ahead"}
    # and only if it still has it
    traced.git("reset", "--quiet", "--hard", conflict)
    assert traced.states() == traced.states() == {"chat": "conflict"}
    assert len([git for git in gits(tmp_path) if "rev-list" in git]) == 3


def test_a_state_whose_commit_was_rebased_away_and_collected_is_no_state(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    world.commit({"flows/chat/a.py": "a = 'mine'\n"})
    kept = world.tip()
    world.commit({"flows/chat/a.py": "a = 'soon gone'\n"})
    world.commit({"flows/chat/a.py": "a = 'mine again'\n"})
    world.studio({"chat/a.py": "a = 'theirs'\n"})
    world.sync(code=1)
    world.git("reset", "--quiet", "--hard", kept)
    assert world.states() == {"chat": "conflict"}
    world.git("reflog", "expire", "--expire=now", "--all")
    world.git("gc", "--quiet", "--prune=now")
    world.studio({"chat/a.py": "a = 'soon gone'\n"})
    world.ends(0, "fetch")
    assert world.states() == {"chat": "conflict"}
    assert not world.fsck()


@pytest.mark.parametrize("wanted", [True, False])
def test_git_packs_what_a_nightly_pull_has_written(world: World, wanted: bool) -> None:
    """Only git's own commands asked for it, and a job that only pulls runs none of them."""
    world.git("config", "gc.auto", "1")
    world.git("config", "maintenance.auto", str(wanted).lower())
    for content in _found_by_gc(2):
        world.raw_git("hash-object", "-w", "--stdin", stdin=content)
    world.studio_flow("chat", a_py="a = 1\n")
    world.ends(0, "pull")
    packs = world.folder / ".git/objects/pack"
    if wanted:
        until(lambda: list(packs.glob("*.pack")) and not (world.folder / ".git/gc.pid").exists(), "git to pack")
    assert bool(list(packs.glob("*.pack"))) is wanted
    assert not world.fsck()


def _found_by_gc(number: int) -> list[bytes]:
    """Contents from which git gc --auto takes it that there are many: it looks into ``objects/17`` only."""
    contents = (b"%d" % one for one in itertools.count())
    return list(itertools.islice((one for one in contents if blob_of(one).startswith("17")), number))


def test_a_persons_settings_for_git_log_change_no_count(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    for number in (2, 3):
        world.commit({"flows/chat/a.py": f"a = {number}\n"})
    world.commit({"flows/new/flow.dag.yaml": "nodes: []\n"})
    counts = {name: world.state(name)["local"]["ahead"] for name in ("chat", "new")}
    assert counts == {"chat": 2, "new": 1}
    for name, value in (
        ("log.showSignature", "true"),
        ("log.showRoot", "false"),
        ("log.follow", "true"),
        ("log.diffMerges", "off"),
        ("color.ui", "always"),
        ("i18n.logOutputEncoding", "UTF-16"),
        ("core.quotePath", "true"),
        ("diff.orderFile", "README.md"),
    ):
        world.git("config", name, value)
    world.commit({"README.md": "chat\n"})
    assert counts == {name: world.state(name)["local"]["ahead"] for name in counts}
