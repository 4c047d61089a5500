"""What the simulation and its neighbours found, each as the shortest story that shows it."""

from pathlib import Path

import pytest

from flowsync.share.base import Share
from flowsync.sync import brakes
from flowsync.sync.brakes import SKEW
from flowsync.sync.conductor import Conductor
from flowsync.sync.link import Link
from flowsync.sync.opened import linked
from world import World, flow

from .stage import SCENARIOS, Stage, check_nothing_left, settle


def test_a_first_push_that_died_before_the_definition_is_finished_by_the_next(tmp_path: Path, git_home: Path) -> None:
    """Sources without a definition were no flow to the next look: the push was stale for ever."""
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS["push a new flow"])
    with stage.play() as world:
        faults = world.share.emulator.faults  # type: ignore[attr-defined]
        faults.refuse("rename_file", "*/flow.dag.yaml", code="AuthorizationPermissionMismatch", times=None)
        stage.sync(world)
        assert "new/n.py" in world.share.files() and "new/flow.dag.yaml" not in world.share.files()
        faults.clear()
        settle(stage, world)
        assert world.there("new") == world.here("new")
        check_nothing_left(world)


@pytest.mark.parametrize("kind", ["drop_before", "refuse"])
def test_a_lease_that_could_not_be_given_back_is_given_back_by_the_next_run(
    kind: str, tmp_path: Path, git_home: Path
) -> None:
    """The journal ended with the push and the lease was forgotten: Studio could not save the file any more."""
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS["push one file"])
    with stage.play() as world:
        faults = world.share.emulator.faults  # type: ignore[attr-defined]
        getattr(faults, kind)("release_lease", times=None)
        stage.sync(world)
        assert world.there("chat")["a.py"] == b"a = 2\n"
        faults.clear()
        settle(stage, world)
        check_nothing_left(world)


def test_a_lease_is_not_owed_for_ever_where_a_folder_has_taken_the_place_of_the_file(
    tmp_path: Path, git_home: Path
) -> None:
    """The reply of a delete was lost; giving back the lease met the new folder, run after run."""
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS["a file becomes a folder"])
    with stage.play() as world:
        faults = world.share.emulator.faults  # type: ignore[attr-defined]
        faults.drop_after("delete_file")
        stage.sync(world)
        faults.clear()
        settle(stage, world)
        assert world.there("chat") == world.here("chat")
        check_nothing_left(world)


def test_a_folder_that_only_shares_its_name_with_a_studio_flow_is_merged_not_replaced(world: World) -> None:
    """The first look took Studio's side for all there was, and landed it over committed files (seed 2894)."""
    world.commit({"flows/chat/notes.md": "mine\n", "flows/chat/b.py": "mine\n"})
    world.studio_flow("chat", a_py="a = 1\n", b_py="theirs\n")
    run = world.run("sync")
    assert run.code == 1 and "conflict" in run.out
    assert world.here("chat") == {"notes.md": b"mine\n", "b.py": b"mine\n"}
    world.ends(0, "resolve", "chat", "--theirs")
    world.sync()
    assert world.here("chat")["notes.md"] == b"mine\n" and world.here("chat")["b.py"] == b"theirs\n"
    assert world.there("chat") == world.here("chat")


def test_what_a_reset_left_only_in_a_tracking_ref_stays_reachable(world: World) -> None:
    """A snapshot stood on a commit that was reset away; landing it again dropped the last way to it (seed 1802)."""
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    world.commit({"README.md": "to be reset away\n"})
    world.studio({"chat/a.py": "a = 2\n"})
    world.ends(0, "fetch")
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    world.sync()
    assert world.here("chat")["a.py"] == b"a = 2\n"
    assert world.reaches("to be reset away\n")


def test_a_flow_merged_by_hand_and_then_deleted_in_studio_is_not_pushed_back(world: World) -> None:
    """The merge was the base, and nothing remembered it once the tracking ref had moved on (seed 21601)."""
    world.commit({f"flows/chat/{path}": content for path, content in flow(mine_py="mine\n").items()})
    world.studio_flow("chat", a_py="a = 1\n")
    world.ends(0, "fetch")
    world.git("merge", "--quiet", "-m", "by hand", "studio/chat")
    world.commit({"flows/chat/a.py": "a = 'edited here'\n"})
    world.studio({"chat": None})
    run = world.run("sync")
    assert run.code == 1 and "conflict" in run.out, str(run)
    assert world.there("chat") == {}


