"""How requests to Azure Files are read, believed and refused: XML, signatures, the headers that every reply carries."""

from flowsync.emulator import access, route, structured, ticks
from flowsync.emulator.operation import Operation
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import MAX_BODY, Service
from flowsync.emulator.wire import Call, Reply, find_target, refusal


class FilesFront:
    """The data plane of Azure Files, for every account; it takes the requests that nobody else claims."""

    max_body = MAX_BODY

    def __init__(self, service: Service) -> None:
        self._service = service

    def claims(self, raw_path: str, host: str) -> bool:
        """Tells whether a request is for this service."""
        return True

    def address(self, call: Call) -> None:
        """Fills in what the call is about, as far as its URL says."""
        call.target = find_target(call.raw_path, call.host, self._service.accounts)

    def find(self, call: Call) -> Operation:
        """Returns the operation that the call asks for; raises Refused."""
        return route.find(call)

    def check(self, call: Call, operation: Operation) -> None:
        """Raises Refused unless the caller may do this."""
        access.check(self._service, call, operation.needs, operation.kinds)

    def refusal(self, call: Call, refused: Refused, request_id: str) -> Reply:
        """Makes the reply for a refusal."""
        return refusal(refused, request_id, self._service.clock.now(), call.method == "HEAD")

    def dress(self, call: Call, reply: Reply, request_id: str) -> None:
        """Adds what every reply carries."""
        headers = reply.headers
        if "x-ms-structured-body" in call.headers and reply.status < 300:
            headers["x-ms-structured-body"] = structured.HEADER
        headers["Date"] = ticks.http_date(self._service.clock.now())
        headers["Server"] = "Windows-Azure-File/1.0 Microsoft-HTTPAPI/2.0"
        headers["x-ms-request-id"] = request_id
        headers["x-ms-version"] = call.version or "2026-10-06"
        client_id = call.headers.get("x-ms-client-request-id")
        if client_id is not None and len(client_id) <= 1024:
            headers["x-ms-client-request-id"] = client_id
