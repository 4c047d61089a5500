"""The rules of the design, one after the other; ``tests/mutants.py`` breaks each in the code and sees these fail."""

from pathlib import Path

from flowsync.cache import Cache
from flowsync.journal import Intent, Journal
from flowsync.sync.opened import linked
from flowsync.sync.push import push
from flowsync.sync.record import record
from flowsync.sync.survey import survey
from world import DAG, World, flow


def two_flows(world: World) -> None:
    world.studio_flow("chat", a_py="a = 1\n", b_py="b = 1\n")
    world.studio_flow("triage", t_py="t = 1\n")
    world.sync()


# 1. The share is a Git remote whose branches are flows.


def test_rule_1_every_flow_is_a_branch_of_a_remote_in_plain_git(world: World) -> None:
    two_flows(world)
    world.studio({"chat/a.py": "a = 2\n"})
    world.ends(0, "fetch")

    assert world.subjects("studio/chat")[0] == "chat: edit a.py in Studio"
    changed = world.git("diff", "--name-only", "main", "studio/chat").splitlines()
    assert changed == ["flows/chat/a.py"]
    world.git("merge", "--quiet", "studio/chat")
    assert world.here("chat")["a.py"] == b"a = 2\n"
    # and a merge by hand counts: nothing is left to do
    assert world.states() == {"chat": "in-sync", "triage": "in-sync"}


# 2. Overlay snapshots.


def test_rule_2_a_tracking_commit_changes_nothing_but_its_flow(world: World) -> None:
    two_flows(world)
    world.commit({"README.md": "read me\n", ".github/ci.yml": "on: push\n", "flows/chat/.env": "KEY=1\n"})
    world.studio({"chat/a.py": "a = 2\n", "chat/b.py": None, "triage/t.py": "t = 2\n"})
    world.ends(0, "fetch")

    for name in ("chat", "triage"):
        touched = world.git("diff", "--name-only", f"studio/{name}~1", f"studio/{name}").splitlines()
        assert touched and all(path.startswith(f"flows/{name}/") for path in touched)
        assert "flows/chat/.env" not in touched  # what never syncs is as the parent has it
        assert world.files(f"studio/{name}")["README.md"] == b"read me\n"


# 3. Linear unless both edited.


def test_rule_3_an_edit_in_studio_is_one_ordinary_commit_on_the_tip(world: World) -> None:
    two_flows(world)
    before = world.commit({"README.md": "read me\n"})
    world.studio({"chat/a.py": "a = 2\n"})
    world.sync()

    assert world.git("rev-list", "--parents", "-n1", "main").split()[1:] == [before]
    author, date, subject = world.git("log", "-1", "--format=%an|%at|%s").split("|")
    assert author == "alice"
    assert int(date) == int((Path(world.share.folder) / "chat/a.py").stat().st_mtime)  # type: ignore[attr-defined]
    assert subject == "chat: edit a.py in Studio"


def test_rule_3_edits_on_both_sides_are_one_merge(world: World) -> None:
    two_flows(world)
    here = world.commit({"flows/chat/a.py": "a = 2\n"})
    world.studio({"chat/b.py": "b = 2\n"})
    world.sync()

    parents = world.git("rev-list", "--parents", "-n1", "main").split()[1:]
    assert parents[0] == here and len(parents) == 2
    assert world.files(parents[1])["flows/chat/b.py"] == b"b = 2\n"
    assert world.here("chat") == world.there("chat") == {**_bytes(flow(a_py="a = 2\n", b_py="b = 2\n"))}


def test_rule_3_linking_what_is_equal_already_makes_no_commit(unlinked: World) -> None:
    unlinked.studio_flow("chat", a_py="a = 1\n")
    unlinked.commit({f"flows/chat/{path}": content for path, content in flow(a_py="a = 1\n").items()})
    unlinked.link()
    before = unlinked.tip()
    unlinked.sync()
    assert unlinked.tip() == before
    assert unlinked.tip("studio/chat") == before


