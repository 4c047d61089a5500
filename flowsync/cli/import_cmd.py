"""``flowsync import``: a ZIP of a flow, taken in as a third side of the same merge."""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.sync.imported import Wish
    from flowsync.sync.importing import Options, Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of import."""
    parser.add_argument("archives", nargs="*", metavar="FILE.zip", help="the archives (with --series: or folders)")
    parser.add_argument("--flow", default="", metavar="NAME", help="which flow of the archive; or what to call it here")
    parser.add_argument("--all", action="store_true", help="every flow of an archive that holds several")
    parser.add_argument("--base", metavar="REV", help="the commit that the archive was made from")
    parser.add_argument("--series", action="store_true", help="old downloads of a flow: rebuild its history from them")
    parser.add_argument("--into", metavar="DIR", help="only unpack, to DIR/FLOW; needs no repository")
    parser.add_argument("--watch", metavar="DIR", help="watch a folder for downloads and say how to import them")
    parser.add_argument("--once", action="store_true", help="with --watch: look once")
    parser.add_argument(
        "--commit", action=argparse.BooleanOptionalAction, default=True, help="or leave the result staged"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--ours", action="store_true", help="where both changed the same, the branch's side counts")
    how.add_argument("--theirs", action="store_true", help="where both changed the same, the archive's side counts")
    how.add_argument("--tool", nargs="?", const="", metavar="NAME", help="settle conflicts with git mergetool")
    parser.add_argument("--accept-deletes", action="store_true", help="let most of a flow's files be deleted")
    parser.add_argument(
        "--limit", action="append", default=[], metavar="NAME=AMOUNT", help="what an archive may ask for: total=4GiB"
    )
    parser.add_argument("--encoding", metavar="NAME", help="how names are encoded in an archive that does not say")
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Imports the archives, unpacks them, or watches a folder for them."""
    from flowsync.errors import UsageError

    if args.watch:
        from flowsync.cli.import_watch import watch

        return watch(args, options(args))
    if not args.archives:
        raise UsageError("name the archives to import", "flowsync import FILE.zip")
    if args.into:
        return _unpack(args)
    return _import(args)


def options(args: argparse.Namespace) -> "Options":
    """Returns what the command line says about how to read and land archives."""
    from flowsync.archive.limits import Limits
    from flowsync.sync.importing import Options

    return Options(args.flow, args.all, args.base, _wish(args), Limits().having(args.limit), _encoding(args))


def _encoding(args: argparse.Namespace) -> str | None:
    import codecs

    from flowsync.errors import UsageError

    if args.encoding:
        try:
            codecs.lookup(args.encoding)
        except LookupError:
            raise UsageError(f"{args.encoding} is no encoding that Python knows", "--encoding cp437") from None
    return str(args.encoding) if args.encoding else None


def _wish(args: argparse.Namespace) -> "Wish":
    from flowsync.sync.imported import Wish
    from flowsync.sync.settle import Settlement, Take

    take = Take.OURS if args.ours else Take.THEIRS if args.theirs else Take.TOOL if args.tool is not None else None
    settlement = Settlement(take, args.tool or "") if take else None
    return Wish(args.commit, args.dry_run, args.accept_deletes, settlement)


def _import(args: argparse.Namespace) -> int:
    from flowsync.cli.progress import reporter
    from flowsync.sync.alone import alone
    from flowsync.sync.importing import take_in
    from flowsync.sync.opened import linked
    from flowsync.sync.result import exit_code
    from flowsync.sync.series import rebuild

    wanted = options(args)
    with (
        reporter(args.json) as watching,
        linked(arguments.here(args), args.remote, watching) as link,
        alone(link),
    ):
        if args.series:
            outcomes = rebuild(link, _series(args), wanted)
        else:
            outcomes = [outcome for path in args.archives for outcome in take_in(link, _place(args, path), wanted)]
    _show(args, outcomes)
    return exit_code([outcome.result for outcome in outcomes])


def _place(args: argparse.Namespace, path: str) -> Path:
    return Path(args.directory or ".") / path


def _series(args: argparse.Namespace) -> list[Path]:
    """Returns the archives that are named, and those in the folders that are."""
    from flowsync.errors import UsageError

    named = [_place(args, path) for path in args.archives]
    found = [
        inner
        for path in named
        for inner in (sorted(path.iterdir()) if path.is_dir() else [path])
        if inner == path or inner.suffix.lower() == ".zip"
    ]
    if not found:
        raise UsageError(f"there is no ZIP in {', '.join(args.archives)}")
    return found


def _show(args: argparse.Namespace, outcomes: "Sequence[Outcome]") -> None:
    from flowsync.cli.output import paint, plain, say, say_json
    from flowsync.cli.results import as_json, show

    if args.json:
        rows = [
            {
                **as_json(outcome.result),
                "archive": str(outcome.path),
                "choices": [
                    {"command": command(args, outcome, way.arguments), "meaning": way.meaning}
                    for way in outcome.choices
                ],
                "notes": list(outcome.notes),
            }
            for outcome in outcomes
        ]
        say_json({"version": 1, "dry_run": args.dry_run, "results": rows})
        return
    for outcome in outcomes:
        show([outcome.result], False, args.dry_run, "")
        for note in outcome.notes:
            say(f"  {plain(note)}")
        if outcome.result.did in ("landed", "merged") and not args.commit and not args.dry_run:
            say("  staged, not committed; to keep it: git commit, to drop it: git restore --staged --worktree .")
        for way in outcome.choices:
            say(f"  {paint(command(args, outcome, way.arguments), 'bold')}   {plain(way.meaning)}")


def command(args: argparse.Namespace, outcome: "Outcome", more: tuple[str, ...]) -> str:
    """Returns the command that goes on as a choice says, with what was said already."""
    said = ["--series", *args.archives] if args.series else [str(outcome.path)]
    for name in ("flow", "base", "encoding"):
        if getattr(args, name) and f"--{name}" not in more:
            said += [f"--{name}", getattr(args, name)]
    for limit in args.limit:
        said += ["--limit", limit]
    return shlex.join(["flowsync", "import", *said, *more])


def _unpack(args: argparse.Namespace) -> int:
    """Unpacks the flows of each archive to folders, with no Git about."""
    from flowsync.archive.flows import flows_in, to_unpack
    from flowsync.archive.limits import Limits
    from flowsync.archive.unpacking import unpack
    from flowsync.cli.output import paint, plain, say, say_json
    from flowsync.errors import Exit

    made: list[Path] = []
    into, limits = _place(args, args.into), Limits().having(args.limit)
    for path in (_place(args, path) for path in args.archives):
        with flows_in(path, limits, _encoding(args)) as (archive, found):
            flows = to_unpack(archive, found, path, args.flow, args.all)
            total = sum(member.size for files in flows.values() for member in files.values())
            if args.dry_run:
                made += [into / name for name in flows]
                continue
            with _progress(args, f"Unpacking {path.name}", total) as advance:
                made += unpack(archive, flows, into, advance)
    if args.json:
        say_json({"version": 1, "dry_run": args.dry_run, "folders": [str(folder) for folder in made]})
        return Exit.DONE
    for folder in made:
        say(f"{paint('would be unpacked' if args.dry_run else 'unpacked', 'green')}  {plain(str(folder))}")
    return Exit.DONE


@contextmanager
def _progress(args: argparse.Namespace, what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yields what to tell bytes to; the engine, which brings the bars, is loaded only where someone watches."""
    if args.json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from flowsync.cli.progress import reporter
    from flowsync.sync.meter import Meter

    with reporter() as watching, Meter(watching, what, total) as advance:
        yield advance
