"""``flowsync git-diff``: Git's diff driver for definitions. Git calls it; ``flowsync drivers install`` tells Git to."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what Git passes to ``diff.<driver>.command``."""
    parser.add_argument("path", help="the file's path in the repository")
    for side in ("old", "new"):
        parser.add_argument(f"{side}_file", nargs="?", help=f"a file with the {side} content")
        parser.add_argument(f"{side}_blob", nargs="?", help="its object id, or . if it is in the worktree")
        parser.add_argument(f"{side}_mode", nargs="?", help="its mode, or . if it is absent")
    parser.add_argument("new_path", nargs="?", help="the path after a rename")
    parser.add_argument("rename", nargs="?", help="what Git says of the rename")


def run(args: argparse.Namespace) -> int:
    """Shows what changed; always 0, since Git takes anything else for a failure."""
    from flowsync.drivers.diffing import Version, show
    from flowsync.errors import Exit

    if args.new_mode is None:  # Git passes the path alone for a file that is unmerged
        print(f"* Unmerged path {args.path}")
        return Exit.DONE
    old = Version(args.old_file, args.old_blob, args.old_mode)
    new = Version(args.new_file, args.new_blob, args.new_mode)
    show(args.path, args.new_path or args.path, old, new)
    return Exit.DONE
