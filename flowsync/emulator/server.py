"""The server: HTTP in, an operation's effect, HTTP out; latency, faults and callbacks on the way.

What belongs here: aiohttp, and the order of things. An effect runs in one go on the server's thread, so that no two
requests ever mix; what waits (bodies, delays, callbacks) waits before or after it.
"""

import asyncio
import errno
import itertools
import logging
import os
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

from aiohttp import ClientError, web

from flowsync.emulator import control, structured
from flowsync.emulator.blobs.front import BlobFront
from flowsync.emulator.faults import Fault, Faults
from flowsync.emulator.files_front import FilesFront
from flowsync.emulator.operation import Operation
from flowsync.emulator.operations.listing import page_number
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.smb import WaitForFlush
from flowsync.emulator.wire import Call, Changed, Reply, Stream, Target, split_query
from flowsync.emulator.witness import Event, Witness
from flowsync.emulator.workspace.front import WorkspaceFront

_LOG = logging.getLogger("flowsync.emulator")
_PIECE = 1 << 20
_GRACE = 0.5  # seconds for connections to end
_CALLBACKS = 128  # at a time; more than clients send in parallel, because a callback may wait for another's request


class Front(Protocol):
    """One of the services behind the port: how its requests are read, believed and refused."""

    max_body: int

    def claims(self, raw_path: str, host: str) -> bool:
        """Tells whether a request is for this service."""

    def address(self, call: Call) -> None:
        """Fills in what the call is about, as far as its URL says."""

    def find(self, call: Call) -> Operation:
        """Returns the operation that the call asks for; raises Refused."""

    def check(self, call: Call, operation: Operation) -> None:
        """Raises Refused unless the caller may do this."""

    def refusal(self, call: Call, refused: Refused, request_id: str) -> Reply:
        """Makes the reply for a refusal."""

    def dress(self, call: Call, reply: Reply, request_id: str) -> None:
        """Adds what every reply carries."""


class Handler:
    """Answers requests."""

    def __init__(self, service: Service, faults: Faults, witness: Witness, latency: float, with_control: bool) -> None:
        self.service = service
        self.faults = faults
        self.witness = witness
        self.latency = latency
        self._with_control = with_control
        self._fronts: tuple[Front, ...] = (WorkspaceFront(service), BlobFront(service), FilesFront(service))
        self._threads = ThreadPoolExecutor(_CALLBACKS, "flowsync-emulator-callback")
        self._numbers = itertools.count(1)
        self._stem = f"{os.urandom(4).hex()}-001a-0063-{os.urandom(2).hex()}"

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request."""
        if self._with_control and request.raw_path.startswith(control.PREFIX):
            return await control.answer(self, request)
        call = _read_head(request)
        front = next(front for front in self._fronts if front.claims(call.raw_path, call.host))
        front.address(call)
        request_id = f"{self._stem}{next(self._numbers):012x}"
        fault: Fault | None = None
        try:
            operation = self._operation(front, call)
            fault = await self._before(call)
            if fault is not None and fault.kind in ("drop_before", "hang"):
                return await _drop(request, hang=fault.kind == "hang")
            reply = await self._effect(request, front, call, operation)
        except Exception as error:
            refused = error if isinstance(error, Refused) else _unexpected(error)
            reply = front.refusal(call, refused, request_id)
        if self.witness.callbacks:
            await self._tell(Event("after", call.operation, call.where, reply.status))
        if fault is not None and fault.kind == "drop_after":
            return await _drop(request, hang=False)
        front.dress(call, reply, request_id)
        return await _send(request, reply, fault)

    async def _tell(self, event: Event) -> None:
        """Runs the callbacks in another thread, so that they may send requests themselves."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self.witness.tell, event)

    def close(self) -> None:
        """Lets the callbacks' threads go."""
        self._threads.shutdown(wait=False)

    def _operation(self, front: Front, call: Call) -> Operation:
        call.operation = "unknown"
        try:
            operation = front.find(call)
            call.operation = operation.name
            return operation
        finally:
            self.witness.arrived(call.operation, call.where)

    async def _before(self, call: Call) -> Fault | None:
        """Waits as long as latency and faults say, and returns the fault that hits this request."""
        page = page_number(call) if call.operation == "list" else 0
        wait, fault = self.faults.pick(call.operation, call.where, page)
        if self.latency or wait:
            await asyncio.sleep(self.latency + wait)
        if fault is not None and fault.kind == "refuse":
            headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            raise Refused(fault.code, status=fault.status, headers=headers)
        return fault

    async def _effect(self, request: web.BaseRequest, front: Front, call: Call, operation: Operation) -> Reply:
        front.check(call, operation)
        if request.can_read_body:
            framed = "x-ms-structured-body" in call.headers
            call.body = await _read_body(request, structured.length_of(front.max_body) if framed else front.max_body)
            if framed:
                call.body = _unframed(call)
        if self.witness.callbacks:
            await self._tell(Event("before", call.operation, call.where))
        while True:
            try:
                return operation.run(self.service, call)
            except WaitForFlush as wait:
                await asyncio.sleep(wait.seconds)
                call.waited += wait.seconds


