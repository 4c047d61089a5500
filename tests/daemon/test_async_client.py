"""The asyncio client against real daemons: requests, events, restarts, versions, and what it imports."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from daemon_process import PATIENCE, Daemon
from flowsync.daemon.async_client import AsyncDaemon, NoDaemon, OtherVersion
from flowsync.errors import DaemonError, RepositoryError, UsageError
from world import World

Start = Callable[..., Daemon]


def test_requests_overlap_and_errors_are_typed(world: World, daemon: Daemon) -> None:
    async def talk() -> None:
        async with AsyncDaemon(world.folder) as client:
            assert (await client.connect())["pid"] == daemon.process.pid
            files, content, status = await asyncio.gather(
                client.request("files", {"flow": "chat"}),
                client.request("content", {"flow": "chat", "path": "a.py", "at": "local"}),
                client.request("status"),
            )
            assert {row["path"] for row in files["files"]} == {"a.py", "flow.dag.yaml"}
            assert content["text"] == "x = 1\n"
            assert status["flows"][0]["name"] == "chat"
            with pytest.raises(UsageError, match="no flow is called chit"):
                await client.request("files", {"flow": "chit"})
            assert client.connected
        assert not client.connected

    asyncio.run(talk())


def test_events_go_on_through_a_restart(world: World, daemon: Daemon, run_daemon: Start) -> None:
    async def follow() -> tuple[list[dict[str, Any]], int]:
        seen: list[dict[str, Any]] = []
        pid = 0
        async with AsyncDaemon(world.folder) as client, asyncio.timeout(PATIENCE):
            async for event in client.events(["flows"]):
                seen.append(event)
                if event["kind"] == "connected" and not pid:
                    pid = event["hello"]["pid"]
                    world.commit({"flows/chat/a.py": "x = 2\n"})
                elif event["kind"] == "flows" and len({one["kind"] for one in seen}) == 2:
                    await asyncio.to_thread(daemon.end, signal.SIGKILL)
                elif event["kind"] == "disconnected" and event["attempt"] == 2:
                    with pytest.raises(NoDaemon):
                        await client.request("state")
                    await asyncio.to_thread(lambda: run_daemon(world).ready())
                    client.hurry()
                elif event["kind"] == "connected":
                    return seen, event["hello"]["pid"]
        raise AssertionError(seen)

    seen, pid = asyncio.run(follow())
    assert pid != daemon.process.pid
    kinds = [event["kind"] for event in seen]
    first, *_, last = (event for event in seen if event["kind"] == "disconnected")
    assert kinds[0] == kinds[-1] == "connected"
    assert "flows" in kinds
    assert not isinstance(first["error"], NoDaemon)  # it was there, and hung up
    assert isinstance(last["error"], NoDaemon)


def test_a_command_that_is_given_up_is_cancelled_in_the_daemon(world: World, daemon: Daemon) -> None:
    async def give_up() -> None:
        async with AsyncDaemon(world.folder) as client:
            with FileLock(world.folder / ".git/flowsync/lock"):
                with pytest.raises(DaemonError, match=r"within 0\.2 seconds"):
                    await client.request("command", {"name": "sync", "flows": ["chat"]}, timeout=0.2)
                queued = asyncio.create_task(client.request("command", {"name": "sync"}, timeout=None))
                await client.request("nudge")
                queued.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await queued
            assert (await client.request("state"))["pid"] == daemon.process.pid

    before = daemon.count("passes_sync")
    asyncio.run(give_up())
    daemon.settled()
    assert daemon.count("passes_sync") == before


def test_progress_of_a_command_is_told(world: World, daemon: Daemon) -> None:
    told: list[dict[str, Any]] = []

    async def sync() -> Any:
        async with AsyncDaemon(world.folder) as client:
            return await client.request("command", {"name": "sync"}, told=told.append)

    world.ends(0, "pause")
    world.commit({"flows/chat/a.py": "x = 2\n"})
    assert [result["did"] for result in asyncio.run(sync())] == ["pushed"]
    assert {"Pushing"} <= {one["what"] for one in told}


class _Other:
    """A daemon of another version: a socket that answers hello as the protocol says, or not at all."""

    def __init__(self, folder: Path, answer: dict[str, Any] | None) -> None:
        self.door = socket.create_server(("127.0.0.1", 0))
        state = folder / ".git" / "flowsync"
        state.mkdir(parents=True, exist_ok=True)
        address = {"version": 2, "pid": 1, "port": self.door.getsockname()[1], "token": "t"}
        (state / "daemon.json").write_text(json.dumps(address))
        self.answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self.door.accept()
                with client, client.makefile("rb") as lines:
                    number = json.loads(lines.readline())["id"]
                    if self.answer is not None:
                        client.sendall(json.dumps({"jsonrpc": "2.0", "id": number, **self.answer}).encode() + b"\n")
        except OSError:  # closed
            return


def test_a_daemon_of_another_version_is_said_so(world: World) -> None:
    said = {"code": -32001, "message": "this daemon speaks version 2 of the protocol only"}
    other = _Other(
        world.folder, {"error": {**said, "data": {"hint": "flowsync daemon restart", "exit": 5, "speaks": 2}}}
    )

    async def talk() -> list[dict[str, Any]]:
        seen = []
        async with AsyncDaemon(world.folder) as client:
            with pytest.raises(OtherVersion) as refused:
                await client.connect()
            assert refused.value.hint == "flowsync daemon restart"
            async for event in client.events():
                seen.append(event)
                client.hurry()
                if len(seen) == 2:
                    return seen
        return seen

    with other.door:
        seen = asyncio.run(talk())
    assert [(event["kind"], type(event["error"])) for event in seen] == [("disconnected", OtherVersion)] * 2


def test_this_daemon_names_its_version_to_a_client_of_another(world: World, daemon: Daemon) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(json.loads(daemon.place.address.read_text())["socket"])
        door.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"version": 0}}\n')
        assert json.loads(door.makefile().readline())["error"]["data"]["speaks"] == 1


def test_a_daemon_that_hangs_up_in_the_middle_of_hello(world: World) -> None:
    other = _Other(world.folder, None)

    async def talk() -> None:
        async with AsyncDaemon(world.folder) as client:
            with pytest.raises(DaemonError, match="ended before it answered"):
                await client.connect()

    with other.door:
        asyncio.run(talk())


def test_outside_of_a_repository_there_is_nothing_to_connect_to(tmp_path: Path) -> None:
    async def talk() -> None:
        async with AsyncDaemon(tmp_path) as client:
            with pytest.raises(RepositoryError):
                await client.connect()

    asyncio.run(talk())


def test_it_works_over_loopback_too(world: World, run_daemon: Start) -> None:
    world.studio_flow("chat")
    daemon = run_daemon(world, "--tcp").ready()

    async def talk() -> Any:
        async with AsyncDaemon(world.folder) as client:
            return await client.connect()

    assert asyncio.run(talk())["pid"] == daemon.process.pid


def test_it_imports_neither_git_nor_azure_nor_a_watcher() -> None:
    code = "import sys, flowsync.daemon.async_client; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"git", "azure", "watchdog", "textual", "yaml", "aiohttp", "filelock"}
    assert "flowsync.sync" not in done.stdout.split()
