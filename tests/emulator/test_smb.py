"""A neighbour with the share mounted: what it holds open, what it has not flushed, what it locks, what it deletes."""

from azure.storage.fileshare import ShareClient

from emulator.raw import Answer, Raw
from flowsync.emulator import Emulator

CREATE = {"x-ms-type": "file", "x-ms-content-length": "3"}
RANGE = {"x-ms-write": "update", "x-ms-range": "bytes=0-2"}
LIST = "/code?restype=directory&comp=list&include=ETag"


def outcome(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


def test_a_write_in_the_clients_cache_is_stale_in_lists_until_a_get_forces_it(
    emulator: Emulator, share: ShareClient, raw: Raw
) -> None:
    file = share.get_file_client("a")
    file.create_file(3, data=b"old")
    before = file.get_file_properties()
    with emulator.smb.open("code", "a") as handle:
        handle.write(b"longer now")
        (listed,) = share.list_directories_and_files(include=["Etag"])
        assert (listed["size"], listed["etag"]) == (3, before.etag)
        assert raw("GET", "/code/a").body == b"longer now"
        (listed,) = share.list_directories_and_files(include=["Etag"])
        assert listed["size"] == 10 and listed["etag"] != before.etag


def test_a_slow_client_holds_up_a_get_and_a_slower_one_makes_it_fail(
    emulator: Emulator, share: ShareClient, raw: Raw
) -> None:
    share.get_file_client("a").create_file(3, data=b"old")
    with emulator.smb.open("code", "a", flush_seconds=0.1) as handle:
        handle.write(b"new")
        assert raw("GET", "/code/a").body == b"new"
    with emulator.smb.open("code", "a", flush_seconds=5) as handle:
        handle.write(b"lat")
        assert outcome(raw("GET", "/code/a?timeout=1")) == (408, "ClientCacheFlushDelay")
        assert outcome(raw("HEAD", "/code/a?timeout=1")) == (408, "ClientCacheFlushDelay")
        handle.flush()
        assert raw("GET", "/code/a?timeout=1").body == b"lat"


def test_share_modes_decide_what_rest_may_do(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    share.get_file_client("a").create_file(3, data=b"old")
    busy = (409, "SharingViolation")
    acquire = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"}
    with emulator.smb.open("code", "a", access="r", sharing="r"):
        assert raw("GET", "/code/a").status == 200
        assert outcome(raw("PUT", "/code/a?comp=range", RANGE, b"new")) == busy
        assert outcome(raw("PUT", "/code/a", CREATE)) == busy
        assert outcome(raw("PUT", "/code/a?comp=metadata", {"x-ms-meta-k": "v"})) == busy
        assert outcome(raw("DELETE", "/code/a")) == busy
        assert raw("HEAD", "/code/a").status == 200 and raw("GET", LIST).status == 200
    with emulator.smb.open("code", "a", access="rw", sharing=""):
        assert outcome(raw("GET", "/code/a")) == busy
        assert outcome(raw("PUT", "/code/a?comp=lease", acquire)) == busy
        assert raw("HEAD", "/code/a").status == 200
    with emulator.smb.open("code", "a", access="rw", sharing="rwd"):
        assert raw("PUT", "/code/a?comp=range", RANGE, b"new").status == 201
        assert raw("PUT", "/code/a", CREATE, b"new").status == 201
        assert outcome(raw("DELETE", "/code/a")) == busy
    assert raw("DELETE", "/code/a").status == 202


def test_a_lease_keeps_a_writer_out_of_the_mount(emulator: Emulator, share: ShareClient) -> None:
    import pytest

    from flowsync.emulator.refusal import Refused

    file = share.get_file_client("a")
    file.create_file(0)
    file.acquire_lease()
    with pytest.raises(Refused, match="SharingViolation"):
        emulator.smb.open("code", "a", access="w")
    emulator.smb.open("code", "a", access="r").close()


def test_a_locked_range_cannot_be_written(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    share.get_file_client("a").create_file(3, data=b"old")
    with emulator.smb.open("code", "a") as handle:
        handle.lock(2, 10)
        assert outcome(raw("PUT", "/code/a?comp=range", RANGE, b"new")) == (409, "FileLockConflict")
        handle.unlock()
        assert raw("PUT", "/code/a?comp=range", RANGE, b"new").status == 201


def test_a_pending_delete_hides_the_file_from_lists_and_refuses_the_rest(
    emulator: Emulator, share: ShareClient, raw: Raw
) -> None:
    share.get_file_client("a").create_file(3, data=b"old")
    handle = emulator.smb.open("code", "a")
    handle.delete_when_closed()
    assert b"<Name>a</Name>" not in raw("GET", LIST).body
    for answer in (
        raw("GET", "/code/a"),
        raw("HEAD", "/code/a"),
        raw("PUT", "/code/a", CREATE),
        raw("DELETE", "/code/a"),
    ):
        assert outcome(answer) == (409, "DeletePending")
    handle.close()
    assert raw("GET", "/code/a").status == 404
    assert not (emulator.share_folder("code") / "a").exists()


def test_handles_are_listed_and_closed_by_force(emulator: Emulator, share: ShareClient) -> None:
    folder = share.create_directory("d")
    share.get_file_client("d/a").create_file(3, data=b"old")
    emulator.smb.open("code", "d/a").write(b"new")
    emulator.smb.open("code", "d/a", access="r")
    handles = list(folder.list_handles(recursive=True))
    assert [handle.path for handle in handles] == ["d/a", "d/a"]
    assert list(folder.list_handles()) == []
    file = share.get_file_client("d/a")
    assert file.close_handle(handles[0])["closed_handles_count"] == 1
    assert file.close_all_handles()["closed_handles_count"] == 1
    assert list(file.list_handles()) == []
    file.delete_file()
