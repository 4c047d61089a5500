"""What a session owes to the share: leases to give back, temporaries to delete. Pure bookkeeping over ``guard``.

A run that dies pays nothing; the next one does, from its journal, by the lease id that names both.
"""

from collections.abc import Iterable

from flowsync.share import guard
from flowsync.share.codes import Why


class Debts:
    """Notes each request before it is made and each reply, and says what is left to undo."""

    def __init__(self) -> None:
        self._leases: dict[str, str] = {}  # path -> lease id that is or may be ours
        self._temporaries: set[str] = set()
        self._held: set[str] = set()  # paths whose lease is ours for certain
        self._astray: dict[
            str, str
        ] = {}  # leases of files that are gone from their path: a folder's renaming took them

    def before(self, request: guard.Request) -> None:
        """Notes what a request may leave behind, whether or not its reply arrives."""
        if isinstance(request, guard.Acquire | guard.Release):
            self._leases[request.path] = request.lease
        elif isinstance(request, guard.Rename) and request.carried is not None:
            self._leases[request.path] = request.carried
        elif isinstance(request, guard.Create) and request.lease is None:
            self._temporaries.add(request.path)

    def after(self, request: guard.Request, reply: guard.Reply) -> None:
        """Notes what a reply proves to be settled."""
        if isinstance(reply, guard.Refused):
            self._refused(request, reply.why)
        elif isinstance(request, guard.Acquire):
            self._held.add(request.path)
        elif isinstance(request, guard.Release):
            self._end(request.path)
        elif isinstance(request, guard.Rename):
            self._temporaries.discard(request.source)
            if request.carried is not None:
                self._end(request.source)
                self._held.add(request.path)
        elif isinstance(request, guard.Delete):
            self._end(request.path)
            self._temporaries.discard(request.path)

    def are_gone(self, temporaries: Iterable[str]) -> None:
        """Notes temporaries that a look did not find."""
        self._temporaries.difference_update(temporaries)

    def owed(self) -> dict[str, str]:
        """Returns the path and lease id of all that is left; a temporary's name is its lease id."""
        return {**self._leases, **self._astray, **{path: path.rpartition("/")[2] for path in self._temporaries}}

    def payments(self) -> list[guard.Request]:
        """Returns the requests that undo what is left."""
        leases: list[guard.Request] = [guard.Release(path, lease) for path, lease in sorted(self._leases.items())]
        return leases + [guard.Delete(path) for path in sorted(self._temporaries)]

    def _end(self, path: str) -> None:
        self._leases.pop(path, None)
        self._astray.pop(path, None)
        self._held.discard(path)

    def _refused(self, request: guard.Request, why: Why) -> None:
        if isinstance(request, guard.Acquire) and why not in (Why.LOST, Why.LEASED):
            self._leases.pop(request.path, None)  # LEASED may be the echo of a success whose reply was lost
        elif isinstance(request, guard.Release) and why in (Why.LEASED, Why.MISSING, Why.KIND):
            astray = why is not Why.LEASED and request.path in self._held
            self._end(request.path)  # it is not ours (any more), or not here; any other refusal leaves it where it is
            if astray:  # told once: the next look may find the file elsewhere
                self._astray[request.path] = request.lease
        elif isinstance(request, guard.Delete) and why is Why.MISSING:
            self._temporaries.discard(request.path)