def test_rule_3_an_older_commit_that_equals_the_share_is_the_base(unlinked: World) -> None:
    unlinked.studio_flow("chat", a_py="a = 1\n")
    equal = unlinked.commit({f"flows/chat/{path}": content for path, content in flow(a_py="a = 1\n").items()})
    unlinked.link()
    unlinked.commit({"flows/chat/a.py": "a = 2\n"})
    unlinked.ends(0, "fetch")
    assert unlinked.states() == {"chat": "local-ahead"}
    assert unlinked.refs("refs/flowsync/studio/") == {"refs/flowsync/studio/chat": equal}
    unlinked.sync()
    assert unlinked.there("chat")["a.py"] == b"a = 2\n"


# 4. One flow's trouble never blocks another's.


def test_rule_4_trouble_of_every_kind_leaves_the_other_flows_alone(world: World) -> None:
    names = ("conflict", "held", "problem", "denied", "fine", "push")
    for name in names:
        world.studio_flow(name, a_py="a = 1\n")
    world.sync()
    world.commit({"flows/conflict/a.py": "a = 'here'\n", "flows/push/a.py": "a = 'here'\n"})
    world.studio({f"{name}/a.py": "a = 'there'\n" for name in names if name != "push"})
    world.write({"flows/held/a.py": "a = 'unsaved'\n"})
    folder = world.share.folder  # type: ignore[attr-defined]
    (folder / "problem" / "link.py").symlink_to(folder / "fine" / "a.py")
    (folder / "denied" / "sub").mkdir(mode=0)
    try:
        run = world.run("sync", "--json")
    finally:
        (folder / "denied" / "sub").chmod(0o755)
    did = {(row["flow"], row["did"]) for row in run.json["results"]}
    expected = {
        ("conflict", "conflict"),
        ("held", "held"),
        ("problem", "problem"),
        ("fine", "landed"),
        ("push", "pushed"),
    }
    assert expected <= did
    assert world.here("fine")["a.py"] == b"a = 'there'\n"
    assert world.there("push")["a.py"] == b"a = 'here'\n"


# 5. Base moves last, per acknowledged file.


def test_rule_5_base_moves_only_by_what_the_share_acknowledged(world: World) -> None:
    two_flows(world)
    world.commit({"flows/chat/a.py": "a = 2\n", "flows/chat/b.py": "b = 2\n"})
    world.ends(0, "fetch")
    with linked(world.folder) as link:
        seen = survey(link)
        # Studio saves b.py after the look: its write is stale, the one of a.py takes effect
        world.studio({"chat/b.py": "b = 'studio'\n"})
        from flowsync.share import open_share
        from flowsync.sync.holds import Consent

        with open_share(link.remote.share, {}) as share:
            (result,) = push(link, share, seen, frozenset(), Consent())
    assert result.did == "stale" and result.paths == ("b.py",)
    base = world.here("chat", "refs/flowsync/studio/chat")
    assert (base["a.py"], base["b.py"]) == (b"a = 2\n", b"b = 1\n")
    assert world.there("chat")["b.py"] == b"b = 'studio'\n"


def test_rule_5_fetch_moves_the_tracking_ref_and_never_the_base(world: World) -> None:
    two_flows(world)
    base = world.refs("refs/flowsync/")
    world.studio({"chat/a.py": "a = 2\n"})
    world.ends(0, "fetch")
    assert world.refs("refs/flowsync/") == base
    assert world.states()["chat"] == "studio-ahead"
    world.commit({"flows/chat/b.py": "b = 2\n"})
    assert world.states()["chat"] == "diverged"


# 6. Nothing that flowsync has seen or replaces is ever lost.


