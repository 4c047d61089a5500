"""What the operating system's refusals mean for a person: one table, used at the folder share's edge."""

import errno

from flowsync.errors import ShareDenied, ShareError, ShareMissing, ShareUnavailable

_PERMISSION = "give yourself write access to the folder, or ask its owner"
_TABLE: dict[int, tuple[type[ShareError], str, str]] = {
    errno.ENOENT: (ShareMissing, "{} is not there.", ""),
    errno.EACCES: (ShareDenied, "{} may not be read or written by this user.", _PERMISSION),
    errno.EPERM: (ShareDenied, "{} may not be changed by this user.", _PERMISSION),
    errno.EROFS: (ShareDenied, "{} is on a read-only file system.", "mount it for writing"),
    errno.ELOOP: (
        ShareError,
        "{} is a link or lies behind one, and links are never followed.",
        "put the real one there",
    ),
    errno.ENOTDIR: (ShareError, "{} is not a folder, or a part of its path is not.", "rename or move the file"),
    errno.EISDIR: (ShareError, "{} is a folder, not a file.", "rename or move the folder"),
    errno.EINVAL: (
        ShareError,
        "{} is neither a file nor a folder, or its name is not allowed here.",
        "move it elsewhere",
    ),
    errno.EEXIST: (ShareError, "{} is there already and is not a file.", "rename or move it"),
    errno.ENAMETOOLONG: (ShareError, "{} has a name that is too long for this file system.", "shorten it"),
    errno.EXDEV: (ShareError, "{} is on another file system than the share's folder.", "link that folder on its own"),
    errno.ENOSPC: (ShareUnavailable, "There is no space left to write {}.", "free some space, then sync again"),
    errno.EDQUOT: (ShareUnavailable, "The quota is used up; {} was not written.", "free some space, then sync again"),
    errno.EBUSY: (ShareUnavailable, "{} is in use by another program.", "close it there, then sync again"),
    errno.ETXTBSY: (ShareUnavailable, "{} is in use by another program.", "close it there, then sync again"),
    errno.EIO: (ShareUnavailable, "{} could not be read or written: the device reports an error.", "check the mount"),
    errno.ESTALE: (ShareUnavailable, "{} is gone from a network mount that came back.", "sync again"),
    errno.ETIMEDOUT: (ShareUnavailable, "{}: the network mount does not answer.", "check the network"),
    errno.EHOSTDOWN: (ShareUnavailable, "{}: the network mount does not answer.", "check the network"),
    errno.ENOTCONN: (ShareUnavailable, "{}: the mount is gone.", "mount it again"),
    errno.EMFILE: (ShareUnavailable, "Too many files are open to reach {}.", "raise the limit (ulimit -n)"),
}


def explain(error: OSError, what: str) -> ShareError:
    """Returns the failure of a path as a person can act on it."""
    kind, sentence, hint = _TABLE.get(
        error.errno or 0, (ShareError, "{} failed: " + (error.strerror or str(error)) + ".", "")
    )
    return kind(sentence.format(what), hint, errno.errorcode.get(error.errno or 0, ""))
