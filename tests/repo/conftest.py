"""A repository opened by flowsync."""

from collections.abc import Iterator

import pytest
from world import Repo

from flowsync.repo import Repository


@pytest.fixture
def opened(repo: Repo) -> Iterator[Repository]:
    with Repository(repo.folder) as opened:
        yield opened
