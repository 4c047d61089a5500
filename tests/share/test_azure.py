"""What only the Azure backend has: what it costs, where its credentials come from, and nothing left behind."""

import gc
import io
import os
import threading
import tracemalloc
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from flowsync.emulator import WELL_KNOWN_KEY, Emulator
from flowsync.errors import ShareError
from flowsync.share import open_share
from flowsync.share.azure import open_azure
from flowsync.share.base import Content, Failed, Removed, Stale, Version, Written
from flowsync.share.location import parse

from .test_contract import listing, one, read, write, written
from .worlds import QUICK, ROOT, SECRET, AzureWorld, counted, drop, put


def test_the_cost_of_each_operation(azure: AzureWorld) -> None:
    azure.save("chat/a.py", b"1")
    with azure.open() as share:
        counted(azure)
        version = listing(share, "chat").files["a.py"]
        assert counted(azure) == {"list": 1}
        read(share, "chat/a.py")
        assert counted(azure) == {"get_file": 1}
        version = written(share, "chat/a.py", b"2", version)
        assert counted(azure) == {"acquire_lease": 1, "head_file": 1, "create_file": 1, "release_lease": 1}
        written(share, "chat/b.py", b"1")
        assert counted(azure) == {"create_directory": 1, "create_file": 1, "rename_file": 1}  # the folder, once
        written(share, "chat/c.py", b"1")
        assert counted(azure) == {"create_file": 1, "rename_file": 1}
        assert isinstance(one(list(share.remove([drop("chat/a.py", version)]))), Removed)
        assert counted(azure) == {"acquire_lease": 1, "head_file": 1, "delete_file": 1}
        assert isinstance(one(write(share, put("chat/b.py", b"", version))), Stale)
        assert counted(azure) == {"acquire_lease": 1, "head_file": 1, "release_lease": 1}
    assert counted(azure) == {"delete_directory": 1}


