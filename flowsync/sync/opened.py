"""Opening a link: the repository, its ``.flowsync.yaml``, its cache and journal. The share stays closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

from flowsync.cache import Cache
from flowsync.config import RemoteConfig, load
from flowsync.journal import Journal
from flowsync.repo import Repository
from flowsync.share.location import owner, parse
from flowsync.sync.link import Link, Reporter, Silence


@contextmanager
def linked(
    start: FilePath, remote: str | None = None, reporter: Reporter | None = None, config: RemoteConfig | None = None
) -> Iterator[Link]:
    """Yields the link of the repository that ``start`` lies in; ``config`` stands in for ``.flowsync.yaml``."""
    with Repository(start) as repo:
        chosen = config or load(repo.root).remote(remote)
        author = owner(parse(chosen.share)) or "studio"
        with Cache(repo.state_dir) as cache:
            yield Link(repo, chosen, cache, Journal(repo.state_dir, chosen.name), reporter or Silence(), author)
