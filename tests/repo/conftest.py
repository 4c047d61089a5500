"""A repository opened by flowsync."""

from collections.abc import Iterator

import pytest

from flowsync.repo import Repository
from world import Repo


@pytest.fixture
def opened(repo: Repo) -> Iterator[Repository]:
    with Repository(repo.folder) as opened:
        yield opened
