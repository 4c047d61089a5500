"""How requests to a workspace are read, believed and refused: JSON, bearer tokens, two shapes of error."""

import json

from flowsync.emulator import ticks
from flowsync.emulator.operation import Operation
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Reply
from flowsync.emulator.workspace import access, route
from flowsync.emulator.workspace.body import JSON

_COMPONENTS = {"flow": "PromptFlowService", "history": "run-history"}
_KINDS = {400: "BadArgument", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Gone"}


class WorkspaceFront:
    """Resource Manager and the services of a workspace."""

    max_body = 4 << 20

    def __init__(self, service: Service) -> None:
        self._service = service

    def claims(self, raw_path: str, host: str) -> bool:
        """Tells whether a request is for a workspace."""
        return bool(self._service.workspaces) and raw_path.lstrip("/").partition("/")[0].lower() in route.PREFIXES

    def address(self, call: Call) -> None:
        """Fills in what the call is about, as far as its path says."""
        call.target = route.target(call.raw_path)

    def find(self, call: Call) -> Operation:
        """Returns the operation that the call asks for; raises Refused."""
        operation, call.names = route.find(call.method, call.raw_path)
        return operation

    def check(self, call: Call, operation: Operation) -> None:
        """Raises Refused unless the caller may do this."""
        if call.target.account == access.ARM and "api-version" not in call.query:
            raise Refused("MissingApiVersionParameter")
        access.check(self._service, call, operation.needs)

    def refusal(self, call: Call, refused: Refused, request_id: str) -> Reply:
        """Makes the reply for a refusal."""
        in_arm = call.target.account == access.ARM
        component = _COMPONENTS.get(call.target.account, call.target.account)
        shape = _arm(refused) if in_arm else _azureml(refused, component, request_id, self._service.clock.now())
        return Reply(refused.status, {"Content-Type": JSON, **refused.headers}, json.dumps(shape).encode())

    def dress(self, call: Call, reply: Reply, request_id: str) -> None:
        """Adds what every reply carries."""
        reply.headers["x-ms-request-id"] = request_id
        reply.headers["x-content-type-options"] = "nosniff"


def _arm(refused: Refused) -> dict[str, object]:
    return {"error": {"code": refused.code, "message": refused.message}}


def _azureml(refused: Refused, component: str, request_id: str, now: int) -> dict[str, object]:
    """Nests the code as the workspace's services do: whose fault, which kind, and what exactly."""
    kind = _KINDS.get(refused.status, "TooManyRequests" if refused.status == 429 else "InternalServerError")
    inner: dict[str, object] = {"code": kind, "innerError": None}
    if refused.code != kind:
        inner["innerError"] = {"code": refused.code, "innerError": None}
    return {
        "error": {
            "code": "UserError" if refused.status < 500 else "ServiceError",
            "severity": None,
            "message": refused.message,
            "messageFormat": refused.message,
            "messageParameters": {},
            "referenceCode": None,
            "detailsUri": None,
            "target": None,
            "details": [],
            "innerError": inner,
            "debugInfo": None,
            "additionalInfo": None,
        },
        "correlation": {"operation": request_id.replace("-", ""), "request": request_id.replace("-", "")[:16]},
        "environment": "eastus",
        "location": "eastus",
        "time": ticks.iso(now),
        "componentName": component,
        "statusCode": refused.status,
    }
