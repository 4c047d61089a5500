"""The remote side: Azure Files, a mounted folder, or memory, behind one protocol (``base.Share``).

Importing this package imports no backend; ``open_share`` imports the one that the URL asks for.
"""

from collections.abc import Mapping
from typing import Literal, assert_never

from flowsync.errors import UsageError
from flowsync.share.base import Share
from flowsync.share.location import AzureLocation, FolderLocation, MemoryLocation, WorkspaceLocation, parse

__all__ = ["open_share"]


def open_share(
    url: str, environ: Mapping[str, str], *, concurrency: int = 16, write: Literal["inline", "replace"] = "inline"
) -> Share:
    """Opens the share that a URL names, with the credentials found in ``environ``; nothing is asked of it yet.

    ``concurrency`` bounds the requests in flight. ``write`` is how an existing file of up to 4 MiB is overwritten: by
    one request that keeps its id, or by a temporary file that is renamed over it.
    """
    location = parse(url)
    match location:
        case FolderLocation():
            from flowsync.share.folder import FolderShare

            return FolderShare(location.folder)
        case AzureLocation():
            from flowsync.share.azure import open_azure

            return open_azure(location, environ, concurrency=concurrency, write=write)
        case MemoryLocation():
            from flowsync.share.memory import open_memory

            return open_memory(location, write=write)
        case WorkspaceLocation():
            raise UsageError("An azureml:// URL names a workspace, which has to be asked for its share first.")
        case _:
            assert_never(location)
