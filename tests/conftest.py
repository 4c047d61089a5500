"""What every test may ask for: the --slow switch, and the real `pf` of prompt flow."""

import os
import shutil
from pathlib import Path

import pytest
from promptflow_cli import PromptFlow


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow; add --slow to run it"))


@pytest.fixture(scope="session")
def promptflow(tmp_path_factory: pytest.TempPathFactory) -> PromptFlow:
    """The `pf` that FLOWSYNC_PF names, with a home of its own."""
    named = os.environ.get("FLOWSYNC_PF")
    if not named:
        pytest.skip("set FLOWSYNC_PF to a pf executable (promptflow-devkit and promptflow-tools) to run this")
    executable = shutil.which(named)
    assert executable, f"FLOWSYNC_PF is {named}, which is not an executable"
    return PromptFlow(Path(executable).absolute(), tmp_path_factory.mktemp("pf-home"))
