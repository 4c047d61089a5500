"""What is wrong, in a sentence, with no secret in it."""

import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from pathlib import Path

import pytest

from flowsync.errors import FlowsyncError, ShareDenied, ShareMissing, ShareUnavailable, UsageError
from flowsync.share.azure import open_azure
from flowsync.share.azure_errors import from_reply
from flowsync.share.azure_retry import Patience
from flowsync.share.base import Content, Failed, Outcome
from flowsync.share.location import AzureLocation

from .worlds import QUICK, SECRET, AzureWorld, location, put


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


def test_no_network(azure: AzureWorld) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, so nobody else's, and not listening
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}/devstoreaccount1"
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


def test_a_connection_string_of_another_account(azure: AzureWorld) -> None:
    environ = {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName=other;AccountKey={SECRET}"}
    error = failure(azure, location(azure), environ)
    assert isinstance(error, UsageError) and "other" in error.message


def test_a_share_over_http_is_not_signed_in_to_with_azure(azure: AzureWorld) -> None:
    where = location(azure, account="other", endpoint="http://127.0.0.1:1/other")
    assert isinstance(failure(azure, where, {}), UsageError)
