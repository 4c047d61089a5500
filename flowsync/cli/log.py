"""``flowsync log``: a flow's history on both sides, as ``git log`` shows it."""

import argparse
import subprocess
import sys

from flowsync.cli import arguments

_SIGPIPE = 13  # which Windows' signal module does not name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of log."""
    arguments.flow(parser)
    parser.add_argument("-n", dest="count", type=int, metavar="N", help="at most so many commits")
    parser.add_argument("-p", "--patch", action="store_true", help="with the changes themselves")
    arguments.remote(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Shows the commits that touched the flow, on the branch or in Studio."""
    from flowsync.cli.output import plain, say, say_json
    from flowsync.core.tree import FlowName
    from flowsync.errors import Exit
    from flowsync.repo.plumbing import environment
    from flowsync.sync.opened import linked
    from flowsync.sync.timeline import commits, told

    with linked(arguments.here(args), args.remote) as link:
        flow = FlowName(args.flow)
        every = commits(link, flow)
        if args.json:
            found = told(link, flow, every[: args.count] if args.count else every)
            say_json({"version": 1, "commits": [{**one, "date": one["at"]} for one in found]})
            return Exit.DONE
        if not every:
            say(f"No commit has {plain(flow)} yet; see flowsync status {plain(flow)}")
            return Exit.DONE
        refs = (f"refs/heads/{link.remote.branch}", link.tracking_ref(flow))
        tips = [sha for ref in refs if (sha := link.repo.refs.get(ref))]
        limit = [f"-n{args.count}"] if args.count else []
        where = ["--", f":(top,literal){link.remote.folder(flow)}"]
        style = ["--patch"] if args.patch else []
        shown = "--format=%C(yellow)%h%C(reset) %C(dim)%ad %<(12,trunc)%an%C(reset) %s%C(auto)%d"
        folders = ["-c", "log.follow=false"]  # which is for files
        command = ["git", "-C", str(link.repo.root), *folders, "log", "--graph", "--date=short", shown, *style, *limit]
        sys.stdout.flush()
        # GIT_OPTIONAL_LOCKS and the like come along; the pager and colours are the person's own
        code = subprocess.run([*command, *tips, *where], env=environment(), check=False).returncode
        return Exit.DONE if code == -_SIGPIPE else code  # the reader (head, less) has seen enough
