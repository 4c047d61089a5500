"""``flowsync git-merge``: Git's merge driver for definitions; ``flowsync drivers install`` tells Git to call it."""

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what Git passes: ``%O %A %B %L %P``, and where Git knows them the labels ``%S %X %Y``."""
    parser.add_argument("base", help="the common version (%%O); empty if both sides added the file")
    parser.add_argument("local", help="our version (%%A); the merge is written here")
    parser.add_argument("remote", help="their version (%%B)")
    parser.add_argument("size", nargs="?", default="7", help="how long markers are (%%L)")
    parser.add_argument("path", nargs="?", default="", help="the file's path in the repository (%%P)")
    parser.add_argument("labels", nargs="*", metavar="LABEL", help="labels of base, ours and theirs (%%S %%X %%Y)")
    parser.add_argument(
        "--follow-renames",
        action="store_true",
        help="a reference to a node that the other side renamed follows it, instead of being a conflict",
    )


def run(args: argparse.Namespace) -> int:
    """Merges; whatever goes wrong, the file holds at least what Git itself would have made of it."""
    from pathlib import Path

    from flowsync.drivers.merging import Job, by_lines, merge
    from flowsync.errors import Exit

    base, local, remote = (Path(name) for name in (args.base, args.local, args.remote))
    # A Git before 2.44 leaves %S as it is.
    given = ["" if label.startswith("%") else label.encode("utf-8", "replace").decode() for label in args.labels]
    base_label, local_label, remote_label = (*given, "", "", "")[:3]
    job = Job(
        base=base,
        local=local,
        remote=remote,
        path=args.path or args.local,
        size=int(args.size) if args.size.isdigit() else 7,
        base_label=base_label or "base",
        local_label=local_label or "ours",
        remote_label=remote_label or "theirs",
        follow_renames=args.follow_renames,
    )
    try:
        clean = merge(job)
    except Exception as error:
        print(f"flowsync: {error!r}; merged by lines instead", file=sys.stderr)
        clean = by_lines(job)
    return Exit.DONE if clean else Exit.ATTENTION
