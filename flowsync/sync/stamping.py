"""The commit in the registry's record moves with every push: a tag that lags behind would be worse than none.

Only records that carry the tag are touched, and only one's own: the service takes changes from nobody else.
"""

import logging
from collections.abc import Iterable, Mapping

from flowsync.errors import ShareError, StudioReadOnly
from flowsync.share.location import WorkspaceLocation, parse
from flowsync.sync.link import Link
from flowsync.sync.registered import COMMIT
from flowsync.sync.result import Did, Result
from flowsync.sync.shares import configured, session

_log = logging.getLogger("flowsync.studio")


def stamp(link: Link, environ: Mapping[str, str], results: Iterable[Result]) -> None:
    """Puts the commit that was pushed into the records of the flows that were; what the service says is not fatal."""
    location, known = parse(link.remote.share), link.memory.known()
    if known is None or not isinstance(location, WorkspaceLocation):
        return
    mine = {flow: one.id for flow, one in known.flows.items() if one.owner == known.me and one.stamped}
    pushed = {one.flow: one.commit for one in results if one.did is Did.PUSHED and one.flow in mine and one.commit}
    if not pushed or link.memory.read_only():
        return
    try:
        with session(location, configured(environ, link.repo.state_dir), link.memory) as opened:
            for flow, commit in pushed.items():
                record = opened.registry.get(mine[flow])
                if record.tags.get(COMMIT, commit) != commit:
                    tags = {**record.tags, COMMIT: commit}
                    opened.registry.update(record, record.name, record.description, tags)
    except StudioReadOnly:
        link.memory.close(link.now())
    except ShareError as error:
        _log.info("the commit was not noted in the registry: %s", error.message)
