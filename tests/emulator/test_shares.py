"""Shares: listed in pages, snapshots that stay as they were, permissions, deletion and what is left of it."""

import base64
import struct
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.fileshare import ShareClient, ShareServiceClient

from emulator.conftest import client
from emulator.raw import Raw
from flowsync.emulator import Emulator, sddl
from flowsync.emulator.refusal import Refused

OWNED = "O:S-1-5-21-1-2-3-1000G:S-1-5-21-1-2-3-513D:AI(A;;FA;;;SY)(A;OICI;0x1200a9;;;S-1-5-21-1-2-3-1001)"


def service(emulator: Emulator) -> ShareServiceClient:
    return ShareServiceClient.from_connection_string(emulator.connection_string, retry_total=0)


def test_shares_are_listed_in_pages_with_what_is_asked_for(emulator: Emulator, share: ShareClient) -> None:
    with service(emulator) as account:
        for number in range(5):
            account.create_share(f"share{number}", metadata={"n": str(number)})
        pages = account.list_shares(results_per_page=2).by_page()  # type: ignore[attr-defined]
        assert [[item["name"] for item in page] for page in pages] == [
            ["code", "share0"],
            ["share1", "share2"],
            ["share3", "share4"],
        ]
        found = list(account.list_shares(name_starts_with="share", include_metadata=True))
        assert [item["metadata"]["n"] for item in found] == ["0", "1", "2", "3", "4"]
        share.create_snapshot()
        both = list(account.list_shares(name_starts_with="code", include_snapshots=True))
        assert [bool(item["snapshot"]) for item in both] == [True, False]


def test_a_snapshot_stays_as_it_was_and_takes_no_writes(emulator: Emulator, share: ShareClient) -> None:
    share.create_directory("d", metadata={"k": "v"})
    file = share.get_file_client("d/f")
    file.create_file(3, data=b"old", metadata={"k": "v"})
    before = file.get_file_properties()
    name = share.create_snapshot()["snapshot"]
    file.upload_range(b"new", 0, 3)
    share.get_file_client("d/g").create_file(0)
    then = ShareClient.from_connection_string(emulator.connection_string, "code", snapshot=name, retry_total=0)
    with then:
        found = then.get_file_client("d/f").get_file_properties()
        assert (found.etag, found.file_id, found.metadata) == (before.etag, before.file_id, {"k": "v"})
        assert then.get_file_client("d/f").download_file().readall() == b"old"
        assert [item["name"] for item in then.list_directories_and_files("d")] == ["f"]
    answer = Raw(emulator.url)("PUT", f"/code/d/f?comp=metadata&sharesnapshot={name}")
    assert (answer.status, answer.code) == (400, "ShareSnapshotOperationNotSupported")


def test_snapshots_outlive_the_process(tmp_path: Path) -> None:
    with Emulator(tmp_path, shares=("code",)) as emulator, client(emulator) as share:
        share.get_file_client("f").create_file(3, data=b"old")
        name = share.create_snapshot()["snapshot"]
        share.get_file_client("f").create_file(3, data=b"new")
    with Emulator(tmp_path) as emulator:
        raw = Raw(emulator.url)
        assert raw("GET", f"/code/f?sharesnapshot={name}").body == b"old"
        assert raw("GET", "/code/f").body == b"new"
        assert raw("GET", "/code/f?sharesnapshot=2020-01-01T00:00:00.0000000Z").code == "ShareSnapshotNotFound"


def test_a_deleted_share_comes_back_with_its_files_and_only_under_its_own_name(
    emulator: Emulator, share: ShareClient
) -> None:
    share.get_file_client("f").create_file(1, data=b"x", metadata={"k": "v"})
    with service(emulator) as account:
        share.delete_share()
        assert not emulator.share_folder("code").exists()
        (deleted,) = [item for item in account.list_shares(include_deleted=True) if item["deleted"]]
        account.create_share("code")
        with pytest.raises(HttpResponseError) as error:
            account.undelete_share("code", deleted["version"])
        assert error.value.status_code == 409
        account.delete_share("code")
        with pytest.raises(ResourceNotFoundError):
            account.undelete_share("code", "0000000000000000")
        account.undelete_share("code", deleted["version"])
    assert share.get_file_client("f").get_file_properties().metadata == {"k": "v"}
    assert share.get_file_client("f").download_file().readall() == b"x"


def test_without_retention_a_deleted_share_is_gone(emulator: Emulator, share: ShareClient, raw: Raw) -> None:
    policy = "<ShareDeleteRetentionPolicy><Enabled>false</Enabled></ShareDeleteRetentionPolicy>"
    body = f"<StorageServiceProperties>{policy}</StorageServiceProperties>".encode()
    assert raw("PUT", "/?restype=service&comp=properties", {"Content-Type": "application/xml"}, body).status == 202
    assert policy.encode() in raw("GET", "/?restype=service&comp=properties").body
    share.delete_share()
    with service(emulator) as account:
        assert list(account.list_shares(include_deleted=True)) == []


def test_permissions_keep_their_key_and_are_shown_in_both_forms(share: ShareClient) -> None:
    key = share.create_permission_for_share(OWNED)
    assert share.create_permission_for_share(OWNED) == key
    assert share.get_permission_for_share(key) == OWNED
    binary = share.get_permission_for_share(key, file_permission_format="binary")
    share.get_file_client("f").create_file(0, file_permission=binary, file_permission_format="binary")
    assert share.get_file_client("f").get_file_properties().permission_key == key
    share.get_file_client("g").create_file(0, permission_key=key)
    assert share.get_file_client("g").get_file_properties().permission_key == key


def test_a_security_descriptor_goes_to_binary_and_back() -> None:
    for text in (OWNED, "O:SYG:BAD:PAI(D;;FA;;;WD)(A;CIIO;FR;;;AU)S:(AU;SAFA;FW;;;WD)", "D:NO_ACCESS_CONTROL"):
        encoded = sddl.to_binary(text)
        assert sddl.to_text(encoded) == text
    raw = base64.b64decode(sddl.to_binary("O:SYG:SYD:(A;;FA;;;SY)"))
    system = bytes([1, 1, 0, 0, 0, 0, 0, 5]) + struct.pack("<I", 18)
    entry = struct.pack("<BBHI", 0, 0, 20, 0x1F01FF) + system
    access = struct.pack("<BBHHH", 2, 0, 28, 1, 0) + entry
    assert raw == struct.pack("<BBHIIII", 1, 0, 0x8004, 48, 60, 0, 20) + access + system + system


@pytest.mark.parametrize(
    "text", ["", "abcde", "O:", "O:XXG:SY", "D:(A;;FA;;;SY", "D:(A;;XX;;;SY)", "O:S-1-5-99999999999"]
)
def test_what_is_no_security_descriptor_is_refused(text: str, share: ShareClient, raw: Raw) -> None:
    with pytest.raises(Refused):
        sddl.check(text)
    headers = {"x-ms-type": "file", "x-ms-content-length": "0", "x-ms-file-permission": text}
    assert raw("PUT", "/code/f", headers).status == 400
