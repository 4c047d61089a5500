"""Opening a link: the repository, its ``.flowsync.yaml``, its cache and journal. The share stays closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

from flowsync.cache import Cache
from flowsync.config import FILE, RemoteConfig, load
from flowsync.core.rules import Settings
from flowsync.errors import ConfigError, RepositoryError, UsageError
from flowsync.journal import Journal
from flowsync.repo import Repository
from flowsync.share.location import Location, owner, parse
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
        _refuse_missing(repo, config.branch)
        author = owner(_place(config)) or "studio"
        with Cache(repo.state_dir) as cache:
            journal = Journal(repo.state_dir, config.name)
            yield Link(repo, config, cache, journal, reporter or Silence(), author, validation)


def _place(config: RemoteConfig) -> Location:
    try:
        return parse(config.share)
    except UsageError as error:
        raise ConfigError(f"{FILE}:{config.share_line}: share: {error.message}", error.hint) from error


def _refuse_missing(repo: Repository, branch: str) -> None:
    """Refuses a branch that is not there: flows would land on a history of their own that nobody looks at."""
    if repo.worktree.tip(branch) is None and repo.worktree.current() != branch:
        raise RepositoryError(
            f"there is no branch {branch} in this repository", f"git branch {branch}, or correct branch: in {FILE}"
        )
