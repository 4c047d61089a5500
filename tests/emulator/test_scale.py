"""Size: folders of many files stay quick by count of what is done, and memory does not grow with a file."""

import http.client
import os
import threading
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest
from azure.storage.fileshare import ShareClient

from emulator.raw import Raw
from flowsync.emulator import Emulator
from flowsync.emulator.store import disk

MIB = 1 << 20
LIST = "/code/d?restype=directory&comp=list&include=Timestamps,ETag,Attributes"


class Looks:
    """Counts the system calls that look at one name on disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = self.scans = 0
        real_look, real_list = disk.look, os.listdir

        def look(path: str) -> os.stat_result | None:
            self.count += 1
            return real_look(path)

        def listdir(path: str) -> list[str]:
            self.scans += 1
            return real_list(path)

        monkeypatch.setattr(disk, "look", look)
        monkeypatch.setattr(os, "listdir", listdir)

    def spent(self) -> tuple[int, int]:
        result = self.count, self.scans
        self.count = self.scans = 0
        return result


def fill(emulator: Emulator, count: int) -> None:
    folder = emulator.share_folder("code") / "d"
    folder.mkdir()
    for number in range(count):
        (folder / f"f{number:06}").touch()


def settled(emulator: Emulator, raw: Raw) -> None:
    """Waits until the folder's mtime is older than the file system's clock can blur: two looks without a scan."""
    looks = Looks(pytest.MonkeyPatch())
    for _ in range(1000):
        raw("GET", f"{LIST}&maxresults=1")
        if looks.spent()[1] == 0:
            return
    raise AssertionError("the folder never settled")


def test_the_cost_of_one_request_does_not_depend_on_the_size_of_the_folder(
    emulator: Emulator, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(emulator, 3000)
    settled(emulator, raw)
    looks = Looks(monkeypatch)
    file = {"x-ms-type": "file", "x-ms-content-length": "1"}
    for method, path, headers, body, most in (
        ("GET", "/code/d/f000007", {}, b"", 10),
        ("HEAD", "/code/d/missing", {}, b"", 10),
        ("PUT", "/code/d/new", file, b"x", 14),
        ("PUT", "/code/d/new2", file, b"x", 14),
        ("PUT", "/code/d/new2", file, b"y", 14),
        ("DELETE", "/code/d/new", {}, b"", 14),
    ):
        raw(method, path, headers, body)
        count, scans = looks.spent()
        assert (count <= most, scans) == (True, 0), (method, path, count, scans)


def test_a_page_costs_a_look_at_each_of_its_entries(
    emulator: Emulator, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(emulator, 3000)
    settled(emulator, raw)
    looks = Looks(monkeypatch)
    marker, seen = "", 0
    while True:
        root = ElementTree.fromstring(raw("GET", f"{LIST}&maxresults=500{marker}").body)
        count, scans = looks.spent()
        assert count <= 520 and scans == 0
        seen += len(root.findall("Entries/File"))
        following = root.findtext("NextMarker")
        if not following:
            break
        marker = f"&marker={quote(following)}"
    assert seen == 3000


@pytest.mark.slow
def test_a_hundred_thousand_files(emulator: Emulator, raw: Raw) -> None:
    fill(emulator, 100_000)
    marker, seen = "", []
    while True:
        root = ElementTree.fromstring(raw("GET", f"{LIST}{marker}").body)
        seen += [node.text for node in root.iter("Name")]
        following = root.findtext("NextMarker")
        if not following:
            break
        marker = f"&marker={quote(following)}"
    assert seen == [f"f{number:06}" for number in range(100_000)]
    settled(emulator, raw)
    with pytest.MonkeyPatch.context() as patch:
        looks = Looks(patch)
        assert raw("PUT", "/code/d/new", {"x-ms-type": "file", "x-ms-content-length": "1"}, b"x").status == 201
        assert raw("GET", "/code/d/f099999").status == 200
        assert looks.spent()[0] < 30


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_is_bounded_by_a_request_and_not_by_a_file(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    size = 100 * MIB
    share.get_file_client("huge").create_file(size)
    before = resident()
    peak = before
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        total = 0
        with stream(raw, "/code/huge") as reply:
            while piece := reply.read(MIB):
                total += len(piece)
        assert raw("PUT", "/code/copy", {"x-ms-copy-source": f"{emulator.url}/code/huge"}).status == 202
        assert raw("PUT", "/code?restype=share&comp=snapshot").status == 201
    finally:
        done.set()
        watcher.join()
    assert total == size
    assert peak - before < 40 * MIB


def stream(raw: Raw, path: str) -> http.client.HTTPResponse:
    """Asks for a file and returns the reply unread."""
    where = urlsplit(raw.url)
    headers = {"x-ms-version": raw.version, "x-ms-date": formatdate(usegmt=True)}
    headers["Authorization"] = raw.authorization("GET", f"/{raw.account}{path}", headers)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 0)
    connection.request("GET", f"/{raw.account}{path}", headers=headers)
    return connection.getresponse()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_file_that_changes_while_it_is_sent_breaks_the_connection(
    emulator: Emulator, share: ShareClient, raw: Raw
) -> None:
    """A reader gets the bytes of one state, or an error: never half of each."""
    size = 64 * MIB
    share.get_file_client("f").create_file(size)
    reply = stream(raw, "/code/f")
    got = len(reply.read(MIB))
    with (emulator.share_folder("code") / "f").open("r+b") as file:
        file.seek(size - 10)
        file.write(b"x")
    with pytest.raises(Exception, match=r"IncompleteRead|reset|Connection"):
        while piece := reply.read(MIB):
            got += len(piece)
        assert got == size, "IncompleteRead"


def test_a_file_that_is_replaced_while_it_is_sent_is_sent_as_it_was(share: ShareClient, raw: Raw) -> None:
    size = 32 * MIB
    share.get_file_client("f").create_file(size)
    with stream(raw, "/code/f") as reply:
        got = reply.read(MIB)
        assert raw("PUT", "/code/f", {"x-ms-type": "file", "x-ms-content-length": "3"}, b"new").status == 201
        while piece := reply.read(MIB):
            got += piece
    assert got == bytes(size)
    assert raw("GET", "/code/f").body == b"new"
