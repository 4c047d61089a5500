import pytest

from flow_repo import FlowRepo


@pytest.fixture
def repo(tmp_path):
    """A repository with a committed, good flow and no hook."""
    made = FlowRepo(tmp_path / "repo", tmp_path / "home")
    made.flow("flows/chat")
    made.stage()
    assert made.commit().returncode == 0
    return made


@pytest.fixture
def hooked(repo):
    """The same with our hooks."""
    done = repo.flowsync("hooks", "install")
    assert done.returncode == 0, done.stderr
    return repo
