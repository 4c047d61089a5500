"""What only the Azure backend has: repetition, throttling, credentials, counts, and nothing left behind."""

import base64
import gc
import io
import os
import re
import threading
import tracemalloc
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from pathlib import Path

import pytest

from flowsync.emulator import WELL_KNOWN_KEY, Emulator
from flowsync.errors import FlowsyncError, ShareDenied, ShareError, ShareMissing, ShareUnavailable, UsageError
from flowsync.share import open_share
from flowsync.share.azure import open_azure
from flowsync.share.azure_errors import from_reply
from flowsync.share.azure_retry import Patience, retry_after
from flowsync.share.base import Content, Failed, Listing, Outcome, Removed, Stale, Version, Written
from flowsync.share.location import AzureLocation, parse

from .test_contract import listing, one, read, write, written
from .worlds import QUICK, ROOT, AzureWorld, drop, put

SECRET = base64.b64encode(b"a key that must never be shown " * 2).decode()
OPERATIONS = [
    "acquire_lease",
    "head_file",
    "create_file",
    "release_lease",
    "rename_file",
    "delete_file",
    "list",
    "get_file",
]


def location(world: AzureWorld, **changes: str) -> AzureLocation:
    found = parse(world.url)
    assert isinstance(found, AzureLocation)
    return replace(found, **changes)  # type: ignore[arg-type]


def counted(world: AzureWorld) -> dict[str, int]:
    counts = dict(world.emulator.counts)
    world.emulator.reset_counts()
    return counts


# What it costs


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


# Repetition


KINDS = ["503", "429", "500", "408", "drop_before", "drop_after"]


def strike(world: AzureWorld, kind: str, operation: str = "*", skip: int = 0, times: int | None = 1) -> None:
    where = f"{world.share}/*"
    match kind:
        case "drop_before":
            world.emulator.faults.drop_before(operation, where, skip=skip, times=times)
        case "drop_after":
            world.emulator.faults.drop_after(operation, where, skip=skip, times=times)
        case status:
            code = {"503": "ServerBusy", "429": "TooManyRequests", "500": "InternalError", "408": "OperationTimedOut"}
            world.emulator.faults.refuse(
                operation, where, status=int(status), code=code[status], skip=skip, times=times
            )


def session(world: AzureWorld, mode: str) -> Iterator[tuple[str, object]]:
    """Reads, overwrites, creates and removes; yields what came of each."""
    with world.open(mode) as share:
        found = listing(share, "chat").files
        yield "read", read(share, "chat/a.py", "chat/b.py")
        yield "overwrite", one(write(share, put("chat/a.py", b"ours", found["a.py"])))
        share.make_folders(["chat/new"])
        yield "create", one(write(share, put("chat/new/c.py", b"new", None)))
        yield "remove", one(list(share.remove([drop("chat/b.py", found["b.py"])])))
        share.remove_folders(["chat/empty"])
        yield "list", set(listing(share, "chat").files)


def prepare(world: AzureWorld) -> None:
    for path in [*world.files()]:
        world.discard(path)
    world.save("chat/a.py", b"a")
    world.save("chat/b.py", b"b")


