"""Files through the real SDK: create, read, overwrite, rename, delete, and what each does to ETag, times and ids."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.fileshare import ContentSettings, ShareClient

from flowsync.emulator import Emulator


def refused(error: pytest.ExceptionInfo[HttpResponseError]) -> tuple[int | None, str]:
    code = getattr(error.value, "error_code", "")
    return error.value.status_code, getattr(code, "value", code)


def test_one_request_creates_a_file_with_its_content(emulator: Emulator, share: ShareClient) -> None:
    file = share.get_file_client("a.txt")
    answer = file.create_file(5, data=b"hello")
    assert emulator.counts == {"create_file": 1}
    assert file.download_file().readall() == b"hello"
    assert (emulator.share_folder("code") / "a.txt").read_bytes() == b"hello"
    assert file.get_file_properties().etag == answer["etag"]


def test_create_without_a_body_allocates_zeros_and_a_short_body_is_padded(share: ShareClient) -> None:
    share.get_file_client("zeros").create_file(7)
    assert share.get_file_client("zeros").download_file().readall() == bytes(7)
    share.get_file_client("padded").create_file(7, data=b"abc")
    assert share.get_file_client("padded").download_file().readall() == b"abc" + bytes(4)


def test_an_etag_is_the_change_time_in_ticks(share: ShareClient) -> None:
    file = share.get_file_client("a")
    answer = file.create_file(1, data=b"x", file_change_time="2020-01-02T03:04:05.1234567Z")
    assert answer["etag"] == f'"0x{637135310451234567:X}"'
    assert file.get_file_properties().etag == answer["etag"]
    assert str(file.get_file_properties().last_modified) == "2020-01-02 03:04:05+00:00"


def test_what_moves_the_etag_and_what_moves_the_time_of_last_write(share: ShareClient) -> None:
    file = share.get_file_client("a")
    file.create_file(3, data=b"one")
    seen = [file.get_file_properties()]

    def after(action: str) -> tuple[bool, bool]:
        seen.append(file.get_file_properties())
        old, new = seen[-2:]
        assert new.file_id == seen[0].file_id, action
        return old.etag != new.etag, old.last_write_time != new.last_write_time

    file.set_file_metadata({"k": "v"})
    assert after("metadata") == (True, False)
    file.set_http_headers(ContentSettings(content_type="text/plain"))
    assert after("properties") == (True, False)
    file.upload_range(b"two", 0, 3)
    assert after("range") == (True, True)
    file.upload_range(b"six", 0, 3, file_last_write_mode="preserve")
    assert after("range, preserving") == (True, False)
    lease = file.acquire_lease()
    assert after("lease") == (False, False)
    lease.release()
    assert after("release") == (False, False)
    file.create_file(3, data=b"new")
    assert after("create over") == (True, True)


def test_rename_keeps_the_id_and_the_time_of_last_write(share: ShareClient) -> None:
    file = share.get_file_client("a")
    file.create_file(3, data=b"one", metadata={"k": "v"})
    old = file.get_file_properties()
    new = file.rename_file("b").get_file_properties()
    assert (new.file_id, new.last_write_time, new.metadata) == (old.file_id, old.last_write_time, {"k": "v"})
    assert new.etag != old.etag
    with pytest.raises(ResourceNotFoundError):
        file.get_file_properties()


def test_rename_over_a_file_needs_asking_and_gives_the_sources_id(share: ShareClient) -> None:
    source, target = share.get_file_client("a"), share.get_file_client("b")
    source.create_file(3, data=b"new")
    target.create_file(3, data=b"old")
    with pytest.raises(ResourceExistsError) as error:
        source.rename_file("b")
    assert refused(error) == (409, "ResourceAlreadyExists")
    source_id = source.get_file_properties().file_id
    source.rename_file("b", overwrite=True)
    assert target.download_file().readall() == b"new"
    assert target.get_file_properties().file_id == source_id


def test_names_keep_their_case_and_are_found_in_any(emulator: Emulator, share: ShareClient) -> None:
    share.create_directory("Docs")
    share.get_file_client("Docs/ReadMe").create_file(1, data=b"1")
    share.get_file_client("dOCS/rEADmE").create_file(1, data=b"2")
    assert [item["name"] for item in share.list_directories_and_files("docs")] == ["ReadMe"]
    assert (emulator.share_folder("code") / "Docs" / "ReadMe").read_bytes() == b"2"
    share.get_file_client("docs/readme").rename_file("Docs/README")
    assert [path.name for path in (emulator.share_folder("code") / "Docs").iterdir()] == ["README"]
    share.get_file_client("straße").create_file(0)
    with pytest.raises(ResourceNotFoundError):
        share.get_file_client("STRASSE").get_file_properties()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("missing", 404, "ResourceNotFound"),
        ("no/where", 404, "ParentNotFound"),
        ("folder", 409, "ResourceTypeMismatch"),
    ],
)
def test_a_file_that_is_not_there(raw, share: ShareClient, path: str, status: int, code: str) -> None:  # type: ignore[no-untyped-def]
    share.create_directory("folder")
    answer = raw("DELETE", f"/code/{path}")
    assert (answer.status, answer.code) == (status, code)


def test_a_lease_keeps_others_out(share: ShareClient) -> None:
    file = share.get_file_client("a")
    file.create_file(1, data=b"x")
    lease = file.acquire_lease("11111111-1111-1111-1111-111111111111")
    with pytest.raises(HttpResponseError) as error:
        file.create_file(1, data=b"y")
    assert refused(error) == (412, "LeaseIdMissing")
    with pytest.raises(HttpResponseError) as error:
        file.delete_file(lease="22222222-2222-2222-2222-222222222222")
    assert refused(error) == (412, "LeaseIdMismatchWithFileOperation")
    with pytest.raises(HttpResponseError) as error:
        file.acquire_lease("22222222-2222-2222-2222-222222222222")
    assert refused(error) == (409, "LeaseAlreadyPresent")
    file.create_file(1, data=b"z", lease=lease)
    assert file.get_file_properties().lease.state == "leased"
    assert file.download_file().readall() == b"z"
    lease.release()
    with pytest.raises(HttpResponseError) as error:
        file.delete_file(lease="11111111-1111-1111-1111-111111111111")
    assert refused(error) == (412, "LeaseNotPresentWithFileOperation")


def test_a_broken_lease_lets_everyone_in_and_can_be_taken_again(share: ShareClient) -> None:
    file = share.get_file_client("a")
    file.create_file(1, data=b"x")
    lease = file.acquire_lease()
    lease.break_lease()
    assert file.get_file_properties().lease.state == "broken"
    file.create_file(1, data=b"y")
    file.acquire_lease().release()


def test_leases_travel_with_a_renamed_file_and_guard_its_target(share: ShareClient) -> None:
    source, target = share.get_file_client("a"), share.get_file_client("b")
    source.create_file(1, data=b"x")
    target.create_file(1, data=b"y")
    lease, guard = source.acquire_lease(), target.acquire_lease()
    with pytest.raises(HttpResponseError) as error:
        source.rename_file("b", overwrite=True, source_lease=lease)
    assert refused(error) == (412, "LeaseIdMissing")
    source.rename_file("b", overwrite=True, source_lease=lease, destination_lease=guard)
    with pytest.raises(HttpResponseError) as error:
        target.delete_file()
    assert refused(error) == (412, "LeaseIdMissing")
    target.delete_file(lease=lease)


def test_large_files_go_up_and_come_down_whole(emulator: Emulator, share: ShareClient) -> None:
    content = bytes(range(256)) * 4096 * 9 + b"tail"
    file = share.get_file_client("large")
    file.upload_file(content)
    assert file.download_file().readall() == content
    assert (emulator.share_folder("code") / "large").read_bytes() == content


def test_an_empty_file_answers_416_to_a_range(share: ShareClient, raw) -> None:  # type: ignore[no-untyped-def]
    share.get_file_client("empty").create_file(0)
    answer = raw("GET", "/code/empty", {"x-ms-range": "bytes=0-33554431"})
    assert (answer.status, answer.code) == (416, "InvalidRange")
    assert share.get_file_client("empty").download_file().readall() == b""


def test_folders_must_be_empty_to_go(share: ShareClient) -> None:
    share.create_directory("d").create_subdirectory("e")
    with pytest.raises(ResourceExistsError) as error:
        share.delete_directory("d")
    assert refused(error) == (409, "DirectoryNotEmpty")
    share.delete_directory("d/e")
    share.delete_directory("d")
    assert list(share.list_directories_and_files()) == []


def test_a_folder_is_renamed_with_all_it_holds(share: ShareClient) -> None:
    folder = share.create_directory("d")
    folder.create_subdirectory("e")
    share.get_file_client("d/e/f").create_file(1, data=b"x")
    folder.rename_directory("g")
    assert share.get_file_client("g/e/f").download_file().readall() == b"x"
    with pytest.raises(HttpResponseError):
        share.get_directory_client("g").rename_directory("g/e/h")
