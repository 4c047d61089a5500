"""Azure Files' error codes and what they mean: for a person, and for the order of requests. One table, no logic.

The fake in memory speaks the same codes, so that what is proven with it holds for the service.
"""

from dataclasses import dataclass
from enum import Enum, auto

from flowsync.errors import ShareDenied, ShareError, ShareMissing, ShareUnavailable


class Why(Enum):
    """Why a request was refused, as far as the order of requests depends on it."""

    MISSING = auto()  # the path, or its folder, is not there
    EXISTS = auto()  # something is there already
    KIND = auto()  # a folder is there where a file is meant, or the reverse
    LEASED = auto()  # another lease is on it, or ours is not
    BUSY = auto()  # a program has it open or locked
    LOST = auto()  # no reply, or none that says what happened; it may have taken effect
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Code:
    """One code: the failure it is, its sentence ({} is the path) and hint; ``whole`` if it concerns the whole share."""

    kind: type[ShareError]
    sentence: str
    hint: str = ""
    why: Why = Why.OTHER
    whole: bool = False


NO_ANSWER = "NoAnswer"
"""Our own code: the network or the host did not answer."""

_KEY = "check AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN; a SAS may have expired"
_ROLE = "ask for the role 'Storage File Data Privileged Contributor' on the storage account"
_CLOSE = "close it there (a notebook, a terminal or an open mount), then sync again"
_LATER = "try again in a moment"
_OTHER_RUN = "wait for the other flowsync to end; if none runs, flowsync doctor says how to free it"
_NAME = "rename it: Azure Files forbids some characters and names"

