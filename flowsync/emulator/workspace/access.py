"""Whether a request to a workspace may be believed and answered: its token, the caller's role, the service's phase."""

from flowsync.emulator import bearer, ticks
from flowsync.emulator.bearer import Distrusted, Identity
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call
from flowsync.emulator.workspace.state import DATA_SCIENTIST, READER, TENANT, Workspace

ARM = "arm"
_AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net", "https://ml.azure.com"})
_CHALLENGE = (
    f'Bearer authorization_uri="https://login.microsoftonline.com/{TENANT}", error="invalid_token", '
    'error_description="The access token is missing, invalid or expired."'
)
_CODES = {
    "form": "InvalidAuthenticationToken",
    "audience": "InvalidAuthenticationTokenAudience",
    "expiry": "ExpiredAuthenticationToken",
}


def check(service: Service, call: Call, needs: str) -> None:
    """Raises Refused unless the request's bearer may do what needs ``r`` (read) or ``w`` (write, read a secret)."""
    call.bearer = _identify(service, call)
    if call.bearer.tid not in (TENANT, bearer.NOBODY):
        issuer = "https://sts.windows.net"
        message = (
            f"The access token is from the wrong issuer '{issuer}/{call.bearer.tid}/'. It must match the tenant "
            f"'{issuer}/{TENANT}/' associated with this subscription."
        )
        raise _refused("InvalidAuthenticationTokenTenant", message)
    if "workspace" in call.names:
        _check_role(of(service, call), call, call.bearer, needs)
        _check_phase(of(service, call), call, needs)


def of(service: Service, call: Call) -> Workspace:
    """Returns the workspace that a request's URL names; raises Refused."""
    return service.workspaces.find(call.names["subscription"], call.names["group"], call.names["workspace"])


def caller(call: Call) -> Identity:
    """Returns who sent a request that was checked."""
    if call.bearer is None:
        raise Refused("InvalidAuthenticationToken")
    return call.bearer


def _identify(service: Service, call: Call) -> Identity:
    authorization = call.headers.get("Authorization", "")
    if not authorization.startswith("Bearer "):
        raise _refused("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    now = service.clock.now()
    try:
        return bearer.read(authorization, _AUDIENCES | {f"https://{call.host}"}, now, service.opaque_tokens)
    except Distrusted as error:
        message = str(error)
        if error.why == "expiry":
            message = f"The access token has expired. The current UTC time is '{ticks.iso(now)}'."
        raise _refused(_CODES[error.why], message) from error


def _refused(code: str, message: str) -> Refused:
    return Refused(code, message, status=401, headers={"WWW-Authenticate": _CHALLENGE})


def _check_role(workspace: Workspace, call: Call, who: Identity, needs: str) -> None:
    wanted = (DATA_SCIENTIST,) if needs == "w" else (READER, DATA_SCIENTIST)
    if not workspace.allows(who.oid, who.upn, *wanted):
        raise Refused(
            "AuthorizationFailed",
            f"The client '{who.upn or who.oid}' with object id '{who.oid}' does not have authorization to perform "
            f"action '{_action(call, needs)}' over scope '{workspace.arm_id}' or the scope is invalid. If access was "
            "recently granted, please refresh your credentials.",
        )


def _action(call: Call, needs: str) -> str:
    """Returns the permission's name, as a role's definition lists it."""
    base = "Microsoft.MachineLearningServices/workspaces"
    if call.operation == "list_secrets":
        return f"{base}/datastores/listSecrets/action"
    if call.target.account == ARM:
        return f"{base}/datastores/read" if "datastore" in call.operation else f"{base}/read"
    return f"{base}/PromptFlows/{'write' if needs == 'w' else 'read'}"


def _check_phase(workspace: Workspace, call: Call, needs: str) -> None:
    """Resource Manager outlives prompt flow; its service does not."""
    if call.target.account == ARM or workspace.phase == "active":
        return
    if workspace.phase == "gone":
        raise Refused("ServiceRetired")
    if needs == "w":
        raise Refused("ServiceReadOnly")
