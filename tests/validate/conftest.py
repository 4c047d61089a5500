import pytest

from flow_repo import FlowRepo


@pytest.fixture
def repo(tmp_path):
    """A repository with two committed, good flows."""
    made = FlowRepo(tmp_path / "repo", tmp_path / "home")
    made.flow("flows/chat")
    made.flow("flows/other")
    made.stage()
    assert made.commit().returncode == 0
    return made
