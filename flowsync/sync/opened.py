"""Opening a link: the repository, its ``.flowsync.yaml``, its cache and journal. The share stays closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

from flowsync.cache import Cache
from flowsync.config import RemoteConfig, load
from flowsync.core.rules import Settings
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
        if config is None:
            read = load(repo.root)
            config, validation = read.remote(remote), read.validation
        else:
            validation = Settings()
        author = owner(parse(config.share)) or "studio"
        with Cache(repo.state_dir) as cache:
            journal = Journal(repo.state_dir, config.name)
            yield Link(repo, config, cache, journal, reporter or Silence(), author, validation)