def test_an_overwrite_in_place_keeps_the_file_s_id(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    with azure.open() as share:
        before = listing(share).files["a.py"]
        after = written(share, "a.py", b"2", before)
        assert after.file_id == before.file_id and after.etag != before.etag


def test_requests_counts_what_is_really_sent(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    azure.emulator.faults.refuse("list", times=2)
    azure.emulator.faults.drop_before("get_file", times=1)
    azure.emulator.reset_counts()
    with azure.open() as share:
        listing(share)
        read(share, "a.py")
        assert share.requests == sum(counted(azure).values()) >= 5


def test_a_page_is_a_request(azure: AzureWorld) -> None:
    azure.page = 10
    with azure.open() as share:
        write(share, *(put(f"{number}.py", b"1", None) for number in range(35)))
        counted(azure)
        assert len(listing(share).files) == 35
        assert counted(azure) == {"list": 4}


# Credentials


def test_credentials_come_from_the_environment(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    connection = azure.emulator.connection_string
    for environ in (
        {},  # the emulator's account has a well-known key
        {"AZURE_STORAGE_KEY": WELL_KNOWN_KEY},
        {"AZURE_STORAGE_CONNECTION_STRING": connection, "AZURE_STORAGE_KEY": SECRET},  # the first one counts
    ):
        with open_share(azure.url, environ) as share:
            assert set(listing(share).files) == {"a.py"}


def test_a_connection_string_brings_its_own_endpoint(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    environ = {"AZURE_STORAGE_CONNECTION_STRING": azure.emulator.connection_string}
    with open_share(f"azfile://devstoreaccount1/{azure.share}/{ROOT}", environ) as share:
        assert set(listing(share).files) == {"a.py"}


def test_an_older_service_is_spoken_to_in_its_own_version(azure: AzureWorld) -> None:
    """It takes no content with create: small files then go up as large ones do, and nobody sees half of one."""
    azure.save("a.py", b"1")
    azure.emulator.faults.refuse("list", status=400, code="InvalidHeaderValue")
    with azure.open() as share:
        version = listing(share).files["a.py"]
        counted(azure)
        written(share, "a.py", b"22", version)
        written(share, "b.py", b"333")
        counts = counted(azure)
        assert counts["put_range"] == 2 and counts["rename_file"] == 2
    assert azure.files() == {"a.py": b"22", "b.py": b"333"} and azure.leases() == {}


def test_a_header_that_is_refused_later_is_a_failure(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    with azure.open() as share:
        listing(share)
        azure.emulator.faults.refuse("get_file", status=400, code="InvalidHeaderValue")
        (failed,) = share.read(["a.py"])
        assert isinstance(failed, Failed) and failed.error.code == "InvalidHeaderValue"


# Nothing is left behind


def test_no_thread_no_task_no_connection_is_left(azure: AzureWorld, recwarn: pytest.WarningsRecorder) -> None:
    gc.collect()  # what other tests left behind is not this one's
    recwarn.clear()
    before = set(threading.enumerate())
    for _ in range(3):
        with azure.open() as share:
            listing(share)
        with azure.open():
            pass  # never used: nothing was started
    assert {thread.name for thread in set(threading.enumerate()) - before if "flowsync-share" in thread.name} == set()
    gc.collect()
    assert [str(w.message) for w in recwarn if "nclosed" in str(w.message)] == []


def test_an_exception_in_the_consumer_leaves_nothing(azure: AzureWorld) -> None:
    azure.save("a.py", b"0")
    with pytest.raises(ZeroDivisionError), azure.open() as share:
        version = listing(share).files["a.py"]
        puts = [put("a.py", b"1", version), *(put(f"{number}.py", b"1", None) for number in range(30))]
        for _ in share.write(puts):
            raise ZeroDivisionError
    assert azure.leases() == {} and not any(path.startswith(".flowsync") for path in [*azure.files(), *azure.folders()])


def test_a_lease_that_could_not_be_given_back_is_given_back_at_the_end(azure: AzureWorld) -> None:
    azure.save("a.py", b"0")
    with azure.open(patience=replace(QUICK, total=5)) as share:
        version = listing(share).files["a.py"]
        fault = azure.emulator.faults.refuse("release_lease", status=500, code="InternalError", times=None)
        assert isinstance(one(write(share, put("a.py", b"1", version))), Written)
        assert azure.leases()
        azure.emulator.faults.remove(fault)
    assert azure.leases() == {}


def test_a_dead_run_s_lease_is_released_and_another_s_is_not(azure: AzureWorld) -> None:
    lease, other = str(uuid.uuid4()), str(uuid.uuid4())
    for path, held in (("a.py", lease), ("b.py", other)):
        azure.save(path, b"1")
        azure.client.get_file_client(f"{ROOT}/{path}").acquire_lease(lease_id=held)
    azure.save(f".flowsync/{lease}", b"half")
    with azure.open() as share:
        share.release({"a.py": lease, "b.py": lease, "gone.py": lease})
        assert set(azure.leases()) == {"b.py"}
        assert azure.folders() == set()
        failed = one(write(share, put("b.py", b"2", listing(share).files["b.py"])))
        assert isinstance(failed, Failed) and "another writer's lease" in failed.error.message


@pytest.mark.parametrize("code", ["SharingViolation", "FileLockConflict"])
def test_a_file_that_a_mount_has_open_is_left_alone(azure: AzureWorld, code: str) -> None:
    azure.save("a.py", b"1")
    azure.emulator.faults.refuse("create_file", "*a.py", status=409, code=code, times=None)
    azure.emulator.faults.refuse("rename_file", "*a.py", status=409, code=code, times=None)
    with azure.open() as share:
        failed = one(write(share, put("a.py", b"2", listing(share).files["a.py"])))
        assert isinstance(failed, Failed) and failed.error.code == code and "close it" in failed.error.hint
    assert azure.files() == {"a.py": b"1"} and azure.leases() == {}


def test_a_hundred_megabytes_take_little_memory(azure: AzureWorld) -> None:
    size = 100 * 1024 * 1024
    block = os.urandom(1024 * 1024)

    class Large(io.RawIOBase):
        """A file of this size that is nowhere in memory."""

        at = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset
            return offset

        def read(self, count: int = -1) -> bytes:  # type: ignore[override]
            count = min(count if count >= 0 else size, size - self.at)
            self.at += count
            return block * (count // len(block)) + block[: count % len(block)]

    large = replace(put("large.bin", b"", None), size=size, open=Large)  # type: ignore[arg-type]
    with azure.open() as share:
        listing(share)
        tracemalloc.start()
        try:
            outcome = one(write(share, large))
            assert isinstance(outcome, Written) and outcome.version.size == size
            (content,) = share.read(["large.bin"])
            assert isinstance(content, Content)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        with content.data as data:
            assert all(data.read(len(block)) == block for _ in range(size // len(block))) and not data.read(1)
    # the emulator runs in this process and holds a body of 4 MiB per request, twice
    assert peak < 100 * 1024 * 1024, peak


def test_the_sdk_still_has_the_places_that_the_wire_stands_in(azure: AzureWorld) -> None:
    """The door is put where the SDK's retry policy would be: a newer SDK must still take it, and sign after it."""
    with azure.open() as share:
        listing(share)
        wire = share._wire
        assert wire._client is not None and wire._door.next is not None
        assert wire._client.api_version >= "2026-06-06"  # the first that takes a body with create


def test_versions_of_replies_and_listings_are_the_same(azure: AzureWorld) -> None:
    with azure.open() as share:
        made = written(share, "a.py", b"1")
        assert vars_of(listing(share).files["a.py"]) == vars_of(made)
        again = written(share, "a.py", b"22", made)
        assert vars_of(listing(share).files["a.py"]) == vars_of(again)
        (content,) = share.read(["a.py"])
        assert isinstance(content, Content) and vars_of(content.version) == vars_of(again)
        content.data.close()


def vars_of(version: Version) -> tuple[str, int, str, str]:
    return version.etag, version.size, version.written, version.file_id


def test_names_that_xml_cannot_carry_are_problems_not_failures(azure: AzureWorld) -> None:
    azure.save("good.py", b"1")
    azure.client.get_file_client(f"{ROOT}/odd\uffff.py").create_file(1, data=b"1")
    with azure.open() as share:
        found = listing(share)
        assert set(found.files) == {"good.py"}
        assert list(found.problems) == ["odd\\uffff.py"]  # as it can be shown


def test_importing_the_package_imports_no_azure() -> None:
    import subprocess
    import sys

    code = "import sys, flowsync.share; print([m for m in ('azure', 'aiohttp', 'asyncio') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_emulator_that_stops_in_the_middle(tmp_path: Path) -> None:
    with Emulator(tmp_path, shares=("code",)) as emulator:
        share = open_azure(parse(f"{emulator.url}/code"), {}, patience=QUICK)  # type: ignore[arg-type]
        listing(share)
    with share, pytest.raises(ShareError):
        share.list([""])
