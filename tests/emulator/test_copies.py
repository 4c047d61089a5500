"""Copies and ranges by URL: what proves the right to a source, and copies that take their time."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.fileshare import FileSasPermissions, ShareClient, ShareFileClient, generate_file_sas

from emulator.raw import Raw
from flowsync.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY, Emulator

OTHER_KEY = "b3RoZXI="


def signed(url: str, account: str, key: str, path: str) -> str:
    expiry = datetime.now(UTC) + timedelta(hours=1)
    permission = FileSasPermissions(read=True)
    return f"{url}?{generate_file_sas(account, 'code', [path], key, permission=permission, expiry=expiry)}"


def code(error: pytest.ExceptionInfo[HttpResponseError]) -> Any:
    found = getattr(error.value, "error_code", "")
    return getattr(found, "value", found)


def test_a_copy_within_the_account_is_done_at_once(share: ShareClient) -> None:
    share.get_file_client("a").create_file(3, data=b"abc", metadata={"k": "v"})
    target = share.get_file_client("b")
    answer = target.start_copy_from_url(share.get_file_client("a").url)
    assert answer["copy_status"] == "success"
    found = target.get_file_properties()
    assert (found.metadata, found.copy.status, found.copy.progress) == ({"k": "v"}, "success", "3/3")
    assert target.download_file().readall() == b"abc"
    assert found.file_id != share.get_file_client("a").get_file_properties().file_id
    with pytest.raises(HttpResponseError) as error:
        target.abort_copy(answer["copy_id"])
    assert code(error) == "NoPendingCopyOperation"


@pytest.fixture
def two(tmp_path: Path) -> Any:
    accounts = {WELL_KNOWN_ACCOUNT: WELL_KNOWN_KEY, "other": OTHER_KEY}
    with Emulator(tmp_path, accounts=accounts, shares=("code",)) as emulator:
        Raw(emulator.url.replace(WELL_KNOWN_ACCOUNT, "other"), OTHER_KEY, "other")("PUT", "/code?restype=share")
        yield emulator


def test_a_copy_from_another_account_needs_a_signature_and_takes_its_time(two: Emulator) -> None:
    url = two.url.replace(WELL_KNOWN_ACCOUNT, "other")
    source = ShareFileClient(url, "code", "a", credential={"account_name": "other", "account_key": OTHER_KEY})
    source.create_file(3, data=b"abc")
    target = ShareFileClient(two.url, "code", "b", credential=WELL_KNOWN_KEY, retry_total=0)
    with pytest.raises(HttpResponseError) as error:
        target.start_copy_from_url(source.url)
    assert code(error) == "CannotVerifyCopySource"
    allowed = signed(source.url, "other", OTHER_KEY, "a")
    answer = target.start_copy_from_url(allowed)
    assert answer["copy_status"] == "pending"
    with pytest.raises(HttpResponseError) as error:
        target.start_copy_from_url(allowed)
    assert code(error) == "PendingCopyOperation"
    deadline = time.monotonic() + 30
    while target.get_file_properties().copy.status == "pending":
        assert time.monotonic() < deadline
    assert target.download_file().readall() == b"abc"
    assert "sig=" not in str(target.get_file_properties().copy.source)


def test_a_pending_copy_may_be_aborted(two: Emulator) -> None:
    url = two.url.replace(WELL_KNOWN_ACCOUNT, "other")
    source = ShareFileClient(url, "code", "a", credential={"account_name": "other", "account_key": OTHER_KEY})
    source.create_file(3, data=b"abc")
    target = ShareFileClient(two.url, "code", "b", credential=WELL_KNOWN_KEY, retry_total=0)
    answer = target.start_copy_from_url(signed(source.url, "other", OTHER_KEY, "a"))
    target.abort_copy(answer["copy_id"])
    found = target.get_file_properties()
    assert (found.copy.status, found.size) == ("aborted", 0)


def test_a_range_by_url_needs_a_signature(share: ShareClient) -> None:
    source, target = share.get_file_client("a"), share.get_file_client("b")
    source.create_file(10, data=b"0123456789")
    target.create_file(10)
    with pytest.raises(HttpResponseError) as error:
        target.upload_range_from_url(source.url, offset=0, length=4, source_offset=3)
    assert code(error) == "CannotVerifyCopySource"
    headers = error.value.response.headers if error.value.response else {}
    assert headers["x-ms-copy-source-error-code"] == "NoAuthenticationInformation"
    allowed = signed(source.url, WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY, "a")
    target.upload_range_from_url(allowed, offset=1, length=4, source_offset=3)
    assert target.download_file().readall() == b"\0" + b"3456" + bytes(5)
    with pytest.raises(HttpResponseError) as error:
        target.upload_range_from_url(allowed, offset=0, length=10, source_offset=3)
    assert code(error) == "InvalidRange"
