"""Whether a request may be believed: its API version, its date, and who signed it."""

from collections.abc import Mapping, Sequence

from flowsync.emulator import bearer, sas, sharedkey, ticks
from flowsync.emulator.bearer import Identity
from flowsync.emulator.grant import Grant
from flowsync.emulator.refusal import Refused
from flowsync.emulator.service import Service
from flowsync.emulator.wire import Call, Target
from flowsync.emulator.workspace.state import FILE_CONTRIBUTOR, FILE_READER

_VERSIONS = """
2014-02-14 2015-02-21 2015-04-05 2015-07-08 2015-12-11 2016-05-31 2017-04-17 2017-07-29 2017-11-09
2018-03-28 2018-06-17 2018-11-09 2019-02-02 2019-07-07 2019-10-10 2019-12-12 2020-02-10 2020-04-08
2020-06-12 2020-08-04 2020-10-02 2020-12-06 2021-02-12 2021-04-10 2021-06-08 2021-08-06 2021-10-04
2021-12-02 2022-11-02 2023-01-03 2023-05-03 2023-08-03 2023-11-03 2024-02-04 2024-05-04 2024-08-04
2024-11-04 2025-01-05 2025-05-05 2025-07-05 2025-11-05 2026-02-06 2026-04-06 2026-06-06 2026-10-06
"""
VERSIONS = frozenset(_VERSIONS.split())
_MAX_SKEW = 15 * 60 * ticks.PER_SECOND


def check(service: Service, call: Call, needs: str, kinds: str) -> None:
    """Raises Refused unless the request is signed by someone who may do what needs one of the letters ``needs``."""
    authorization = call.headers.get("Authorization", "")
    version = call.headers.get("x-ms-version")
    check_account(service, call, keyed="sig" in call.query or authorization.startswith("SharedKey "))
    if "sig" in call.query:
        _check_sas(service, call, needs, kinds, authorization)
    elif not authorization:
        raise Refused("NoAuthenticationInformation")
    elif authorization.startswith("Bearer "):
        check_version(version)
        _check_bearer(service, call, authorization, kinds)
    elif authorization.startswith("SharedKey "):
        check_version(version)
        sharedkey.check(call, service.accounts)
        check_date(service, call)
    else:
        raise Refused("InvalidAuthenticationInfo", status=400)


def check_account(service: Service, call: Call, keyed: bool) -> None:
    """Raises Refused for what the account's owner has forbidden: this network, or keys and what is signed with them."""
    for workspace in service.workspaces.of_account(call.target.account):
        if workspace.firewall:
            raise Refused("AuthorizationFailure")
        if keyed and not workspace.key_access:
            raise Refused("KeyBasedAuthenticationNotPermitted")


def _check_sas(service: Service, call: Call, needs: str, kinds: str, authorization: str) -> None:
    version = call.headers.get("x-ms-version")
    check_version(call.query.get("sv") if version is None else version)
    grant = sas_grant(service, call, call.query, call.target)
    if grant.delegated_to:
        bearer_check = bearer.check(authorization, call.target.account, service.clock.now(), service.opaque_tokens)
        if bearer_check.oid != grant.delegated_to:
            raise Refused("AuthenticationFailed", "The signature is for another user.")
    grant.allows(needs, kinds)
    call.grant, call.overrides = grant, grant.overrides


def sas_grant(service: Service, call: Call, query: Mapping[str, str], target: Target) -> Grant:
    """Returns what a token grants on a target: that of the call, or a source that the call names."""
    policies = service.store.policies(target.account, target.share)
    presented = sas.Presented(query, target, call.secure, call.peer, service.clock.now(), policies)
    return sas.check(presented, service.accounts)


def _check_bearer(service: Service, call: Call, authorization: str, kinds: str) -> None:
    if not call.secure:
        raise Refused("InvalidAuthenticationInfo", "A bearer token is only accepted over https.", status=403)
    call.bearer = bearer.check(authorization, call.target.account, service.clock.now(), service.opaque_tokens)
    if call.operation == "user_delegation_key":
        return
    since = bearer.DATA_SINCE if kinds in ("o", "oc") else bearer.SHARES_SINCE
    if call.version < since:
        raise Refused("InvalidHeaderValue", f"Bearer tokens need version {since} of the API or a later one.")
    if call.headers.get("x-ms-file-request-intent", "").lower() != "backup":
        raise Refused("MissingRequiredHeader", "A bearer token needs x-ms-file-request-intent: backup.")
    roles = (FILE_CONTRIBUTOR, FILE_READER) if call.method in ("GET", "HEAD") else (FILE_CONTRIBUTOR,)
    check_roles(service, call, call.bearer, roles)


def check_roles(service: Service, call: Call, who: Identity, roles: Sequence[str]) -> None:
    """Raises Refused unless somebody has one of the roles, as far as the account is a workspace's."""
    for workspace in service.workspaces.of_account(call.target.account):
        if not workspace.allows(who.oid, who.upn, *roles):
            raise Refused("AuthorizationPermissionMismatch")


def check_version(version: str | None) -> None:
    """Raises Refused for a version of the API that never was."""
    if version is None:
        raise Refused("MissingRequiredHeader")
    if version not in VERSIONS:
        raise Refused("InvalidHeaderValue", f"There is no version {version[:40]} of the API.")


def check_date(service: Service, call: Call) -> None:
    """Raises Refused for a request dated more than fifteen minutes from now."""
    try:
        date = ticks.parse_http_date(call.headers.get("x-ms-date") or call.headers.get("Date", ""))
    except ValueError as error:
        raise Refused("AuthenticationFailed", "The request's date is missing or not a date.") from error
    if abs(service.clock.now() - date) > _MAX_SKEW:
        raise Refused("AuthenticationFailed", "The request's date is too far from the service's clock.")
