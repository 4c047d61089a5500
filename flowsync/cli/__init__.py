"""The command line: one table of commands, each in a module that is imported only when it is asked for.

A command's module has ``add_arguments(parser)`` and ``run(args) -> exit code``; what it needs beyond argparse it
imports inside ``run``. ``args.directory`` is what ``-C`` named (None: here), ``args.command`` the command's name.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from flowsync import __version__
from flowsync.cli.arguments import sentence
from flowsync.errors import Exit, FlowsyncError


class Command(NamedTuple):  # a dataclass would cost each command the import of inspect
    """One row of the table; ``module`` is below ``flowsync.cli``."""

    name: str
    module: str
    help: str


COMMANDS = (
    Command("init", "init", "link this repository to a share"),
    Command("fetch", "transfer", "look at the share and update the tracking refs"),
    Command("pull", "transfer", "fetch, and land Studio's edits on the branch"),
    Command("push", "transfer", "write the branch's edits to Studio"),
    Command("sync", "transfer", "pull, then push"),
    Command("status", "status", "where every flow stands"),
    Command("diff", "diff", "what differs between the branch and Studio"),
    Command("log", "log", "a flow's history on both sides"),
    Command("restore", "restore", "bring a flow back as it once was"),
    Command("discard", "discard", "drop a flow's uncommitted edits; a commit keeps them"),
    Command("resolve", "resolve", "settle a conflict and commit the merge"),
    Command("validate", "validate", "check flows, in the worktree or as they are staged"),
    Command("hooks", "hooks", "install, remove or inspect Git hooks"),
    Command("drivers", "drivers", "let Git itself merge and show definitions by node"),
    Command("git-merge", "git_merge", "the merge driver that Git calls"),
    Command("git-diff", "git_diff", "the diff driver that Git calls"),
    Command("export", "export", "flows as ZIP archives, as Studio's download gives them"),
    Command("import", "import_cmd", "take in a ZIP of a flow, as a third side of the same merge"),
    Command("draft", "draft", "flows in Studio's registry: create, list, show, open, rename, archive, restore, adopt"),
    Command("run", "run", "run flows: here once, or in the cloud, with what came of it"),
    Command("daemon", "daemon", "sync in the background: start, stop, status, run, logs, mode, install"),
    Command("pause", "pause", "let background sync rest"),
    Command("resume", "pause", "let background sync go on"),
    Command("doctor", "doctor", "what is wrong, and how to fix it"),
    Command("tui", "tui", "the terminal UI: every flow, live"),
    Command("demo", "demo", "try it with no Azure: a loopback share and sample flows"),
    Command("emulator", "emulator_cmd", "run the loopback Azure Files share"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    try:
        code = _run(arguments)
        sys.stdout.flush()  # a reader that has left shows here, not when Python ends
        return code
    except FlowsyncError as error:
        from flowsync.cli.output import complain

        complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) has seen enough
        _hush()
        return Exit.DONE
    except Exception as error:
        from flowsync.cli.crash import excuse, report

        if isinstance(error, OSError) and (excused := excuse(error)):
            from flowsync.cli.output import complain

            complain(excused)
            _hush()
            return excused.exit_code
        return report(arguments, error)


def _hush() -> None:
    """Lets what is still to be printed vanish: Python prints it when it ends, and would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str]) -> int:
    top = argparse.ArgumentParser(
        prog="flowsync",
        usage="flowsync [-C DIR] COMMAND [ARGUMENTS]",
        description="Azure ML Studio's prompt flows as a Git remote.",
        epilog=_listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("-C", dest="directory", metavar="DIR", help="work in this folder")
    top.add_argument("--version", action="version", version=f"flowsync {__version__}")
    top.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    top.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    outer = top.parse_args(arguments)
    if outer.command is None:
        top.print_help()
        return Exit.USAGE
    row = next((row for row in COMMANDS if row.name == outer.command), None)
    if row is None:
        top.error(f"there is no command {outer.command!r}{_meant(outer.command)}")
    module = importlib.import_module(f"flowsync.cli.{row.module}")
    parser = argparse.ArgumentParser(prog=f"flowsync {row.name}", description=sentence(row.help))
    parser.set_defaults(command=row.name, directory=outer.directory, json=False)
    module.add_arguments(parser)
    args = parser.parse_args(outer.rest)
    if getattr(args, "takes_flows", False):
        from flowsync.cli.folders import are_flows

        are_flows(args)
    return int(module.run(args))


def _listing() -> str:
    width = max(len(row.name) for row in COMMANDS)
    rows = "\n".join(f"  {row.name:<{width}}  {row.help}" for row in COMMANDS)
    return f"commands:\n{rows}\n\nflowsync COMMAND --help says more. No Azure at hand? Try: flowsync demo"


def _meant(typed: str) -> str:
    import difflib

    near = difflib.get_close_matches(typed, [row.name for row in COMMANDS], 1)
    return f"; did you mean {near[0]}?" if near else ""
