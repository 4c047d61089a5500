"""``flowsync export``: flows as ZIP archives, as Studio's download gives them."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.core.tree import FlowName
    from flowsync.core.tree import Path as FlowPath
    from flowsync.sync.exported import Export
    from flowsync.sync.link import Link
    from flowsync.sync.result import Result

MANIFEST = "flowsync-export.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of export."""
    parser.add_argument("flows", nargs="*", metavar="FLOW", help="these flows, by name or folder, one archive each")
    parser.set_defaults(takes_flows=True)
    parser.add_argument("--all", action="store_true", help=f"every flow, and a manifest ({MANIFEST}) beside them")
    parser.add_argument(
        "-o", "--output", metavar="FILE|DIR|-", help="where to (default: FLOW.zip here; - is standard output)"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--rev", metavar="REV", help="as this commit has it (default: the branch's last)")
    where.add_argument(
        "--from", dest="side", choices=("local", "studio"), default="local", help="whose side (studio: the last fetch)"
    )
    parser.add_argument("--store", action="store_true", help="do not compress: the same bytes whatever zlib is used")
    parser.add_argument("-f", "--force", action="store_true", help="replace files that hold something else")
    arguments.remote(parser)
    arguments.dry_run(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Writes the archives and says where they are."""
    from flowsync.cli.output import plain
    from flowsync.cli.progress import reporter
    from flowsync.errors import Exit
    from flowsync.sync.exported import Export
    from flowsync.sync.opened import linked

    with reporter(args.json) as watching, linked(arguments.here(args), args.remote, watching) as link:
        found = _prepared(link, args)
        exports = [one for one in found if isinstance(one, Export)]
        troubles = [one for one in found if not isinstance(one, Export)]
        targets = _targets(args, exports)
        if args.output == "-" and exports:
            _to_stdout(link, exports[0], args)
        elif not args.dry_run:
            for one, target in zip(exports, targets, strict=True):
                _write(link, one, target, args)
            if args.all:
                _write_manifest(link, args, exports, targets)
    if args.output != "-":
        _tell(args, exports, targets, troubles)
    for trouble in troubles if args.output == "-" else ():
        print(f"flowsync: {plain(trouble.flow)}: {plain(str(trouble.hold and trouble.hold.reason))}", file=sys.stderr)
    return Exit.ATTENTION if troubles else Exit.DONE


def _prepared(link: "Link", args: argparse.Namespace) -> "list[Export | Result]":
    from flowsync.core.tree import FlowName
    from flowsync.errors import UsageError
    from flowsync.sync.exported import exportable, prepared, uncommitted

    if bool(args.flows) == args.all:
        raise UsageError("name the flows to export, or --all", "flowsync export --all -o archives/")
    there = exportable(link, args.rev, args.side == "studio")
    if unknown := [flow for flow in args.flows if flow not in there]:
        fetch = "flowsync fetch" if args.side == "studio" else "flowsync status"
        raise UsageError(f"there is no flow called {', '.join(unknown)} to export", fetch)
    chosen = sorted(there) if args.all else list(dict.fromkeys(map(FlowName, args.flows)))
    if args.side == "local" and not args.rev:
        _warn(uncommitted(link), chosen)
    return prepared(link, {flow: there[flow] for flow in chosen})


def _warn(dirty: "dict[FlowName, list[FlowPath]]", chosen: "Sequence[FlowName]") -> None:
    from flowsync.cli.output import plain

    for flow in chosen:
        if paths := dirty.get(flow):
            print(
                f"flowsync: {plain(flow)} has uncommitted edits, which are not exported ({len(paths)})", file=sys.stderr
            )


def _targets(args: argparse.Namespace, exports: "Sequence[Export]") -> list[Path]:
    """Returns where each archive goes: FILE for a single flow, else FLOW.zip in a folder."""
    from flowsync.errors import UsageError

    if args.output == "-":
        if len(exports) > 1 or args.all:
            raise UsageError("standard output takes one flow only", "-o with a folder")
        return []
    wanted = Path(args.directory or ".") / (args.output or ".")
    single = bool(args.output) and not args.all and len(args.flows) == 1
    if single and not wanted.is_dir() and not args.output.endswith(("/", os.sep)):
        return [wanted]
    if wanted.exists() and not wanted.is_dir():
        raise UsageError(f"{wanted} is a file, and there are several archives to write", "-o with a folder")
    return [wanted / f"{one.flow}.zip" for one in exports]


def _write(link: "Link", one: "Export", target: Path, args: argparse.Namespace) -> None:
    from flowsync.archive.saving import saved
    from flowsync.sync.exported import export

    with _folder(target.parent), saved(target, args.force) as out:
        export(link, one, out, args.store)


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    from flowsync.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from error
    yield


def _to_stdout(link: "Link", one: "Export", args: argparse.Namespace) -> None:
    """Writes the archive through a temporary file, so that it has the same bytes as any other, or is not begun."""
    from flowsync.errors import UsageError
    from flowsync.sync.exported import export

    if args.dry_run:
        return
    if sys.stdout.isatty():
        raise UsageError("a terminal cannot show an archive", f"flowsync export {one.flow} -o - > {one.flow}.zip")
    with tempfile.TemporaryFile() as spooled:
        export(link, one, spooled, args.store)
        spooled.seek(0)
        shutil.copyfileobj(spooled, sys.stdout.buffer)
    sys.stdout.flush()


def _write_manifest(
    link: "Link", args: argparse.Namespace, exports: "Sequence[Export]", targets: Sequence[Path]
) -> None:
    import json

    from flowsync.archive.saving import saved

    folder = Path(args.directory or ".") / (args.output or ".")
    flows = [_as_json(one, target, True) for one, target in zip(exports, targets, strict=True)]
    manifest = {
        "version": 1,
        "remote": link.remote.name,
        "flows": [{**one, "file": Path(str(one["file"])).name} for one in flows],
    }
    with _folder(folder), saved(folder / MANIFEST, args.force) as out:
        out.write(json.dumps(manifest, indent=2, ensure_ascii=True).encode("ascii") + b"\n")


def _as_json(one: "Export", target: Path, written: bool) -> dict[str, object]:
    from flowsync.sync.exported import digest

    made: dict[str, object] = {}
    if written:
        with target.open("rb") as file:
            made = {"sha256": digest(cast(BinaryIO, file)), "archive_size": target.stat().st_size}
    return {
        "flow": one.flow,
        "file": str(target),
        "commit": one.commit,
        "content": one.content,
        "files": len(one.blobs),
        "size": one.size,
        **made,
    }


def _tell(
    args: argparse.Namespace, exports: "Sequence[Export]", targets: Sequence[Path], troubles: "Sequence[Result]"
) -> None:
    from flowsync.archive.limits import human
    from flowsync.cli.output import columns, count, paint, say, say_json
    from flowsync.cli.results import as_json, show

    if args.json:
        made = [_as_json(one, target, not args.dry_run) for one, target in zip(exports, targets, strict=True)]
        problems = [as_json(result) for result in troubles]
        say_json({"version": 1, "dry_run": args.dry_run, "exports": made, "problems": problems})
        return
    did = "would be exported" if args.dry_run else "exported"
    pairs = zip(exports, targets, strict=True)
    details = [(one.flow, f"{target}, {count(len(one.blobs), 'file')}, {human(one.size)}") for one, target in pairs]
    rows = columns((did, *detail) for detail in details)
    for did, flow, detail in rows:
        say(f"{paint(did, 'green')}  {flow}  {detail}")
    if troubles or not exports:
        show(troubles, False, args.dry_run, "There is no flow to export.")
