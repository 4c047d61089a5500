"""What tells the daemon, and what warns before a push: quick, quiet, and never in the way."""

import json
import os
import socket
import subprocess

import pytest

from flow_repo import FlowRepo


class Daemon:
    """Listens as the daemon does, and collects what it is told."""

    def __init__(self, repo: FlowRepo) -> None:
        folder = repo.top / ".git" / "flowsync"
        folder.mkdir(parents=True, exist_ok=True)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._door.settimeout(60)
        address = {"version": 1, "pid": os.getpid(), "port": self._door.getsockname()[1], "token": "t0k"}
        (folder / "daemon.json").write_text(json.dumps(address))

    def told(self) -> str:
        """Waits for one client, and returns the event that it names."""
        connection, _ = self._door.accept()
        with connection, connection.makefile("rwb") as lines:
            hello = self._answer(lines, {"version": 1})
            assert (hello["method"], hello["params"]["token"]) == ("hello", "t0k")
            nudge = self._answer(lines, {})
            assert nudge["method"] == "nudge"
            return nudge["params"]["event"]

    def _answer(self, lines, result) -> dict:
        asked = json.loads(lines.readline())
        lines.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode() + b"\n")
        lines.flush()
        return asked

    def close(self) -> None:
        self._door.close()


@pytest.fixture
def daemon(hooked):
    made = Daemon(hooked)
    yield made
    made.close()


def test_commit_amend_merge_and_checkout_nudge(hooked, daemon):
    assert hooked.commit("--allow-empty").returncode == 0
    assert daemon.told() == "post-commit"
    hooked.git("checkout", "-q", "-b", "side")
    assert daemon.told() == "post-checkout"
    assert hooked.commit("--allow-empty").returncode == 0
    assert daemon.told() == "post-commit"
    hooked.git("checkout", "-q", "main")
    assert daemon.told() == "post-checkout"
    hooked.git("merge", "-q", "--no-ff", "-m", "merged", "side")
    assert daemon.told() == "post-merge"
    hooked.git("commit", "-q", "--amend", "--no-edit")
    assert {daemon.told() for _ in range(2)} == {"post-commit", "post-rewrite"}


def test_a_linked_worktree_nudges_the_same_daemon(hooked, daemon, tmp_path):
    hooked.git("worktree", "add", "-q", str(tmp_path / "other"), "-b", "side")
    assert daemon.told() == "post-checkout"
    assert hooked.commit("--allow-empty", cwd=tmp_path / "other").returncode == 0
    assert daemon.told() == "post-commit"


def test_no_daemon_and_a_dead_one_are_no_matter(hooked):
    done = hooked.commit("--allow-empty")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    Daemon(hooked).close()  # it was killed: its address stays
    assert (hooked.top / ".git/flowsync/daemon.json").exists()
    done = hooked.commit("--allow-empty")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestPush:
    @pytest.fixture
    def origin(self, hooked):
        hooked.git("init", "-q", "--bare", str(hooked.home / "origin.git"))
        hooked.git("remote", "add", "origin", str(hooked.home / "origin.git"))
        return hooked

    def push(self, repo):
        return repo.run("git", "push", "-q", "origin", "HEAD:main")

    def studio_saves(self, repo, flow="chat", base=True):
        """Moves a tracking ref on by a commit that the branch does not have."""
        before = repo.head()
        tree = repo.git("rev-parse", "HEAD^{tree}").strip()
        commit = repo.git("commit-tree", tree, "-p", before, "-m", "Studio").strip()
        repo.git("update-ref", f"refs/remotes/studio/{flow}", commit)
        if base:
            repo.git("update-ref", f"refs/flowsync/studio/{flow}", before)
        return commit

    def test_studio_ahead_is_told_and_stops_nothing(self, origin):
        self.studio_saves(origin)
        self.studio_saves(origin, "my%20flow")
        done = self.push(origin)
        assert done.returncode == 0
        assert "Studio has newer edits of chat, my flow. To land them: flowsync pull" in done.stderr

    def test_nothing_to_tell(self, origin):
        commit = self.studio_saves(origin)
        origin.git("update-ref", "refs/flowsync/studio/chat", commit)  # seen on both sides, then rebased here
        assert self.push(origin).stderr == ""
        self.studio_saves(origin, "another", base=False)
        origin.git("update-ref", "refs/remotes/origin/feature", self.studio_saves(origin, "x", base=False))
        origin.git("update-ref", "-d", "refs/flowsync/studio/chat")
        assert self.push(origin).stderr == ""  # no remote of ours at all

    def test_landed_is_not_ahead(self, origin):
        origin.git("merge", "-q", "--ff-only", self.studio_saves(origin))
        assert self.push(origin).stderr == ""

    def test_a_chained_hook_gets_every_byte_that_git_says(self, repo):
        spy = repo.home / "spy"
        place = repo.top / ".git/hooks/pre-push"
        place.write_text(f'#!/bin/sh\necho "$1" > "{spy}"\ncat >> "{spy}"\n')
        place.chmod(0o755)
        repo.git("init", "-q", "--bare", str(repo.home / "origin.git"))
        repo.git("remote", "add", "origin", str(repo.home / "origin.git"))
        assert repo.flowsync("hooks", "install").returncode == 0
        assert self.push(repo).returncode == 0
        head = repo.head()
        assert spy.read_text() == f"origin\nHEAD {head} refs/heads/main {'0' * 40}\n"
        assert self.push(repo).returncode == 0  # up to date: nothing is said to the hook
        assert spy.read_text() == "origin\n"

    def test_a_chained_hook_may_stop_it(self, repo):
        place = repo.top / ".git/hooks/pre-push"
        place.write_text("#!/bin/sh\nexit 9\n")
        place.chmod(0o755)
        repo.git("init", "-q", "--bare", str(repo.home / "origin.git"))
        repo.git("remote", "add", "origin", str(repo.home / "origin.git"))
        assert repo.flowsync("hooks", "install").returncode == 0
        assert self.push(repo).returncode != 0


def test_shims_are_sound_shell():
    from flowsync_hooks.shims import EVENTS, shim

    for event in EVENTS:
        script = shim(event, '/a b/it\'s "odd" $HOME/python')
        assert subprocess.run(["sh", "-n"], input=script, check=False).returncode == 0