def test_rule_6_every_content_seen_or_replaced_is_reachable(world: World) -> None:
    world.studio_flow("chat", a_py="first\n", gone_py="to be deleted\n")
    world.sync()
    contents = ["first\n", "to be deleted\n"]
    for number in range(3):
        saved = f"saved {number}\n"
        world.studio({"chat/a.py": saved})
        world.ends(0, "fetch")
        contents.append(saved)
    world.sync()
    # a push replaces what was never landed as the branch's own
    world.commit({"flows/chat/a.py": "pushed over it\n", "flows/chat/gone.py": None})
    world.sync()
    assert world.there("chat") == {"flow.dag.yaml": DAG.encode(), "a.py": b"pushed over it\n"}
    # the branch forgets all of it
    world.git("checkout", "--quiet", "--orphan", "new")
    world.git("commit", "--quiet", "-m", "all anew")
    world.git("branch", "-M", "new", "main")
    world.sync()
    world.git("reflog", "expire", "--expire=now", "--all")
    world.git("gc", "--quiet", "--prune=now")
    assert [content for content in contents if not world.reaches(content)] == []


def test_rule_6_a_dropped_tracking_tip_is_kept(world: World) -> None:
    two_flows(world)
    world.studio({"chat/a.py": "a = 'studio'\n"})
    world.ends(0, "fetch")
    dropped = world.tip("studio/chat")
    world.commit({"flows/chat/a.py": "a = 'here'\n"})
    world.ends(0, "resolve", "chat", "--ours")
    world.git("reset", "--quiet", "--hard", "HEAD~1")  # the merge is gone from the branch, the decision with it
    world.commit({"flows/chat/a.py": "a = 'studio'\n"}, "the same by hand")
    world.commit({"flows/chat/a.py": "a = 'later'\n"}, "and on")
    world.run("sync")
    assert dropped in world.git("rev-list", "--all").split()


# 7. A push never overwrites what it has not seen.


def test_rule_7_a_save_between_look_and_write_is_stale_and_survives(world: World) -> None:
    from flowsync.share import open_share
    from flowsync.sync.holds import Consent

    two_flows(world)
    world.commit({"flows/chat/a.py": "a = 'here'\n", "flows/chat/new.py": "mine\n", "flows/chat/b.py": None})
    world.ends(0, "fetch")
    with linked(world.folder) as link:
        seen = survey(link)
        world.studio({"chat/a.py": "a = 'studio'\n", "chat/new.py": "theirs\n", "chat/b.py": "b = 'studio'\n"})
        before = world.there("chat")
        with open_share(link.remote.share, {}) as share:
            (result,) = push(link, share, seen, frozenset(), Consent())
    assert result.did == "stale"
    assert world.there("chat") == before


def test_rule_7_what_is_not_known_is_a_conflict_and_never_overwritten(unlinked: World) -> None:
    unlinked.studio_flow("chat", a_py="a = 'studio'\n")
    unlinked.commit({f"flows/chat/{path}": content for path, content in flow(a_py="a = 'here'\n").items()})
    unlinked.link()
    unlinked.sync(code=1)
    assert unlinked.states() == {"chat": "conflict"}
    assert unlinked.there("chat")["a.py"] == b"a = 'studio'\n"
    assert unlinked.here("chat")["a.py"] == b"a = 'here'\n"


# 8. Uncommitted work is never touched.


def test_rule_8_a_file_that_git_ignores_is_work_too(world: World) -> None:
    two_flows(world)
    world.commit({".gitignore": "*.local\n"})
    world.write({"flows/chat/notes.local": "mine, never committed\n"})
    world.studio({"chat/notes.local": "theirs\n", "triage/t.py": "t = 2\n"})
    world.sync(code=1)
    assert world.here("triage")["t.py"] == b"t = 2\n"  # the other flow has nothing to do with it
    assert (world.folder / "flows/chat/notes.local").read_text() == "mine, never committed\n"
    assert world.state("chat")["state"] in ("studio-ahead", "held")


# 9. The worktree belongs to Git.