def _read_head(request: web.BaseRequest) -> Call:
    raw_path, _, raw_query = request.raw_path.partition("?")
    return Call(
        method=request.method,
        raw_path=raw_path,
        query=split_query(raw_query),
        headers=request.headers,
        target=Target("", "", ""),
        host=request.headers.get("Host", ""),
        secure=request.secure,
        peer=request.remote or "",
    )


def _unframed(call: Call) -> bytes:
    """Takes a body out of its structured message."""
    if call.need("x-ms-structured-body").lower() != structured.HEADER.lower():
        raise Refused("InvalidHeaderValue", "There is no structured body of this version and these properties.")
    return structured.decode(call.body, call.number("x-ms-structured-content-length"))


def _unexpected(error: Exception) -> Refused:
    """Makes a refusal of what no operation foresaw, and leaves its trace in the log."""
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return Refused("InvalidFileOrDirectoryPathName", "The path is longer than this machine's disk takes.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused("ShareSizeLimitReached", "The disk is full.")
    if isinstance(error, ConnectionError | ClientError | web.RequestPayloadError):
        return Refused("InvalidInput", "The request ended before its body did.")
    _LOG.error("A request failed in a way that it should not.", exc_info=error)
    return Refused("InternalError")


async def _read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Reads a body of bounded size; the rest of a longer one is never read."""
    length = request.content_length
    if length is not None and length > limit:
        raise Refused("RequestBodyTooLarge", headers={"Connection": "close"})
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    pieces = []
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > limit:
            raise Refused("RequestBodyTooLarge", headers={"Connection": "close"})
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _drop(request: web.BaseRequest, hang: bool) -> web.StreamResponse:
    """Breaks the connection, at once or when the client has given up."""
    transport = request.transport
    while hang and transport is not None and not transport.is_closing():
        await asyncio.sleep(0.02)
    if transport is not None:
        transport.abort()
    return web.Response(status=500)


async def _send(request: web.BaseRequest, reply: Reply, fault: Fault | None) -> web.StreamResponse:
    if reply.stream is not None:
        return await _stream(request, reply, reply.stream, fault)
    if fault is not None and fault.kind == "garble":
        reply.body = _garbled(reply.body)
    if fault is not None and fault.kind == "truncate":
        return await _cut_short(request, reply, reply.body[: fault.keep], len(reply.body))
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body or None)


async def _cut_short(request: web.BaseRequest, reply: Reply, kept: bytes, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = length
    await response.prepare(request)
    if kept:
        await response.write(kept)
    if request.transport is not None:
        request.transport.close()
    return response


async def _stream(request: web.BaseRequest, reply: Reply, body: Stream, fault: Fault | None) -> web.StreamResponse:
    """Sends a large body piece by piece; breaks the connection if the file changes on the way."""
    try:
        limit = fault.keep if fault is not None and fault.kind == "truncate" else reply.length
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        response.content_length = reply.length
        await response.prepare(request)
        for offset in range(0, min(limit, reply.length), _PIECE):
            piece = body.read(offset, min(_PIECE, reply.length - offset))[: limit - offset]
            await response.write(_garbled(piece) if fault is not None and fault.kind == "garble" else piece)
        if limit < reply.length:
            raise Changed
        await response.write_eof()
        return response
    except Changed:
        return await _drop(request, hang=False)
    finally:
        body.close()


def _garbled(body: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in body)


class Listening:
    """The listening socket, and the connections that came in through it."""

    def __init__(self, server: asyncio.Server, connections: web.Server) -> None:
        self._server, self._connections = server, connections
        self.port: int = server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        """Stops listening and closes every connection, also one that is just being accepted: nobody else would."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows
            for door in self._server.sockets:
                loop.remove_reader(door.fileno())
        await asyncio.sleep(0)  # who came in is taken in: from Python 3.12 on a closed server takes none
        self._server.close()
        await self._connections.shutdown(_GRACE)
        accepting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in accepting:
            task.cancel()
        if accepting:
            await asyncio.wait(accepting)
        await self._connections.shutdown(0)
        with suppress(TimeoutError):  # a client that never says goodbye
            await asyncio.wait_for(self._server.wait_closed(), _GRACE)


async def listen(handler: Handler, host: str, port: int, tls: ssl.SSLContext | None = None) -> Listening:
    """Starts listening."""
    connections = web.Server(handler, access_log=None)
    server = await asyncio.get_running_loop().create_server(connections, host, port, ssl=tls, backlog=1024)
    return Listening(server, connections)
