"""The share as flowsync sees it: one protocol for Azure Files, a mounted folder and the in-memory fake.

What belongs here: the protocol, the values that pass through it, and nothing that talks to anything.

Rules that every backend keeps, checked by one contract suite (``tests/share/test_contract.py``):

1. Every call takes a batch, so that a backend may run its requests in parallel; results say which path they are about.
2. Paths are relative to the remote's folder (``Users/<user>/promptflow``), use ``/``, and ``""`` is that folder itself.
3. A listing is whole or it is an error: a folder whose second page failed is a ``ShareError``, never half a listing.
4. A write, removal or renaming names the version it expects and touches nothing if it finds another: that is
   ``Stale``, a value.
   A reader of the share sees the old bytes or the new bytes of a file, never a mixture.
5. One path's failure is that path's outcome (``Failed``); only what concerns the whole share is raised.
6. Own temporaries live in the folder ``.flowsync`` below the remote's folder, which no listing shows, and go when the
   share is closed. Their names are lease ids, so that ``release`` finds those of a run that died.
7. A link is never followed, a name that cannot be a path here is a ``Problem``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from flowsync.core.tree import Problem
from flowsync.core.tree import Version as Version
from flowsync.errors import ShareError

TEMPORARIES = ".flowsync"
"""Folder for uploads in progress, below the remote's folder; holds no definition, so Studio lists no flow there."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder's content, complete, one level deep; keys are names, not paths."""

    files: Mapping[str, Version]
    folders: Mapping[str, str]  # name -> the folder's id on the share, "" where there is none
    problems: Mapping[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, positioned at the start, and the version of exactly these bytes. The reader closes ``data``.

    ``open`` tells that a program has the file open for writing, where the share can tell: there may be more to come.
    """

    path: str
    version: Version
    data: BinaryIO
    open: bool = False


@dataclass(frozen=True, slots=True)
class Put:
    """Content to write. ``expect`` is the version to replace; None means that nothing may be there.

    ``open`` returns a fresh, seekable binary reader of ``size`` bytes. It is called in the thread that iterates over
    the outcomes; what it returns may be read in another.
    ``lease`` is the lease id to use (a UUID), chosen by the caller so that its journal can name it beforehand.
    """

    path: str
    size: int
    open: Callable[[], BinaryIO]
    expect: Version | None
    lease: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A file to delete, if it is still the expected version."""

    path: str
    expect: Version
    lease: str


@dataclass(frozen=True, slots=True)
class Renaming:
    """A file to rename from ``source``, if it is still the expected version and nothing is at ``path``."""

    path: str
    source: str
    expect: Version
    lease: str


@dataclass(frozen=True, slots=True)
class Written:
    """The write took effect. ``version`` is what the share calls it; none that it has, if somebody wrote since."""

    path: str
    version: Version


@dataclass(frozen=True, slots=True)
class Removed:
    """The file is gone by our hand."""

    path: str


@dataclass(frozen=True, slots=True)
class Stale:
    """The share had moved: ``found`` is there instead of what was expected (None: nothing is). Nothing was touched."""

    path: str
    found: Version | None


@dataclass(frozen=True, slots=True)
class Failed:
    """This path could not be done, and why; the others were."""

    path: str
    error: ShareError


Outcome = Written | Removed | Stale | Failed


class Share(Protocol):
    """A remote's folder on a share. Use it as a context manager; calls raise ShareError for whole-share failures."""

    @property
    def requests(self) -> int:
        """Requests (or system-level operations) made so far; what polling costs."""

    @property
    def keeps_ids(self) -> bool:
        """Whether a file's id stays its own when it is renamed, and is never given to another file."""

    def identity(self) -> str:
        """Returns what tells this share's folder from any other, to notice a share that was swapped."""

    def now(self) -> datetime | None:
        """Returns the share's clock at its last answer (aware, UTC), or None before the first."""

    def list(self, folders: Sequence[str]) -> Mapping[str, Listing | ShareError]:
        """Lists each folder, one level deep, with one request per page. A missing folder is ``ShareMissing``."""

    def read(self, paths: Sequence[str], known: Mapping[str, Version] | None = None) -> Iterator[Content | Failed]:
        """Yields each file's content as it arrives, in any order, with bounded memory.

        ``known`` may hold versions from a listing just made; an empty file among them costs no request.
        """

    def write(self, puts: Sequence[Put]) -> Iterator[Outcome]:
        """Writes each file, guarded, in any order; folders must exist (else ``Failed`` with ``ShareMissing``)."""

    def remove(self, removes: Sequence[Remove]) -> Iterator[Outcome]:
        """Deletes each file, guarded."""

    def rename(self, renamings: Sequence[Renaming]) -> Iterator[Outcome]:
        """Renames each file, guarded, with no content on its way; outcomes are about the new path.

        ``Stale`` names what stands at the new path, None if it is the source that moved on.
        """

    def rename_folder(self, source: str, target: str) -> bool:
        """Renames a folder with all that is in it, and tells whether it did.

        It does not, and changes nothing, if something stands at ``target`` or if ``source`` is not there; a ShareError
        says why it could not be done, as with a file in it that a program has open. Nothing is displaced, so nothing is
        compared before: who asks looks afterwards at what came along.
        """

    def make_folders(self, paths: Sequence[str]) -> None:
        """Creates each folder and its missing parents below the remote's folder; an existing one is fine."""

    def remove_folders(self, paths: Sequence[str]) -> None:
        """Removes each folder that is empty, deepest first; one that is not empty or not there is left alone."""

    def release(self, leases: Mapping[str, str]) -> None:
        """Releases leases (path -> lease id) and removes temporaries that a run which died may have left."""

    def owed(self) -> Mapping[str, str]:
        """Returns what may be left because its release got no answer, as ``release`` takes it."""

    def close(self) -> None:
        """Removes own temporaries and closes connections."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
