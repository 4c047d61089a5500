"""The folder on disk: an ordinary editor's change is a change of the share, and everything outlives the process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.fileshare import ShareClient

from emulator.conftest import client
from emulator.raw import Raw
from flowsync.emulator import Emulator
from flowsync.errors import FlowsyncError

POSIX = pytest.mark.skipif(os.name != "posix", reason="links and such names are a POSIX file system's")


def names(share: ShareClient, folder: str = "") -> list[str]:
    return sorted(item["name"] for item in share.list_directories_and_files(folder))


def test_an_edit_on_disk_moves_etag_size_and_time_and_keeps_the_id(emulator: Emulator, share: ShareClient) -> None:
    file = share.get_file_client("a")
    file.create_file(3, data=b"one", metadata={"k": "v"})
    before = file.get_file_properties()
    (emulator.share_folder("code") / "a").write_bytes(b"edited")
    (listed,) = share.list_directories_and_files(include=["Etag", "timestamps"])
    after = file.get_file_properties()
    assert after.etag != before.etag and listed["etag"] == after.etag
    assert (after.size, after.file_id, after.metadata) == (6, before.file_id, {"k": "v"})
    assert after.last_write_time > before.last_write_time
    assert file.download_file().readall() == b"edited"
    assert file.get_file_properties().etag == after.etag


def test_edits_that_follow_each_other_in_one_tick_are_all_seen(emulator: Emulator, share: ShareClient) -> None:
    path = emulator.share_folder("code") / "a"
    file = share.get_file_client("a")
    etags = set()
    for number in range(60):
        path.write_text(f"{number:03}")
        found = file.get_file_properties()
        assert file.download_file().readall() == b"%03d" % number
        etags.add(found.etag)
    assert len(etags) == 60


def test_files_and_folders_made_moved_and_removed_on_disk(emulator: Emulator, share: ShareClient) -> None:
    root = emulator.share_folder("code")
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "e" / "f").write_bytes(b"x")
    assert names(share, "d/e") == ["f"]
    share.get_file_client("d/e/f").set_file_metadata({"k": "v"})
    old = share.get_file_client("d/e/f").get_file_properties()
    (root / "d" / "e" / "f").rename(root / "g")
    moved = share.get_file_client("g").get_file_properties()
    assert (moved.file_id, moved.metadata) == (old.file_id, {"k": "v"})
    assert moved.etag != old.etag
    assert names(share, "d/e") == []
    (root / "d").rename(root / "D2")
    assert names(share) == ["D2", "g"] and names(share, "d2") == ["e"]
    (root / "g").unlink()
    with pytest.raises(ResourceNotFoundError):
        share.get_file_client("g").get_file_properties()


def test_an_editor_that_saves_by_renaming_makes_a_new_file(emulator: Emulator, share: ShareClient) -> None:
    file = share.get_file_client("a")
    file.create_file(3, data=b"one")
    before = file.get_file_properties()
    root = emulator.share_folder("code")
    (root / "a.tmp").write_bytes(b"two")
    (root / "a.tmp").rename(root / "a")
    after = file.get_file_properties()
    assert after.file_id != before.file_id and after.etag != before.etag
    assert file.download_file().readall() == b"two"
    assert names(share) == ["a"]


def test_a_file_becomes_a_folder_and_back(emulator: Emulator, share: ShareClient) -> None:
    path = emulator.share_folder("code") / "a"
    share.get_file_client("a").create_file(0)
    path.unlink()
    path.mkdir()
    (path / "b").write_bytes(b"x")
    assert names(share, "a") == ["b"]
    (path / "b").unlink()
    path.rmdir()
    path.write_bytes(b"y")
    assert share.get_file_client("a").download_file().readall() == b"y"


@POSIX
def test_links_and_names_that_no_share_can_hold_are_not_there(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    root = emulator.share_folder("code")
    secret = root.parent.parent / "secret"
    secret.mkdir()
    (secret / "key").write_bytes(b"secret")
    (root / "link").symlink_to(secret)
    (root / "file-link").symlink_to(secret / "key")
    (root / "a:b").write_bytes(b"")
    if sys.platform != "darwin":  # there, the file system refuses what is no text
        (root / os.fsdecode(b"latin-\xe9")).write_bytes(b"")
    assert names(share) == []
    assert raw("GET", "/code/link/key").status == raw("GET", "/code/file-link").status == 404
    assert raw("PUT", "/code/link/key", {"x-ms-type": "file", "x-ms-content-length": "1"}, b"x").status == 404
    assert raw("PUT", "/code/file-link", {"x-ms-type": "file", "x-ms-content-length": "1"}, b"x").status == 201
    assert (secret / "key").read_bytes() == b"secret"


@POSIX
def test_a_folder_that_is_swapped_for_a_link_is_not_followed(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    root = emulator.share_folder("code")
    share.create_directory("d")
    share.get_file_client("d/f").create_file(1, data=b"x")
    outside = root.parent.parent / "outside"
    (root / "d").rename(outside)
    (root / "d").symlink_to(outside)
    assert raw("GET", "/code/d/f").status == 404
    assert raw("PUT", "/code/d/g", {"x-ms-type": "file", "x-ms-content-length": "1"}, b"x").status == 404
    assert [path.name for path in outside.iterdir()] == ["f"]


def test_making_a_folder_makes_a_share_and_removing_it_removes_it(emulator: Emulator, raw: Raw) -> None:
    emulator.share_folder("made").mkdir()
    assert raw("GET", "/made?restype=share").status == 200
    emulator.share_folder("made").rmdir()
    assert raw("GET", "/made?restype=directory&comp=list").code == "ShareNotFound"
    assert raw("GET", "/made?restype=share").code == "ShareNotFound"


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with Emulator(tmp_path, shares=("code",)) as emulator, client(emulator) as share:
        share.create_directory("d", metadata={"a": "b"})
        file = share.get_file_client("d/f")
        file.create_file(3, data=b"one", metadata={"k": "v"})
        file.acquire_lease("11111111-1111-1111-1111-111111111111")
        before = file.get_file_properties()
    with Emulator(tmp_path) as emulator, client(emulator) as share:
        after = share.get_file_client("d/f").get_file_properties()
        assert {**after, "lease": None} == {**before, "lease": None}
        assert after.lease.state == "leased"
        assert share.get_directory_client("d").get_directory_properties().metadata == {"a": "b"}
        (tmp_path / "devstoreaccount1" / "code" / "d" / "f").write_bytes(b"two")
    with Emulator(tmp_path) as emulator, client(emulator) as share:
        assert share.get_file_client("d/f").get_file_properties().etag != before.etag


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from flowsync.emulator import Emulator;"
        "emulator = Emulator(pathlib.Path(sys.argv[1]), shares=('code',));"
        "emulator.start(); print(emulator.url, flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    raw = Raw(process.stdout.readline().strip())
    acknowledged: dict[str, tuple[str, bytes]] = {}
    deadline = time.monotonic() + 30
    while len(acknowledged) < 150 and time.monotonic() < deadline:
        name = f"f{len(acknowledged)}"
        content = os.urandom(700)
        headers = {"x-ms-type": "file", "x-ms-content-length": "700", "x-ms-meta-n": name}
        answer = raw("PUT", f"/code/{name}", headers, content)
        acknowledged[name] = (answer.headers["ETag"], content)
    process.kill()
    process.wait()
    with Emulator(tmp_path) as emulator:
        raw = Raw(emulator.url)
        for name, (etag, content) in acknowledged.items():
            answer = raw("GET", f"/code/{name}")
            assert (answer.headers["ETag"], answer.body, answer.headers["x-ms-meta-n"]) == (etag, content, name)
        assert list((tmp_path / ".flowsync-emulator" / "tmp").iterdir()) == []


def test_two_emulators_cannot_have_one_folder(tmp_path: Path) -> None:
    with Emulator(tmp_path), pytest.raises(FlowsyncError, match="in use by another emulator"):
        Emulator(tmp_path).start()


def test_an_edit_within_the_tick_of_the_last_look_is_seen(emulator: Emulator, share: ShareClient) -> None:
    path = emulator.share_folder("code") / "a"
    tick = time.time_ns() + 10**10  # as if the file system's clock stood still
    path.write_bytes(b"one")
    os.utime(path, ns=(tick, tick))
    file = share.get_file_client("a")
    before = file.get_file_properties().etag
    assert file.get_file_properties().etag == before
    path.write_bytes(b"two")
    os.utime(path, ns=(tick, tick))
    assert file.get_file_properties().etag != before
    assert file.download_file().readall() == b"two"


def test_a_foreign_file_is_found_in_any_case_even_after_an_own_change(
    emulator: Emulator, share: ShareClient, raw: Raw
) -> None:
    share.get_file_client("first").create_file(0)
    assert names(share) == ["first"]
    (emulator.share_folder("code") / "Foreign").write_bytes(b"x")
    share.get_file_client("first").create_file(0)
    assert raw("GET", "/code/foreign").body == b"x"
