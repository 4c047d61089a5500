"""What only a folder has: links, odd files, permissions, clocks, and programs that hold files open."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from flowsync.errors import ShareDenied, ShareError, ShareMissing, ShareUnavailable
from flowsync.share import folder_seen, folder_swap, folder_write, open_share
from flowsync.share.base import Content, Failed, Listing, Removed, Stale, Written
from flowsync.share.folder import FolderShare
from flowsync.share.folder_dir import ANCHORS

from .test_contract import listing, one, read, write, written
from .worlds import drop, is_root, put

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX only")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


@pytest.fixture(params=[True, False], ids=["anchored", "by path"])
def share(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FolderShare]:
    """A folder with a neighbour's folder beside it."""
    if request.param and not ANCHORS:
        pytest.skip("this system cannot hold a directory open")
    (tmp_path / "share").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_bytes(b"secret")
    with FolderShare(str(tmp_path / "share"), request.param) as opened:
        yield opened


def outside(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "outside").iterdir()}


@posix
def test_links_are_problems_and_never_followed(share: FolderShare, tmp_path: Path) -> None:
    root = tmp_path / "share"
    (root / "file").symlink_to(tmp_path / "outside" / "secret.txt")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "dangling").symlink_to("nowhere")
    (root / "inside").symlink_to("good.py")
    (root / "good.py").write_bytes(b"1")
    found = listing(share)
    assert set(found.files) == {"good.py"} and found.folders == {}
    assert set(found.problems) == {"file", "folder", "dangling", "inside"}
    assert all("link" in problem.reason for problem in found.problems.values())
    assert isinstance(share.list(["folder"])["folder"], ShareError)
    for path in ("file", "folder/secret.txt", "dangling", "inside"):
        (failed,) = share.read([path])
        assert isinstance(failed, Failed) and "link" in failed.error.message
    version = found.files["good.py"]
    for item in (
        put("folder/new.txt", b"x", None),
        put("file", b"x", version),
        put("folder/secret.txt", b"x", version),
    ):
        assert isinstance(one(write(share, item)), Failed)
    assert isinstance(one(list(share.remove([drop("folder/secret.txt", version)]))), Failed)
    with pytest.raises(ShareError):
        share.make_folders(["folder/new"])
    with pytest.raises(ShareError):
        share.remove_folders(["folder"])
    assert outside(tmp_path) == {"secret.txt": b"secret"} and (root / "folder").is_symlink()


@posix
def test_a_new_file_where_a_link_is_touches_nothing(share: FolderShare, tmp_path: Path) -> None:
    (tmp_path / "share" / "a.py").symlink_to(tmp_path / "outside" / "secret.txt")
    assert not isinstance(one(write(share, put("a.py", b"ours", None))), Written)
    assert outside(tmp_path) == {"secret.txt": b"secret"} and (tmp_path / "share" / "a.py").is_symlink()


@posix
def test_a_folder_for_temporaries_that_is_a_link_is_refused(share: FolderShare, tmp_path: Path) -> None:
    (tmp_path / "share" / ".flowsync").symlink_to(tmp_path / "outside")
    with pytest.raises(ShareError, match="link"):
        write(share, put("a.py", b"ours", None))
    assert outside(tmp_path) == {"secret.txt": b"secret"}
    (tmp_path / "share" / ".flowsync").unlink()


@posix
def test_what_is_neither_file_nor_folder_is_a_problem(share: FolderShare, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "share" / "pipe")
    assert "neither" in listing(share).problems["pipe"].reason
    (failed,) = share.read(["pipe"])  # returns, although nobody ever writes to the pipe
    assert isinstance(failed, Failed)


