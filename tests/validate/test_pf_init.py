"""What prompt flow itself generates has no finding, infos included. Needs FLOWSYNC_PF."""

import pytest


@pytest.mark.parametrize("kind", ["standard", "chat", "evaluation"])
def test_no_finding(repo, promptflow, kind):
    promptflow.init(repo.top / "flows" / f"new-{kind}", kind)
    repo.stage()
    for what in (f"flows/new-{kind}", "--staged"):
        done = repo.flowsync("validate", "--info", "--strict", what)
        assert done.returncode == 0, done.stdout
        assert done.stdout == "1 flow: no findings\n"