def test_a_share_in_the_place_of_another_halts(world: World, tmp_path: Path) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    folder = world.share.folder  # type: ignore[attr-defined]
    folder.rename(tmp_path / "unmounted")
    folder.mkdir()
    world.studio({f"other/{path}": content for path, content in flow(x_py="x\n").items()})
    before = world.untouched(), world.refs(), world.share.files()
    run = world.ends(4, "sync")
    assert "not the share" in run.err and "doctor --accept-share" in run.err
    assert (world.untouched(), world.refs(), world.share.files()) == before
    world.ends(1, "doctor", "--accept-share")
    world.run("sync")
    assert "x.py" in world.here("other")


def test_a_share_that_is_back_needs_no_word(world: World, tmp_path: Path) -> None:
    world.studio_flow("chat", a_py="a = 1\n")
    world.sync()
    folder = world.share.folder  # type: ignore[attr-defined]
    folder.rename(tmp_path / "unmounted")
    folder.mkdir()
    world.studio_flow("chat", a_py="b = 1\n")
    world.ends(4, "sync")
    world.studio({"chat": None})
    folder.rmdir()
    (tmp_path / "unmounted").rename(folder)
    world.sync()


@pytest.mark.parametrize("skew", [SKEW + 60, -SKEW - 60])
def test_clocks_far_apart_halt(azure_world: World, skew: float) -> None:
    azure_world.studio_flow("chat", a_py="a = 1\n")
    refs = azure_world.refs()

    def told(share: Share, link: Link) -> None:
        from datetime import timedelta

        ours = share.now()
        assert ours is not None
        skewed = Link(
            link.repo, link.remote, link.cache, link.journal, link.reporter, link.owner,
            now=lambda: ours + timedelta(seconds=skew),
        )  # fmt: skip
        with pytest.raises(Exception, match=r"clock is 9[56]\d seconds"):
            brakes.halt_at_skewed_clocks(skewed, share)

    with linked(azure_world.folder) as link:
        conductor = Conductor(link)
        with conductor._open() as share:
            share.list([""])
            told(share, link)
            brakes.halt_at_skewed_clocks(link, share)
    assert azure_world.refs() == refs


def test_a_folder_that_is_denied_once_is_not_taken_for_deleted(tmp_path: Path, git_home: Path) -> None:
    """The listing above named it: that both sides lacked the flow was believed, and base forgotten (seed 16009)."""
    stage = Stage(tmp_path / "stage", git_home, SCENARIOS["land edits"])
    with stage.play() as world:
        stage.sync(world)
        world.git("rm", "-r", "--quiet", "flows/chat")
        world.git("commit", "--quiet", "-m", "away")
        faults = world.share.emulator.faults  # type: ignore[attr-defined]
        faults.refuse("list", "*/promptflow/chat", code="ResourceNotFound", status=404, times=None)
        ended = stage.sync(world)
        assert isinstance(ended, list) and [result.did.value for result in ended] == ["failed"], ended
        faults.clear()
        ended = stage.sync(world)  # the deletion still waits for a person's word
        assert isinstance(ended, list) and [result.did.value for result in ended] == ["held"], ended
        assert not world.here("chat")


def test_a_share_that_is_swapped_between_init_and_the_first_sync_is_noticed(unlinked: World, tmp_path: Path) -> None:
    """Its identity was written down at the first look only: what was mounted by then was believed."""
    unlinked.studio_flow("chat", a_py="a = 1\n")
    unlinked.ends(0, "init", "--share", unlinked.share.url)
    unlinked.git("add", ".flowsync.yaml")
    unlinked.git("commit", "--quiet", "-m", "Link to Studio")
    folder = unlinked.share.folder  # type: ignore[attr-defined]
    folder.rename(tmp_path / "unmounted")
    folder.mkdir()
    unlinked.studio_flow("other", a_py="somebody else's\n")
    run = unlinked.run("sync")
    assert run.code == 4 and "not the share that studio was linked to" in run.err
    assert not unlinked.refs("refs/remotes/") and "flows" not in {path.split("/")[0] for path in unlinked.files()}
