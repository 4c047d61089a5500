"""``flowsync log``: a flow's history on both sides, as ``git log`` shows it."""

import argparse
import subprocess
import sys

from flowsync.cli import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of log."""
    arguments.flow(parser)
    parser.add_argument("-n", dest="count", type=int, metavar="N", help="at most so many commits")
    parser.add_argument("-p", "--patch", action="store_true", help="with the changes themselves")
    arguments.remote(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Shows the commits that touched the flow, on the branch or in Studio."""
    from flowsync.core.tree import FlowName
    from flowsync.errors import Exit, UsageError
    from flowsync.repo.plumbing import environment
    from flowsync.sync.opened import linked

    with linked(arguments.here(args), args.remote) as link:
        flow = FlowName(args.flow)
        refs = (f"refs/heads/{link.remote.branch}", link.tracking_ref(flow))
        tips = [sha for ref in refs if (sha := link.repo.refs.get(ref))]
        limit = [f"-n{args.count}"] if args.count else []
        where = ["--", f":(top,literal){link.remote.folder(flow)}"]
        if not tips or not link.repo.git("rev-list", "-n1", *tips, *where).strip():
            raise UsageError(f"no flow is called {flow}", "flowsync status")
        if args.json:
            _print_json(link.repo.git("log", "-z", f"--format={_FIELDS}", *limit, *tips, *where))
            return Exit.DONE
        style = ["--patch"] if args.patch else []
        shown = "--format=%C(yellow)%h%C(reset) %C(dim)%ad %<(12,trunc)%an%C(reset) %s%C(auto)%d"
        command = ["git", "-C", str(link.repo.root), "log", "--graph", "--date=short", shown, *style, *limit]
        sys.stdout.flush()
        # GIT_OPTIONAL_LOCKS and the like come along; the pager and colours are the person's own
        return subprocess.run([*command, *tips, *where], env=environment(), check=False).returncode


_FIELDS = "%H%x1f%P%x1f%an%x1f%aI%x1f%s"


def _print_json(raw: bytes) -> None:
    from flowsync.cli.output import say_json
    from flowsync.repo.plumbing import text

    keys = ("commit", "parents", "author", "date", "subject")
    commits = [dict(zip(keys, record.split("\x1f"), strict=True)) for record in text(raw).split("\0") if record]
    say_json({"version": 1, "commits": [{**one, "parents": one["parents"].split()} for one in commits]})
