"""Measures the emulator: run it, do not test with it. ``python -m emulator.throughput [requests]`` from ``tests/``.

One emulator process, one client process with keep-alive connections and requests signed beforehand, so that what is
measured is the server. Prints requests per second of wall time, and milliseconds of the server's own CPU per request.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

from emulator.raw import VERSION, Raw

CONNECTIONS = 8
SERVER = """
import cProfile, os, pathlib, sys, threading
from flowsync.emulator import Emulator
emulator = Emulator(pathlib.Path(sys.argv[1]), shares=("code",))
profile = cProfile.Profile()
if len(sys.argv) > 2:
    run = emulator._background.run
    emulator._background.run = lambda: profile.runcall(run)
emulator.start()
print(emulator.url, flush=True)
sys.stdin.readline()
emulator.stop()
if len(sys.argv) > 2:
    profile.dump_stats(sys.argv[2])
"""


def main() -> int:
    """Runs the measurements and prints a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    profile = sys.argv[2:3]
    with tempfile.TemporaryDirectory() as data:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, data, *profile], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None and server.stdin is not None
        try:
            measure(Raw(server.stdout.readline().strip()), server.pid, count)
        finally:
            server.stdin.write("\n")
            server.stdin.flush()
            server.wait()
    return 0


def measure(raw: Raw, pid: int, count: int) -> None:
    """Times each kind of request."""
    body = b"x" * 2000
    create = {"x-ms-type": "file", "x-ms-content-length": str(len(body))}
    lease = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"}
    raw("PUT", "/code/d?restype=directory")
    listing = "/code/d?restype=directory&comp=list&include=Timestamps,ETag,Attributes"
    report("create, 2 kB body", pid, [request(raw, "PUT", f"/code/d/f{n}", create, body) for n in range(count)])
    report("create over", pid, [request(raw, "PUT", f"/code/d/f{n}", create, body) for n in range(count)])
    report("get, 2 kB", pid, [request(raw, "GET", f"/code/d/f{n}", {}) for n in range(count)])
    report("head", pid, [request(raw, "HEAD", f"/code/d/f{n}", {}) for n in range(count)])
    report("acquire lease", pid, [request(raw, "PUT", f"/code/d/f{n}?comp=lease", lease) for n in range(count)])
    for n in range(count, 5000):
        raw("PUT", f"/code/d/f{n}", create, body)
    time.sleep(0.1)  # lets the folder's mtime settle, as it has in a poll
    report("list of 5,000", pid, [request(raw, "GET", listing, {}) for _ in range(20)], connections=1)


def request(raw: Raw, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Builds a signed request as bytes."""
    target = f"/{raw.account}{path}"
    sent = {"x-ms-version": VERSION, "x-ms-date": formatdate(usegmt=True), "User-Agent": "throughput", **headers}
    if method == "PUT":
        sent["Content-Length"] = str(len(body))
    sent["Authorization"] = raw.authorization(method, target, sent)
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"{method} {target} HTTP/1.1\r\nHost: {urlsplit(raw.url).netloc}\r\n{lines}\r\n".encode() + body


def report(what: str, pid: int, requests: list[bytes], connections: int = CONNECTIONS) -> None:
    """Sends the requests over some connections and prints how long they took."""
    port = int(requests[0].split(b"Host: ")[1].split(b"\r\n")[0].rpartition(b":")[2])
    threads = [threading.Thread(target=send, args=(port, requests[n::connections])) for n in range(connections)]
    cpu, start = cpu_seconds(pid), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, used = time.perf_counter() - start, cpu_seconds(pid) - cpu
    print(f"{what:20} {len(requests) / wall:8.0f} /s  {1000 * used / len(requests):8.2f} ms CPU", flush=True)


def send(port: int, requests: list[bytes]) -> None:
    """Sends requests one after the other over one connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        for one in requests:
            connection.sendall(one)
            status = reader.readline()
            assert status.split()[1][:1] == b"2", status
            length = 0
            while (line := reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not one.startswith(b"HEAD"):
                reader.read(length)


def cpu_seconds(pid: int) -> float:
    """Returns the CPU time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