@linux
def test_a_name_that_is_not_utf8_is_a_problem(share: FolderShare, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "share")
    Path(os.fsdecode(folder + b"/caf\xe9.txt")).write_bytes(b"1")
    Path(os.fsdecode(folder + b"/bell\x07.txt")).write_bytes(b"1")
    Path(os.fsdecode(folder + b"/good.txt")).write_bytes(b"1")
    found = listing(share)
    assert set(found.files) == {"good.txt"} and set(found.problems) == {"caf\\xe9.txt", "bell\\x07.txt"}
    assert all(name.isprintable() for name in found.problems)


@linux
def test_content_of_any_encoding_comes_as_it_is(share: FolderShare, tmp_path: Path) -> None:
    (tmp_path / "share" / "latin.txt").write_bytes(b"caf\xe9\r\n\x00\xff")
    assert read(share, "latin.txt") == {"latin.txt": b"caf\xe9\r\n\x00\xff"}


@posix
@pytest.mark.skipif(is_root(), reason="permissions do not stop root")
def test_a_folder_without_permission_fails_alone(share: FolderShare, tmp_path: Path) -> None:
    locked = tmp_path / "share" / "locked"
    locked.mkdir()
    locked.chmod(0)
    try:
        assert isinstance(share.list(["locked"])["locked"], ShareDenied)
        failed = one(write(share, put("locked/a.py", b"1", None)))
        assert isinstance(failed, Failed) and isinstance(failed.error, ShareDenied) and failed.error.hint
    finally:
        locked.chmod(0o700)


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    with FolderShare(str(tmp_path / "file")) as share, pytest.raises(ShareError):
        share.list([""])


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with open_share((tmp_path / "nowhere").as_uri(), {}) as share:
        for act in (lambda: share.list([""]), lambda: list(share.read(["a"])), lambda: share.make_folders(["a"])):
            with pytest.raises(ShareMissing, match="nowhere"):
                act()
    assert not (tmp_path / "nowhere").exists()


@posix
def test_a_root_may_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with open_share((tmp_path / "link").as_uri(), {}) as share:
        written(share, "a.py", b"1")
    assert (tmp_path / "real" / "a.py").read_bytes() == b"1"


def test_another_folder_of_the_same_name_has_another_identity(tmp_path: Path) -> None:
    root = tmp_path / "share"
    root.mkdir()
    with FolderShare(str(root)) as share:
        before = share.identity()
        root.rename(tmp_path / "moved")
        root.mkdir()
        assert share.identity() != before
        assert FolderShare(str(tmp_path / "moved")).identity() == before


@posix
def test_an_overwritten_file_keeps_its_mode(share: FolderShare, tmp_path: Path) -> None:
    path = tmp_path / "share" / "run.sh"
    path.write_bytes(b"1")
    path.chmod(0o750)
    written(share, "run.sh", b"2", listing(share).files["run.sh"])
    assert path.stat().st_mode & 0o777 == 0o750


# Versions that can be trusted


def test_same_size_writes_in_quick_succession_are_all_seen(share: FolderShare, tmp_path: Path) -> None:
    path = tmp_path / "share" / "a.py"
    path.write_bytes(b"0000")
    seen = [listing(share).files["a.py"]]
    for number in range(1, 60):
        with path.open("r+b") as file:  # in place: same inode, same size
            file.write(f"{number:04}".encode())
        seen.append(listing(share).files["a.py"])
    assert len({version.etag for version in seen}) == 60


def test_a_young_file_is_looked_at_again_once_the_clock_has_moved(share: FolderShare, tmp_path: Path) -> None:
    """A write in the tick of the look itself shows in the version that is given."""
    path = tmp_path / "share" / "a.py"
    waits: list[int] = []
    real = folder_seen.wait_a_tick

    def write_meanwhile() -> None:
        waits.append(1)
        path.write_bytes(b"second")
        real()

    path.write_bytes(b"first!")
    with (
        mock.patch("flowsync.share.folder.wait_a_tick", write_meanwhile),
        mock.patch("flowsync.share.folder.is_young", lambda found: not waits),
    ):
        version = listing(share).files["a.py"]
    assert waits and version == listing(share).files["a.py"]


