"""``flowsync run test``: prompt flow's own ``pf flow test``, on the flow as it lies on the disk."""

import argparse
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from flowsync.cli import arguments
from flowsync.errors import Exit, UsageError


def run_test(args: argparse.Namespace) -> int:
    """Runs a flow once; its output is pf's, its exit code 1 if the flow fails."""
    folder = _folder(args)
    pf = shutil.which(os.environ.get("FLOWSYNC_PF") or "pf")
    if pf is None:
        raise UsageError(
            "running a flow here takes prompt flow's pf, which is not installed (or name it in FLOWSYNC_PF)",
            "pip install promptflow-devkit promptflow-tools, best in an environment of its own",
        )
    command = [pf, "flow", "test", "--flow", str(folder)]
    if args.inputs:
        command += ["--inputs", *args.inputs]
    if args.variant:
        command += ["--variant", "${" + args.variant.strip("${}") + "}"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise UsageError(f"{pf} cannot be run: {error.strerror}", "unset FLOWSYNC_PF, or install pf again") from error
    return Exit.DONE if done.returncode == 0 else Exit.ATTENTION


def _folder(args: argparse.Namespace) -> Path:
    """Returns the flow's folder: where a path leads, else the flow of that name of the remote."""
    from flowsync.config import load
    from flowsync.core.flow import is_flow
    from flowsync.errors import ConfigError
    from flowsync.validate.worktree import top_of

    here = arguments.here(args)
    places: list[Path] = [here / args.flow]
    if (top := top_of(here)) is not None:
        with suppress(ConfigError):  # not linked: a path is still a path
            places.append(top / load(top).remote(args.remote).folder(args.flow))
    for place in places:
        if place.is_dir() and is_flow(path.name for path in place.iterdir()):
            return place
    raise UsageError(f"there is no flow called {args.flow} here", "flowsync status")
