"""``flowsync diff``: what differs between the branch and Studio, as ``git diff`` shows it."""

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

from flowsync.cli import arguments

if TYPE_CHECKING:
    from flowsync.sync.link import Link
    from flowsync.sync.survey import Standing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of diff."""
    arguments.flows(parser)
    since = parser.add_mutually_exclusive_group()
    since.add_argument("--mine", action="store_true", help="what the branch changed since both sides agreed")
    since.add_argument("--theirs", action="store_true", help="what Studio changed since both sides agreed")
    parser.add_argument("--semantic", action="store_true", help="what it means: nodes, inputs, connections, prompts")
    parser.add_argument("--graph", action="store_true", help="draw the flow's graph with the changes marked")
    parser.add_argument("--mermaid", action="store_true", help="the same as Mermaid, for pull requests")
    parser.add_argument("--stat", action="store_true", help="only which files, and how much")
    arguments.remote(parser)
    arguments.json(parser)


def run(args: argparse.Namespace) -> int:
    """Shows the branch's side against Studio's (or one side against base), from the last fetch."""
    from flowsync.cli.output import say_json
    from flowsync.core.tree import FlowName
    from flowsync.errors import Exit, UsageError
    from flowsync.repo.plumbing import environment
    from flowsync.sync.opened import linked
    from flowsync.sync.survey import survey

    with linked(arguments.here(args), args.remote) as link:
        seen = survey(link)
        if unknown := [flow for flow in args.flows if FlowName(flow) not in seen.flows]:
            raise UsageError(f"no flow is called {', '.join(unknown)}", "flowsync status")
        chosen = [one for one in seen.flows.values() if link.chosen(frozenset(args.flows))(one.flow)]
        if args.json:
            flows = [{**_as_json(one), **(_meant(link, one, args) if args.semantic else {})} for one in chosen]
            say_json({"version": 1, "flows": flows})
            return Exit.DONE
        empty = link.repo.objects.write_empty_tree()
        sys.stdout.flush()
        for one in chosen:
            old, new = (tree or empty for tree in _pair(one, args))
            if args.graph or args.mermaid:
                _print_graph(link, one.flow, old, new, args.mermaid)
            elif old != new and args.semantic:
                _print_meaning(link, one.flow, old, new)
            elif old != new:
                top = link.remote.folder(one.flow)
                command = ["git", "-C", str(link.repo.root), "diff", f"--src-prefix=a/{top}/", f"--dst-prefix=b/{top}/"]
                subprocess.run([*command, *(["--stat"] if args.stat else []), old, new], env=environment(), check=False)
        return Exit.DONE


def _pair(one: "Standing", args: argparse.Namespace) -> tuple[str | None, str | None]:
    """Returns the two folders to compare."""
    base, local, remote = one.base_tree, one.local_tree, one.remote_tree
    return (base, local) if args.mine else (base, remote) if args.theirs else (local, remote)


def _meant(link: "Link", one: "Standing", args: argparse.Namespace) -> dict[str, object]:
    from flowsync.sync.message import meaning

    return {"semantic": meaning(link, *_pair(one, args))}


def _print_meaning(link: "Link", flow: str, old: str, new: str) -> None:
    from flowsync.cli.output import paint, plain, say
    from flowsync.sync.message import meaning

    say(paint(flow, "bold"))
    for line in meaning(link, old, new):
        say(f"  {plain(line)}")


def _print_graph(link: "Link", flow: str, old: str, new: str, mermaid: bool) -> None:
    from flowsync.cli.output import paint, plain, say
    from flowsync.core.flow import kind_of
    from flowsync.core.graph import LEGEND, as_mermaid, as_text, changed_graph
    from flowsync.core.tree import File

    def definition(tree: str) -> bytes:
        files = link.repo.objects.files(tree)
        found = (entry for path, entry in sorted(files.items()) if kind_of(path) == "dag" and "/" not in path)
        entry = next(found, None)
        return link.repo.objects.read(entry.blob) if isinstance(entry, File) else b""

    graph = changed_graph(definition(old), definition(new))
    badges = {box.badge for box in graph.boxes}
    if not mermaid:
        legend = ", ".join(f"{badge} {meaning}" for badge, meaning in LEGEND.items() if badge in badges)
        say(paint(flow, "bold") + (f"  ({legend})" if legend else ""))
    for line in (as_mermaid(graph) if mermaid else as_text(graph)).splitlines():
        say(plain(line))


def _as_json(standing: "Standing") -> dict[str, object]:
    from flowsync.core.tree import Change

    def kind(change: Change) -> dict[str, str]:
        what = "added" if change.old is None else "deleted" if change.new is None else "modified"
        return {"path": change.path, "change": what}

    return {
        "name": standing.flow,
        "state": standing.state.value,
        "local": [kind(change) for change in standing.decided.local],
        "studio": [kind(change) for change in standing.decided.remote],
        "clashes": [clash.path for clash in standing.decided.clashes],
    }
