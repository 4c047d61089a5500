"""docs/drafts.md names what there is: every action, every variable, and nothing else."""

import re
from pathlib import Path

from flowsync.cli import draft, run
from flowsync.studio import cloud

TEXT = (Path(__file__).parents[2] / "docs/drafts.md").read_text()


def test_every_action_is_there() -> None:
    for module, name in ((draft, "draft"), (run, "run")):
        (table,) = [part for part in TEXT.split("\n\n") if f"| `{name} " in part]
        for action, _ in module._ACTIONS:
            assert re.search(rf"`(?:{name} )?{action}\b", table), action


def test_every_variable_is_the_codes() -> None:
    code = "\n".join(path.read_text() for path in (Path(__file__).parents[2] / "flowsync").rglob("*.py"))
    named = set(re.findall(r"`(FLOWSYNC_[A-Z_]+)", TEXT))
    assert named == {"FLOWSYNC_STORAGE_AUTH", "FLOWSYNC_CLOUD", "FLOWSYNC_ARM_ENDPOINT", "FLOWSYNC_PF"}
    assert all(f'"{name}"' in code for name in named)
    assert all(name in TEXT for name in (*cloud.CLOUDS, *cloud.ENDPOINTS))
