"""The share fails: every request once, some for good; busy, cut off, changed on the way."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from flowsync.errors import ShareDenied, ShareUnavailable
from flowsync.share.azure_retry import Patience, retry_after
from flowsync.share.base import Content, Listing, Outcome, Removed, Stale, Written

from .test_contract import listing, one, read, write, written
from .worlds import QUICK, ROOT, AzureWorld, drop, put

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
    old, new = os.urandom(40 * 1024 * 1024), os.urandom(40 * 1024 * 1024)
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


def test_a_lost_reply_and_a_neighbour_are_told_apart(azure: AzureWorld) -> None:
    """Our new file arrived, its reply was lost, Studio saved over it: it is still ours by id, not by content."""
    azure.save("chat/other.py", b"1")
    strike(azure, "drop_after", "rename_file")
    saved: list[bool] = []

    def save() -> None:
        if not saved and azure.emulator.counts.get("rename_file") == 2:
            saved.append(azure.save("chat/a.py", b"theirs"))

    with azure.open() as share:
        azure.emulator.reset_counts()
        with azure.between(save):
            outcome = one(write(share, put("chat/a.py", b"ours!!", None)))
        assert saved == [True]
        assert outcome == Stale("chat/a.py", listing(share, "chat").files["a.py"])
    assert azure.files() == {"chat/other.py": b"1", "chat/a.py": b"theirs"}


def test_refused_credentials_are_raised_not_said_per_path(azure: AzureWorld) -> None:
    with azure.open() as share:
        azure.emulator.faults.refuse("*", f"{azure.share}/*", status=403, code="AuthenticationFailed", times=None)
        for act in (lambda: share.list(["", "chat"]), lambda: list(share.read(["a.py", "b.py"]))):
            with pytest.raises(ShareDenied):
                act()
    azure.emulator.faults.clear()


def test_a_temporary_whose_deletion_nobody_heard_of_is_not_owed_for_ever(azure: AzureWorld) -> None:
    """The soak found it: a daemon, whose session goes on, looked for it again before each look at the share."""
    prepare(azure)
    with azure.open("replace") as share:
        old = listing(share, "chat").files["a.py"]
        azure.save("chat/a.py", b"another's")
        azure.emulator.faults.drop_after("delete_file", times=None)
        assert isinstance(one(write(share, put("chat/a.py", b"ours", old))), Stale)
        assert share.owed()
        azure.emulator.faults.clear()
        share.release(share.owed())
        assert not share.owed()
