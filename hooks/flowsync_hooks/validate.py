"""Validates the flows that a commit touches, as they are staged; files named besides are read from the worktree."""

from typing import TYPE_CHECKING

from flowsync_hooks.skipping import skipped

if TYPE_CHECKING:
    from flowsync.validate.flows import Validated

ID = "flowsync-validate"


def run(arguments: list[str]) -> int:
    """Validates; returns 1 if a staged flow, or one that a named file belongs to, has an error.

    A hook manager names the files of the commit, or all files (``pre-commit run --all-files``). The staged flows
    come from the index in any case: that includes flows from which a file was deleted, which no manager names.
    """
    if skipped(ID):
        return 0
    from flowsync.validate.git import Index

    index = Index()  # git works while Python imports the rules
    from flowsync.validate.index import validate_staged

    flows, changed = validate_staged(index)
    others = [file for file in arguments if file not in changed]
    if others:
        from pathlib import Path

        from flowsync.validate.worktree import validate_paths

        here = Path.cwd()
        present = [file for file in others if (here / file).exists()]
        flows += validate_paths(present, here, changed)[1] if present else []
    if not any(finding.severity != "info" for flow in flows for finding in flow.findings):
        return 0
    return _say([flow for flow in flows if flow.findings])


def _say(flows: "list[Validated]") -> int:
    from flowsync.cli.findings import text
    from flowsync.cli.output import say

    say(text([flow._replace(findings=tuple(f for f in flow.findings if f.severity != "info")) for flow in flows]))
    if any(finding.severity == "error" for flow in flows for finding in flow.findings):
        say(f"flowsync: stopped. Correct and stage the errors above. To skip this once: SKIP={ID}")
        return 1
    return 0