def test_times_in_whole_seconds_give_a_young_file_no_version(tmp_path: Path) -> None:
    class Coarse:
        """What stat gives on a file system without fractions of a second."""

        st_mtime_ns = st_ctime_ns = time.time_ns() // 1_000_000_000 * 1_000_000_000
        st_ino, st_size = 1, 1

    young = Coarse()
    assert folder_seen.version_of(young) != folder_seen.version_of(young)  # type: ignore[arg-type]
    old = Coarse()
    old.st_mtime_ns = old.st_ctime_ns = young.st_mtime_ns - 60_000_000_000
    assert folder_seen.version_of(old) == folder_seen.version_of(old)  # type: ignore[arg-type]


def test_a_preserved_modification_time_hides_no_write(share: FolderShare, tmp_path: Path) -> None:
    path = tmp_path / "share" / "a.py"
    path.write_bytes(b"one")
    before, times = listing(share).files["a.py"], path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    if os.name != "nt":
        assert listing(share).files["a.py"] != before


# Programs that have a file open


@linux
def test_a_program_that_still_writes_keeps_what_it_writes(tmp_path: Path) -> None:
    """It opened the file before our push and writes after our look: its content stays, ours is not put over it."""
    path = tmp_path / "a.py"
    path.write_bytes(b"before")
    with FolderShare(str(tmp_path)) as share, path.open("r+b") as editor:
        version = listing(share).files["a.py"]

        def late() -> None:
            time.sleep(0.05)  # the push waits for the editor by now
            editor.write(b"edited")
            editor.flush()
            editor.close()

        thread = threading.Thread(target=late)
        thread.start()
        outcome = one(write(share, put("a.py", b"ours", version)))
        thread.join()
        assert isinstance(outcome, Stale)
    assert path.read_bytes() == b"edited"


@linux
def test_a_program_that_has_it_open_and_writes_nothing_stops_no_push(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"before")
    with FolderShare(str(tmp_path)) as share, path.open("rb"):
        assert isinstance(one(write(share, put("a.py", b"ours", listing(share).files["a.py"]))), Written)
    assert path.read_bytes() == b"ours"


@linux
def test_a_program_that_never_closes_it_is_left_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_write, "_PATIENCE", 0.05)
    path = tmp_path / "log.txt"
    path.write_bytes(b"before")
    with FolderShare(str(tmp_path)) as share, path.open("ab") as logger:
        version = listing(share).files["log.txt"]
        assert isinstance(one(write(share, put("log.txt", b"ours", version))), Stale)
        assert isinstance(one(list(share.remove([drop("log.txt", listing(share).files["log.txt"])]))), Stale)
        logger.write(b" after")
    assert path.read_bytes() == b"before after"


@linux
def test_a_reader_is_told_that_a_file_is_open_for_writing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"whole")
    with FolderShare(str(tmp_path)) as share:

        def opened() -> bool:
            (content,) = share.read(["a.txt"])
            assert isinstance(content, Content)
            content.data.close()
            return content.open

        assert not opened()
        with path.open("rb"):
            assert not opened()
        with path.open("r+b"):
            assert opened()
        with path.open("wb"):
            assert opened()
        assert not opened()


