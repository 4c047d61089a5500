"""How requests to Blob Storage are read, believed and refused: as for Azure Files, with fewer kinds of signature."""

from flowsync.emulator import access, bearer, sas, sharedkey, ticks
from flowsync.emulator.blobs.operations import TABLE
from flowsync.emulator.operation import Operation
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply, find_target, refusal
from flowsync.emulator.workspace.state import BLOB_CONTRIBUTOR, BLOB_READER


class BlobFront:
    """The data plane of Blob Storage: ``/ACCOUNT.blob.core.windows.net/CONTAINER/…``, or that host."""

    max_body = 64 << 20  # what the SDK sends in one request

    def __init__(self, service: Service) -> None:
        self._service = service

    def claims(self, raw_path: str, host: str) -> bool:
        """Tells whether a request is for this service."""
        account, _, rest = raw_path.lstrip("/").partition("/")[0].partition(".")
        return (account in self._service.accounts and rest.startswith("blob.")) or host.partition(".")[2].startswith(
            "blob."
        )

    def address(self, call: Call) -> None:
        """Fills in what the call is about, as far as its URL says."""
        call.target = find_target(call.raw_path, call.host, self._service.accounts, "blob")

    def find(self, call: Call) -> Operation:
        """Returns the operation that the call asks for; raises Refused."""
        operation = TABLE.get((call.method, call.query.get("comp", "").lower()))
        if operation is None:
            raise Refused("UnsupportedHttpVerb", "This emulator has only what runs need of Blob Storage.")
        return operation

    def check(self, call: Call, operation: Operation) -> None:
        """Raises Refused unless the caller may do this."""
        authorization = call.headers.get("Authorization", "")
        keyed = "sig" in call.query or authorization.startswith("SharedKey ")
        access.check_account(self._service, call, keyed)
        now = self._service.clock.now()
        if "sig" in call.query:
            presented = sas.Presented(call.query, call.target, call.secure, call.peer, now, service="b")
            sas.check(presented, self._service.accounts).allows(operation.needs, operation.kinds)
        elif authorization.startswith("SharedKey "):
            sharedkey.check(call, self._service.accounts)
            access.check_date(self._service, call)
        elif authorization.startswith("Bearer "):
            self._check_bearer(call, authorization, now)
        else:
            raise Refused("NoAuthenticationInformation")

    def _check_bearer(self, call: Call, authorization: str, now: int) -> None:
        if not call.secure:
            raise Refused("InvalidAuthenticationInfo", "A bearer token is only accepted over https.", status=403)
        who = bearer.check(authorization, call.target.account, now, self._service.opaque_tokens)
        roles = (BLOB_CONTRIBUTOR, BLOB_READER) if call.method in ("GET", "HEAD") else (BLOB_CONTRIBUTOR,)
        access.check_roles(self._service, call, who, roles)

    def refusal(self, call: Call, refused: Refused, request_id: str) -> Reply:
        """Makes the reply for a refusal."""
        return refusal(refused, request_id, self._service.clock.now(), call.method == "HEAD")

    def dress(self, call: Call, reply: Reply, request_id: str) -> None:
        """Adds what every reply carries."""
        reply.headers["Date"] = ticks.http_date(self._service.clock.now())
        reply.headers["Server"] = "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"
        reply.headers["x-ms-request-id"] = request_id
        reply.headers["x-ms-version"] = call.version or "2026-10-06"
        if "x-ms-client-request-id" in call.headers:
            reply.headers["x-ms-client-request-id"] = call.headers["x-ms-client-request-id"][:1024]