def test_rule_9_landing_is_a_fast_forward_that_runs_gits_hooks(world: World) -> None:
    two_flows(world)
    hook = world.folder / ".git/hooks/post-merge"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    before = world.tip()
    world.studio({"chat/a.py": "a = 2\n"})
    world.sync()
    assert (world.folder / "ran").exists()
    assert world.git("merge-base", "--is-ancestor", before or "", "main") == ""
    assert world.git("status", "--porcelain", "flows") == ""
    assert "merge" in world.git("reflog", "-1", "--format=%gs")


# 10. Deletes need proof and a brake.


def test_rule_10_a_whole_flow_gone_from_studio_waits_for_consent(world: World) -> None:
    two_flows(world)
    world.studio({"chat": None})
    run = world.sync(code=1)
    assert "the whole flow is gone from Studio" in run.out and "--accept-deletes chat" in run.out
    assert world.here("chat")
    world.sync("--accept-deletes", "chat")
    assert not world.here("chat") and world.here("triage")
    assert world.states() == {"triage": "in-sync"}


def test_rule_10_a_whole_flow_deleted_here_waits_for_consent(world: World) -> None:
    two_flows(world)
    world.git("rm", "--quiet", "-r", "flows/chat")
    world.git("commit", "--quiet", "-m", "no more chat")
    run = world.sync(code=1)
    assert "Studio still has it" in run.out
    assert world.there("chat")
    world.sync("--accept-deletes", "chat")
    assert not world.there("chat") and world.there("triage")
    assert world.states() == {"triage": "in-sync"}


def test_rule_10_many_files_gone_at_once_wait_for_consent(world: World) -> None:
    world.studio_flow("chat", a_py="1\n", b_py="2\n", c_py="3\n")
    world.sync()
    world.studio({"chat/a.py": None, "chat/b.py": None, "chat/c.py": None})
    run = world.sync(code=1)
    assert "3 of 4 files were deleted in Studio at once" in run.out
    assert "a.py" in world.here("chat")
    world.sync("--accept-deletes", "chat")
    assert set(world.here("chat")) == {"flow.dag.yaml"}


def test_rule_10_a_vanished_root_is_no_delete(world: World) -> None:
    two_flows(world)
    folder = world.share.folder  # type: ignore[attr-defined]
    folder.rename(folder.with_name("elsewhere"))
    run = world.sync(code=4)
    assert "not there" in run.err
    folder.mkdir()
    run = world.sync(code=4)
    assert "none of the 2 flows" in run.err and "nothing was changed" in run.err
    assert world.here("chat") and world.here("triage")
    assert world.tip("studio/chat") and world.tip("studio/triage")


# 11. Own writes are known at once.


def test_rule_11_what_was_pushed_never_comes_back_as_an_edit(world: World) -> None:
    two_flows(world)
    world.commit({"flows/chat/a.py": "a = 2\n", "flows/chat/sub/new.py": "new\n", "flows/chat/b.py": None})
    assert "pushed" in world.sync().out
    refs = world.refs()
    with linked(world.folder) as link:
        before = link.cache.seen("studio", "chat")  # type: ignore[arg-type]
        assert set(before) == {"flow.dag.yaml", "a.py", "sub/new.py"}
    (world.folder / ".git/flowsync/cache.db").rename(world.folder / "kept.db")
    (world.folder / "kept.db").rename(world.folder / ".git/flowsync/cache.db")
    run = world.sync()
    assert run.out == "Everything is in sync.\n"
    assert world.refs() == refs


# 12. A watcher's event is a rumour.


def test_rule_12_a_touched_file_is_no_change(world: World) -> None:
    two_flows(world)
    refs = world.refs()
    (world.share.folder / "chat/a.py").touch()  # type: ignore[attr-defined]
    (world.folder / "flows/chat/a.py").touch()
    assert world.sync().out == "Everything is in sync.\n"
    assert world.refs() == refs


def _bytes(files: dict[str, str | bytes]) -> dict[str, bytes]:
    return {path: content.encode() if isinstance(content, str) else content for path, content in files.items()}


_ = (Cache, Intent, Journal, record)