@linux
def test_asking_who_writes_does_not_end_the_process(tmp_path: Path) -> None:
    """A broken lease sends a signal whose default is death; ours is one that is ignored."""
    code = """
import fcntl, os, sys, threading, time
from flowsync.share.folder_seen import has_writer
path, real = sys.argv[1], fcntl.fcntl
open(path, "wb").close()
fd = os.open(path, os.O_RDONLY)
opener = threading.Thread(target=lambda: open(path, "r+b").close())
def slow(fd, command, argument):
    result = real(fd, command, argument)
    if (command, argument) == (fcntl.F_SETLEASE, fcntl.F_RDLCK):
        opener.start()
        time.sleep(0.3)  # the lease is broken by now
    return result
fcntl.fcntl = slow
has_writer(fd)
opener.join()
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr


@linux
def test_a_neighbour_that_writes_all_the_time_loses_nothing(tmp_path: Path) -> None:
    """Each line that a neighbour appends by rename is in the file at the end, whatever we pushed in between."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    stop, tokens = threading.Event(), []
    pushed = stale = 0

    def neighbour() -> None:
        number = 0
        while not stop.is_set():
            new = tmp_path / "neighbour.tmp"
            before = path.read_bytes()
            new.write_bytes(before + b"n%d\n" % number)
            if path.read_bytes() != before:  # an editor that reloads; what it has seen, it keeps
                continue
            new.replace(path)
            tokens.append(number)
            number += 1
            time.sleep(0.002 * (1 + stale))  # a busy machine lets us in between two writes, too, in the end

    thread = threading.Thread(target=neighbour)
    with FolderShare(str(tmp_path)) as share:
        thread.start()
        try:
            while pushed < 15 and stale < 300:
                (content,) = share.read(["a.txt"])
                if not isinstance(content, Content):
                    continue
                with content.data as data:
                    mine = data.read() + b"f%d\n" % pushed
                outcome = one(write(share, put("a.txt", mine, content.version)))
                assert not isinstance(outcome, Failed), outcome
                pushed, stale = pushed + isinstance(outcome, Written), stale + isinstance(outcome, Stale)
        finally:
            stop.set()
            thread.join()
    assert pushed and tokens
    # the neighbour itself may overwrite ours between its read and its rename; we never overwrite the neighbour's
    lines = path.read_bytes().split()
    assert [number for number in tokens if b"n%d" % number not in lines] == []


def test_without_exchange_a_change_between_look_and_rename_is_still_mostly_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"before")
    with FolderShare(str(tmp_path), anchored=False) as share:
        version = listing(share).files["a.py"]
        path.write_bytes(b"theirs")
        assert isinstance(one(write(share, put("a.py", b"ours", version))), Stale)
    assert path.read_bytes() == b"theirs"


def rewritten(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"theirs")


def replaced(path: Path) -> None:
    new = path.with_name("new")
    new.write_bytes(path.read_bytes() + b"theirs")
    new.replace(path)


@pytest.mark.parametrize("act", [rewritten, replaced, Path.unlink])
def test_who_writes_right_after_ours_has_changed_ours(
    share: FolderShare, tmp_path: Path, act: Callable[[Path], None]
) -> None:
    """Both are moved in before the first is looked at again. The second is not stale: somebody has read it by then."""
    path = tmp_path / "share" / "b.py"
    outcomes = share.write([put("a.py", b"ours", None), put("b.py", b"ours", None)])
    assert isinstance(next(outcomes), Written)
    act(path)
    second = next(outcomes)
    assert isinstance(second, Written)
    assert path.exists() == (act is not Path.unlink)
    assert second.version != listing(share).files.get("b.py")
    assert list(outcomes) == []
    if path.exists():
        assert path.read_bytes() == b"ourstheirs"
        assert isinstance(one(write(share, put("b.py", b"mine", second.version))), Stale)


@linux
def test_exchange_is_really_there() -> None:
    assert folder_swap._system_rename() is not None


@linux
def test_a_new_file_without_rename_that_refuses_goes_by_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_swap, "_system_rename", lambda: None)
    with FolderShare(str(tmp_path)) as share:
        version = written(share, "a.py", b"1")
        assert isinstance(one(write(share, put("a.py", b"2", None))), Stale)
        assert isinstance(one(list(share.remove([drop("a.py", version)]))), Removed)
        assert listing(share) == Listing({}, {}, {})


# Failures of the machine