@pytest.mark.parametrize("mode", ["inline", "replace"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_request_may_fail_once(azure: AzureWorld, kind: str, mode: str) -> None:
    """The i-th request fails, for every i: nothing comes out differently, and nothing is left behind."""
    for number in range(100):
        prepare(azure)
        strike(azure, kind, skip=number)
        results = dict(session(azure, mode))
        struck = azure.emulator.faults.rules()[0].hits
        azure.emulator.faults.clear()
        assert results["read"] == {"chat/a.py": b"a", "chat/b.py": b"b"}
        assert isinstance(results["overwrite"], Written), (number, results)
        assert isinstance(results["create"], Written), (number, results)
        assert isinstance(results["remove"], Removed), (number, results)
        assert results["list"] == {"a.py"}
        # the last two requests take the folder for temporaries away, and are not repeated
        assert azure.files() == {"chat/a.py": b"ours", "chat/new/c.py": b"new"}
        assert azure.leases() == {}
        if not struck:
            assert number > 10
            return
    raise AssertionError("the session has no end")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_request_that_fails_for_good_is_said_and_the_next_run_cleans_up(azure: AzureWorld, operation: str) -> None:
    prepare(azure)
    strike(azure, "drop_after", operation, times=None)
    leases = {"chat/a.py": str(uuid.uuid4()), "chat/c.py": str(uuid.uuid4())}
    with azure.open() as share:
        try:
            found = share.list(["chat"])["chat"]
            assert isinstance(found, Listing)
            for content in share.read(["chat/a.py"]):
                assert isinstance(content, Content)
                content.data.close()
            puts = [
                put("chat/a.py", b"ours", found.files["a.py"], leases["chat/a.py"]),
                put("chat/c.py", b"new", None, leases["chat/c.py"]),
            ]
            outcomes = list(share.write(puts))
            if operation != "delete_file":
                assert operation in ("release_lease", "create_file", "rename_file"), outcomes
        except ShareUnavailable as error:
            assert "does not answer" in error.message and error.hint
    azure.emulator.faults.clear()
    with azure.open() as successor:
        successor.release(leases)
    assert azure.leases() == {} and not any(path.startswith(".flowsync") for path in [*azure.files(), *azure.folders()])
    assert azure.files()["chat/a.py"] in (b"a", b"ours")


def test_retry_after_is_honoured_by_all_requests(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    now = [0.0]
    patience = Patience(sleep=sleep, chance=lambda: 1.0, clock=lambda: now[0])
    azure.emulator.faults.refuse("list", status=429, code="TooManyRequests", retry_after=7, times=1)
    with azure.open(patience=patience) as share:
        listing(share)
        assert slept[0] == 7.0
        slept.clear()
        read(share, "a.py")  # the clock has not moved: the others keep quiet, too
        assert slept == [7.0]
        now[0] = 7.0
        slept.clear()
        read(share, "a.py")
        assert slept == []


def test_pauses_grow_and_have_an_end(azure: AzureWorld) -> None:
    slept: list[float] = []
    now = [0.0]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    patience = Patience(sleep=sleep, chance=lambda: 1.0, clock=lambda: now[0], total=60)
    strike(azure, "503", times=None)
    with azure.open(patience=patience) as share, pytest.raises(ShareUnavailable, match="busy"):
        share.list([""])
    assert slept[:5] == [1.0, 2.0, 4.0, 8.0, 16.0] and sum(slept) < 60


@pytest.mark.parametrize(
    ("value", "seconds"), [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("soon", 0.0), ("", 0.0), (None, 0.0)]
)
def test_retry_after_is_seconds(value: str | None, seconds: float) -> None:
    assert retry_after(value) == seconds


def test_retry_after_is_a_date() -> None:
    assert retry_after("Fri, 31 Dec 2999 23:59:59 GMT") > 1e9
    assert retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0.0


def test_a_body_that_is_cut_off_is_read_again(azure: AzureWorld) -> None:
    content = os.urandom(3_000_000)
    azure.save("a.bin", content)
    azure.emulator.faults.truncate("get_file", keep=1_000_000)
    with azure.open() as share:
        assert read(share, "a.bin") == {"a.bin": content}


def test_a_listing_whose_second_page_fails_is_no_listing(azure: AzureWorld) -> None:
    azure.page = 3
    for number in range(8):
        azure.save(f"chat/{number}.py", b"1")
    azure.save("eval/a.py", b"1")
    azure.emulator.faults.refuse("list", f"*{ROOT}/chat", status=500, code="InternalError", page=2, times=None)
    patience = replace(QUICK, total=5)
    with azure.open(patience=patience) as share:
        found = share.list(["chat", "eval"])
        assert isinstance(found["chat"], ShareUnavailable) and isinstance(found["eval"], Listing)


def test_a_listing_that_is_cut_off_is_read_again(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    azure.emulator.faults.truncate("list", keep=100)
    with azure.open() as share:
        assert set(listing(share).files) == {"a.py"}


def test_a_file_that_changes_while_its_ranges_are_read_is_read_again(azure: AzureWorld) -> None:
    old, new = os.urandom(40 * 1024 * 1024), os.urandom(36 * 1024 * 1024)
    with azure.open() as share:
        version = written(share, "large.bin", old)
        changed: list[Outcome] = []

        def change() -> None:
            if not changed and azure.emulator.counts.get("get_file", 0) == 2:
                with azure.open() as other:
                    changed.extend(other.write([put("large.bin", new, version)]))

        azure.emulator.reset_counts()
        with azure.between(change):
            (content,) = share.read(["large.bin"])
        assert isinstance(content, Content) and isinstance(changed[0], Written)
        with content.data as data:
            assert data.read() == new and content.version == changed[0].version


# What is wrong, in a sentence


def failure(
    world: AzureWorld, where: AzureLocation, environ: dict[str, str], patience: Patience = QUICK
) -> FlowsyncError:
    try:
        with open_azure(where, environ, patience=patience) as share:
            result = share.list([""])[""]
    except FlowsyncError as error:
        result = error  # type: ignore[assignment]
    assert isinstance(result, FlowsyncError)
    assert result.message.endswith(".") and result.hint
    shown = f"{result.message} {result.hint} {result!r} {result.__cause__!r}"
    assert SECRET not in shown and not re.search("sig=[^ ]|AccountKey=[^ ]", shown)
    return result


def test_a_wrong_key(azure: AzureWorld) -> None:
    error = failure(azure, location(azure), {"AZURE_STORAGE_KEY": SECRET})
    assert isinstance(error, ShareDenied) and error.code == "AuthenticationFailed" and "AZURE_STORAGE_KEY" in error.hint


def test_a_key_that_is_none(azure: AzureWorld) -> None:
    error = failure(azure, location(azure), {"AZURE_STORAGE_KEY": f"not base64: {SECRET}"})
    assert isinstance(error, UsageError) and "AZURE_STORAGE_KEY" in error.message


def test_a_share_that_is_not_there(azure: AzureWorld) -> None:
    error = failure(azure, location(azure, share="nowhere"), {})
    assert isinstance(error, ShareMissing) and error.code == "ShareNotFound"


def test_a_folder_that_is_not_there(azure: AzureWorld) -> None:
    with open_azure(location(azure, folder="Users/nobody/promptflow"), {}, patience=QUICK) as share:
        found = share.list([""])[""]
        assert isinstance(found, ShareMissing) and "Users/nobody/promptflow" in found.message
        with pytest.raises(ShareMissing):
            share.identity()


def test_no_network(azure: AzureWorld, unused_tcp_port: int) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    endpoint = f"http://127.0.0.1:{unused_tcp_port}/devstoreaccount1"
    error = failure(azure, location(azure, endpoint=endpoint), {}, Patience(sleep=sleep))
    assert isinstance(error, ShareUnavailable) and "the connection was refused" in error.message
    assert len(slept) == 2  # a share that never answered is not waited for long


def test_a_host_that_is_not_there(azure: AzureWorld) -> None:
    environ = {"AZURE_STORAGE_KEY": SECRET}
    error = failure(azure, location(azure, endpoint="https://flowsync-test.invalid", account="account"), environ)
    assert isinstance(error, ShareUnavailable) and "flowsync-test.invalid" in error.message


def test_a_sas_that_is_refused(azure: AzureWorld) -> None:
    environ = {"AZURE_STORAGE_SAS_TOKEN": f"?sv=2024-11-04&ss=f&srt=sco&sp=rwdl&se=2001-01-01&sig={SECRET}"}
    error = failure(azure, location(azure), environ)
    assert isinstance(error, ShareDenied) and "SAS may have expired" in error.hint


def test_a_sas_that_is_none(azure: AzureWorld) -> None:
    assert isinstance(failure(azure, location(azure), {"AZURE_STORAGE_SAS_TOKEN": SECRET}), UsageError)


def test_a_clock_that_is_wrong() -> None:
    there = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    error = from_reply(403, {"x-ms-error-code": "AuthenticationFailed", "Date": there}, "a.py")
    assert re.search(r"clock is (59|60) minutes slow", error.hint)
    right = from_reply(403, {"x-ms-error-code": "AuthenticationFailed", "Date": formatdate(usegmt=True)}, "a.py")
    assert "clock" not in right.hint


def test_permission_for_one_path_is_that_path_s_failure(azure: AzureWorld) -> None:
    azure.save("a.py", b"1")
    azure.save("b.py", b"2")
    azure.emulator.faults.refuse("get_file", "*a.py", status=403, code="AuthorizationPermissionMismatch", times=None)
    with azure.open() as share:
        found = {content.path: content for content in share.read(["a.py", "b.py"])}
        failed = found["a.py"]
        assert (
            isinstance(failed, Failed) and isinstance(failed.error, ShareDenied) and "Contributor" in failed.error.hint
        )
        assert isinstance(found["b.py"], Content)
        found["b.py"].data.close()


def test_what_answers_is_not_azure_files(azure: AzureWorld, tmp_path: Path) -> None:
    """A captive portal answers 200 to everything; its page is no listing and no file."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Portal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Portal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            where = location(azure, endpoint=f"http://127.0.0.1:{server.server_port}/devstoreaccount1")
            with open_azure(where, {}, patience=QUICK) as share:
                for act in (lambda: share.list([""]), lambda: list(share.read(["a.py"]))):
                    with pytest.raises(ShareUnavailable):
                        act()
        finally:
            server.shutdown()


def test_whole_share_failures_end_a_batch_after_what_is_in_flight(azure: AzureWorld) -> None:
    with azure.open(concurrency=2) as share:
        azure.emulator.faults.refuse("rename_file", status=403, code="AuthenticationFailed", skip=5, times=None)
        outcomes: list[Outcome] = []
        with pytest.raises(ShareDenied):
            outcomes.extend(share.write([put(f"{number}.py", b"1", None) for number in range(100)]))
    azure.emulator.faults.clear()
    files = azure.files()
    assert 0 < len(files) < 30 and not any(path.startswith(".flowsync") for path in files)


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


def test_a_connection_string_of_another_account(azure: AzureWorld) -> None:
    environ = {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=other;AccountKey={SECRET}"}
    error = failure(azure, location(azure), environ)
    assert isinstance(error, UsageError) and "other" in error.message


def test_a_share_over_http_is_not_signed_in_to_with_azure(azure: AzureWorld) -> None:
    where = location(azure, account="other", endpoint="http://127.0.0.1:1/other")
    assert isinstance(failure(azure, where, {}), UsageError)


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
