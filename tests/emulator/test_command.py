"""The emulator as a program: what it prints, when it is ready, how it ends."""

import gc
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from azure.storage.fileshare import ShareClient

from emulator.raw import Raw
from flowsync.emulator import Emulator

PROGRAM = """
import argparse, sys
from flowsync.cli import emulator_cmd
parser = argparse.ArgumentParser(prog="flowsync emulator")
emulator_cmd.add_arguments(parser)
assert not {"aiohttp", "asyncio", "sqlite3", "ssl"} & set(sys.modules), "heavy imports belong inside run()"
sys.exit(emulator_cmd.run(parser.parse_args()))
"""


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Starts the program and waits until its ready file is there; yields the process and the URL."""
    ready = folder / "ready"
    command = [sys.executable, "-c", PROGRAM, "--data", str(folder / "data"), "--ready-file", str(ready), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)
    try:
        deadline = time.monotonic() + 60
        while not ready.exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield process, ready.read_text().strip() if ready.exists() else ""
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--port", "0", "--share", "code") as (process, url):
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
    assert "listening on loopback only" in output
    assert f"Share URL:  {url}/code/Users/NAME/promptflow" in output
    assert str(tmp_path / "data" / "devstoreaccount1") in output
    (connection,) = [line.split("'")[1] for line in output.splitlines() if "AZURE_STORAGE_CONNECTION_STRING" in line]
    assert f"FileEndpoint={url};" in connection


def test_what_it_prints_is_what_a_client_needs(tmp_path: Path) -> None:
    with running(tmp_path, "--port", "0", "--share", "code", "--latency", "5") as (process, url):
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        connection = next(line.split("'")[1] for line in lines if "CONNECTION_STRING" in line)
        with ShareClient.from_connection_string(connection, "code") as share:
            share.get_file_client("a").create_file(1, data=b"x")
        assert (tmp_path / "data" / "devstoreaccount1" / "code" / "a").read_bytes() == b"x"
        assert Raw(url)("GET", "/!control/counts", sign=False, prefix="").status != 200


def test_other_accounts_and_the_control_endpoint(tmp_path: Path) -> None:
    options = ["--port", "0", "--account", "mine:a2V5", "--account", "other:a2V5", "--share", "code", "--control"]
    with running(tmp_path, *options) as (_, url):
        assert url.endswith("/mine")
        assert Raw(url, key="a2V5", account="mine")("GET", "/code?restype=share").status == 200
        assert Raw(url, key="a2V5", account="other")("GET", "/code?restype=share").code == "ShareNotFound"
        assert Raw(url)("GET", "/code?restype=share").code == "AuthenticationFailed"
        assert Raw(url)("GET", "/!control/counts", sign=False, prefix="").body.startswith(b'{"get_share": 3')


def test_faults_by_flag(tmp_path: Path) -> None:
    fault = "refuse,operation=get_share,code=TooManyRequests,retry_after=2,times=2"
    with running(tmp_path, "--port", "0", "--share", "code", "--fault", fault) as (_, url):
        answers = [Raw(url)("GET", "/code?restype=share") for _ in range(3)]
        assert [answer.status for answer in answers] == [429, 429, 200]
        assert answers[0].headers["Retry-After"] == "2"
    for wrong in ("explode", "refuse,color=red", "refuse,times=many"):
        with running(tmp_path, "--port", "0", "--fault", wrong) as (process, _):
            assert "UsageError: --fault" in process.communicate(timeout=30)[1]


def test_a_port_or_a_folder_that_is_taken(tmp_path: Path) -> None:
    with running(tmp_path, "--port", "0") as (_, url):
        port = url.split(":")[2].split("/")[0]
        (tmp_path / "other").mkdir()
        with running(tmp_path / "other", "--port", port) as (process, _):
            assert "FlowsyncError: The emulator cannot listen on 127.0.0.1" in process.communicate(timeout=30)[1]
        (tmp_path / "second").mkdir()
        with running(tmp_path / "second", "--port", "0", "--data", str(tmp_path / "data")) as (process, _):
            assert "in use by another emulator" in process.communicate(timeout=30)[1]


def test_help_explains_itself() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    for word in ("--port", "--data", "--share", "--latency", "--tls", "--control", "loopback", "rclone"):
        assert word in done.stdout


def test_a_workspace_over_https(tmp_path: Path) -> None:
    names = "sub/group/flows-ws"
    with running(tmp_path, "--port", "0", "--workspace", names, "--control") as (process, url):
        assert url.startswith("https://127.0.0.1:")
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        base = url.removesuffix("/devstoreaccount1")
        assert f"Manager:    export AZUREML_DEV_URL_MFE='{base}'\n" in lines
        (share,) = [
            line.rpartition(" ")[2].strip() for line in lines if line.startswith(f"Workspace:  azureml://{names}")
        ]
        assert (tmp_path / "data" / "devstoreaccount1" / share / "Users" / "alice" / "promptflow").is_dir()
        (path,) = [line.split("'")[1] for line in lines if line.startswith("Sign in:")]
        asked = ["account", "get-access-token", "--output", "json", "--resource", base]
        made = subprocess.run([f"{path}/az", *asked], capture_output=True, text=True, check=True).stdout
        trust = ssl.create_default_context(cafile=str(tmp_path / "data" / ".flowsync-emulator" / "certificate.pem"))
        headers = {"Authorization": f"Bearer {json.loads(made)['accessToken']}"}
        request = urllib.request.Request(f"{base}/subscriptions?api-version=1", headers=headers)
        with urllib.request.urlopen(request, context=trust) as reply:
            assert json.load(reply)["value"][0]["subscriptionId"] == "sub"
    with running(tmp_path, "--port", "0", "--workspace", "two/names") as (process, _):
        assert "UsageError: A workspace is SUBSCRIPTION/GROUP/NAME" in process.communicate(timeout=30)[1]


@pytest.mark.parametrize("tls", [False, True])
def test_connections_that_are_being_accepted_when_it_stops_are_closed(tmp_path: Path, tls: bool) -> None:
    """They were left to the garbage collector, which from Python 3.12 on stumbled over them."""
    for round in range(5):
        with Emulator(tmp_path / str(round), shares=("code",), tls=tls) as emulator:
            clients = [socket.create_connection((emulator.host, emulator.port)) for _ in range(5)]
        gc.collect()
        for client in clients:
            client.settimeout(60)
            with client, suppress(ConnectionResetError):
                assert client.recv(1) == b""