def test_a_full_disk_fails_the_file_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    real, left = os.write, [1]

    def full(fd: int, data: bytes) -> int:
        if len(data) > 3 and left:
            left.clear()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(fd, data)

    (tmp_path / "a.py").write_bytes(b"before")
    with FolderShare(str(tmp_path)) as share:
        version = listing(share).files["a.py"]
        monkeypatch.setattr(folder_write.os, "write", full)
        failed = one(write(share, put("a.py", b"our new content", version)))
        monkeypatch.undo()
        assert isinstance(failed, Failed) and isinstance(failed.error, ShareUnavailable)
        assert "no space" in failed.error.message
    assert (tmp_path / "a.py").read_bytes() == b"before" and not (tmp_path / ".flowsync").exists()


def test_no_file_descriptor_is_left_open(share: FolderShare) -> None:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("no /proc")

    def work() -> None:
        version = written(share, "a.py", b"1")
        write(share, put("a.py", b"x", None), put("no/where.py", b"x", None))
        read(share, "a.py")
        list(share.read(["nope"]))
        list(share.remove([drop("a.py", version)]))
        listing(share)

    work()
    before = len(list(folder.iterdir()))
    for _ in range(5):
        work()
    assert len(list(folder.iterdir())) == before


DIES = """
import io, os, sys
from flowsync.share import folder_write
from flowsync.share.base import Listing, Put, Remove
from flowsync.share.folder import FolderShare
folder, way, moment = sys.argv[1:]
share = FolderShare(folder)
expect = share.list([""])[""].files["a.py"]

def meanwhile(real):
    def act(*args):
        with open(folder + "/a.py.editor", "w") as file:  # Studio saves between our look and the exchange
            file.write("saved in Studio")
        os.replace(folder + "/a.py.editor", folder + "/a.py")
        return real(*args)
    return act

die = lambda *args: os._exit(9)
if way.startswith("studio"):
    folder_write.exchange = meanwhile(folder_write.exchange)
    folder_write.move_new = meanwhile(folder_write.move_new)
if moment == "after":
    folder_write._is_still = die
elif way.endswith("write"):
    folder_write.exchange = die
else:
    folder_write.move_new = die
if way.endswith("write"):
    list(share.write([Put("a.py", 4, lambda: io.BytesIO(b"ours"), expect, "dead-run")]))
else:
    list(share.remove([Remove("a.py", expect, "dead-run")]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs the exchange of two names")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("way", ["write", "remove", "studio write", "studio remove"])
def test_a_kill_between_exchange_and_check_loses_nothing(tmp_path: Path, way: str, moment: str) -> None:
    """What came out was in a temporary that the next run deleted: a save of Studio's, if it was one, was lost."""
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"before")
    done = subprocess.run([sys.executable, "-c", DIES, str(folder), way, moment], check=False)
    assert done.returncode == 9
    with FolderShare(str(folder)) as share:
        share.release({"a.py": "dead-run"})
    saved = way.startswith("studio") and moment == "after"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.py": b"saved in Studio" if saved else b"before"
    }


@pytest.mark.skipif(sys.platform != "linux", reason="needs the exchange of two names")
@pytest.mark.parametrize("there", ["in place", "renamed over", "deleted"])
def test_what_came_after_a_kill_is_kept_too(tmp_path: Path, there: str) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"before")
    subprocess.run([sys.executable, "-c", DIES, str(folder), "studio write", "after"], check=False)
    assert (folder / "a.py").read_bytes() == b"ours"
    if there == "in place":
        (folder / "a.py").write_bytes(b"later")
    elif there == "deleted":
        (folder / "a.py").unlink()
    else:
        (folder / "new").write_bytes(b"later")
        (folder / "new").replace(folder / "a.py")
    share = FolderShare(str(folder))
    if there == "deleted":
        share.release({"a.py": "dead-run"})
        assert (folder / "a.py").read_bytes() == b"saved in Studio"
        return
    with pytest.raises(ShareUnavailable, match="kept"):
        share.release({"a.py": "dead-run"})
    share.release({"a.py": "dead-run"})  # told once
    held = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert set(held) == {"a.py", "dead-run.kept"} and set(held.values()) == {b"later", b"saved in Studio"}