TABLE: dict[str, Code] = {
    # who may
    "AuthenticationFailed": Code(ShareDenied, "The share does not accept the credentials.", _KEY, whole=True),
    "InvalidAuthenticationInfo": Code(ShareDenied, "The share does not accept the credentials.", _KEY, whole=True),
    "NoAuthenticationInformation": Code(ShareDenied, "The share wants credentials and got none.", _KEY, whole=True),
    "KeyBasedAuthenticationNotPermitted": Code(
        ShareDenied, "The storage account refuses account keys.", "unset AZURE_STORAGE_KEY and run az login", whole=True
    ),
    "AuthorizationFailure": Code(
        ShareDenied,
        "The storage account refuses this network or these credentials.",
        "check its firewall, and that the SAS allows files, folders and services (srt=sco)",
        whole=True,
    ),
    "AuthorizationPermissionMismatch": Code(ShareDenied, "These credentials may not touch {}.", _ROLE),
    "AuthorizationResourceTypeMismatch": Code(ShareDenied, "The SAS does not cover {}.", "make one with srt=sco"),
    "InsufficientAccountPermissions": Code(ShareDenied, "These credentials may not touch {}.", _ROLE),
    "AuthorizationSourceIPMismatch": Code(ShareDenied, "The SAS is not valid for this network.", _KEY, whole=True),
    "AuthorizationProtocolMismatch": Code(ShareDenied, "The SAS is not valid for this protocol.", _KEY, whole=True),
    "AccountIsDisabled": Code(ShareDenied, "The storage account is disabled.", "ask its owner", whole=True),
    "ShareDisabled": Code(ShareDenied, "The share is disabled.", "ask its owner", whole=True),
    # what is there
    "ShareNotFound": Code(
        ShareMissing,
        "There is no such share on this storage account.",
        "correct the share URL",
        Why.MISSING,
        whole=True,
    ),
    "ShareBeingDeleted": Code(ShareMissing, "The share is being deleted.", "ask its owner", whole=True),
    "ResourceNotFound": Code(ShareMissing, "{} is not there.", why=Why.MISSING),
    "ParentNotFound": Code(ShareMissing, "The folder of {} is not there.", why=Why.MISSING),
    "ResourceAlreadyExists": Code(ShareError, "{} is there already.", "rename or move it", Why.EXISTS),
    "ResourceTypeMismatch": Code(
        ShareError, "{} is a folder where a file is wanted, or the reverse.", "rename one of them", Why.KIND
    ),
    "DirectoryNotEmpty": Code(ShareError, "The folder {} is not empty.", why=Why.EXISTS),
    # who else is at it
    "SharingViolation": Code(ShareUnavailable, "{} is open in another program.", _CLOSE, Why.BUSY),
    "FileLockConflict": Code(ShareUnavailable, "{} is locked by another program.", _CLOSE, Why.BUSY),
    "ClientCacheFlushDelay": Code(ShareUnavailable, "{} is still being written by another program.", _CLOSE, Why.BUSY),
    "DeletePending": Code(ShareUnavailable, "{} is deleted, but a program still has it open.", _CLOSE, Why.BUSY),
    "CannotDeleteFileOrDirectory": Code(ShareUnavailable, "{} cannot be deleted now.", _CLOSE, Why.BUSY),
    "ReadOnlyAttribute": Code(ShareDenied, "{} is marked read-only.", "remove that mark"),
    "LeaseAlreadyPresent": Code(ShareUnavailable, "{} is held by another writer's lease.", _OTHER_RUN, Why.LEASED),
    "LeaseIdMissing": Code(ShareUnavailable, "{} is held by another writer's lease.", _OTHER_RUN, Why.LEASED),
    "LeaseIdMismatchWithLeaseOperation": Code(
        ShareUnavailable, "The lease of {} is another's.", _OTHER_RUN, Why.LEASED
    ),
    "LeaseIdMismatchWithFileOperation": Code(ShareUnavailable, "The lease of {} is another's.", _OTHER_RUN, Why.LEASED),
    "LeaseNotPresentWithLeaseOperation": Code(ShareUnavailable, "{} has no lease.", _LATER, Why.LEASED),
    "LeaseNotPresentWithFileOperation": Code(ShareUnavailable, "The lease of {} is gone.", _LATER, Why.LEASED),
    "LeaseLost": Code(ShareUnavailable, "The lease of {} is gone.", _LATER, Why.LEASED),
    # what may be asked
    "InvalidFileOrDirectoryPathName": Code(ShareError, "{} is not a name that the share allows.", _NAME),
    "InvalidResourceName": Code(ShareError, "{} is not a name that the share allows.", _NAME),
    # this way to write is closed, as with an open file: the other one is taken
    "RequestBodyTooLarge": Code(ShareError, "{} is too large for one request.", "set write: replace", Why.BUSY),
    "FileSizeLimitExceeded": Code(ShareError, "{} is larger than a share allows.", "leave it out with .gitignore"),
    "ShareSizeLimitReached": Code(ShareError, "The share is full; {} was not written.", "raise its quota"),
    "UnsupportedHeader": Code(ShareError, "The service does not know a part of the request for {}.", "report this"),
    "InvalidHeaderValue": Code(ShareError, "The service refuses a part of the request for {}.", "report this"),
    "InvalidRange": Code(ShareError, "{} is shorter than it was.", _LATER),
    # how it is doing
    "ServerBusy": Code(
        ShareUnavailable, "The share is busy and asks to come back later.", _LATER, Why.LOST, whole=True
    ),
    "TooManyRequests": Code(ShareUnavailable, "The share was asked too often.", _LATER, Why.LOST, whole=True),
    "InternalError": Code(ShareUnavailable, "The service failed at {}.", _LATER, Why.LOST),
    "OperationTimedOut": Code(ShareUnavailable, "The service took too long at {}.", _LATER, Why.LOST),
    NO_ANSWER: Code(
        ShareUnavailable,
        "The share does not answer.",
        "check the network, the proxy and the share URL",
        Why.LOST,
        whole=True,
    ),
}


def failure(code: str, path: str, status: int = 0) -> ShareError:
    """Returns the failure that a service code means for this path; an unknown code is named with its status."""
    if known := TABLE.get(code):
        return known.kind(known.sentence.format(path or "The share's folder"), known.hint, code)
    kind = ShareDenied if status in (401, 403) else ShareMissing if status == 404 else ShareError
    return kind(f"The share refused {path or 'its folder'}: {code or 'no code'} (HTTP {status}).", "", code)


def why(error: ShareError) -> Why:
    """Returns what a failure means for the order of requests."""
    return TABLE[error.code].why if error.code in TABLE else Why.OTHER


def concerns_share(error: ShareError) -> bool:
    """Tells whether a failure concerns the whole share, not one path."""
    return error.code in TABLE and TABLE[error.code].whole
