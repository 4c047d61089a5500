"""``flowsync validate``: findings about flows, from the worktree or from what is staged."""

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowsync.errors import Exit, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.validate.flows import Validated

FORMATS = ("text", "json", "sarif", "github", "azdo")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a flow, a folder of flows, or any file of a flow")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work in this folder")
    parser.add_argument("--staged", action="store_true", help="validate what would be committed, not the worktree")
    parser.add_argument("--format", choices=FORMATS, help="default: text; github or azdo where those run it")
    parser.add_argument("--json", action="store_true", help="short for --format json")
    parser.add_argument("--output", "-o", metavar="FILE", help="write there instead of printing")
    parser.add_argument("--info", action="store_true", help="also show what cannot be verified here")
    parser.add_argument("--strict", action="store_true", help="let warnings fail, too")
    parser.add_argument("--explain", metavar="CODE", help="say what a rule finds, why, and what to do")
    parser.add_argument("--rules", action="store_true", help="list the rules")


def run(args: argparse.Namespace) -> int:
    """Validates; returns 1 if anything was found that fails."""
    if args.explain or args.rules:
        return _explain(args)
    if args.staged and args.paths:
        raise UsageError("--staged takes no paths: it looks at every flow with staged changes")
    form = "json" if args.json else args.format or _format_for_here()
    flows = _shown(_validated(args, from_here=form == "text"), everything=args.info)
    _print(flows, form, args.output)
    failing = ("error", "warning") if args.strict else ("error",)
    failed = any(finding.severity in failing for flow in flows for finding in flow.findings)
    return Exit.ATTENTION if failed else Exit.DONE


def _explain(args: argparse.Namespace) -> int:
    from flowsync.cli.findings import explained
    from flowsync.core.rulebook import BY_NAME, RULES

    if args.rules:
        print("\n".join(f"{rule.code}  {rule.severity:<7}  {rule.name}: {rule.what}" for rule in RULES.values()))
        return Exit.DONE
    rule = RULES.get(args.explain.upper()) or BY_NAME.get(args.explain.lower())
    if rule is None:
        raise UsageError(f"there is no rule {args.explain!r}", "flowsync validate --rules")
    print(explained(rule.code))
    return Exit.DONE


def _validated(args: argparse.Namespace, from_here: bool) -> "list[Validated]":
    from pathlib import Path

    directory = Path(args.directory or ".").absolute()
    if args.staged:
        from flowsync.validate.git import Index

        index = Index(str(directory))  # git works while Python imports the rules
        from flowsync.validate.index import validate_staged

        return validate_staged(index)[0]
    from flowsync.validate.worktree import validate_paths

    top, flows = validate_paths(args.paths or ["."], directory)
    if not from_here:
        return flows  # programs and CI systems count from the repository's top
    return [flow._replace(folder=_from_here(top / flow.folder)) for flow in flows]


def _from_here(folder: "Path") -> str:
    relative = os.path.relpath(folder)
    return "" if relative == "." else relative.replace(os.sep, "/")


def _shown(flows: "Sequence[Validated]", everything: bool) -> "list[Validated]":

    if everything:
        return list(flows)
    kept = [tuple(finding for finding in flow.findings if finding.severity != "info") for flow in flows]
    return [flow._replace(findings=findings) for flow, findings in zip(flows, kept, strict=True)]


def _print(flows: "Sequence[Validated]", form: str, output: str | None) -> None:
    from pathlib import Path

    from flowsync.cli.findings import FORMATS
    from flowsync.cli.output import say

    shown = FORMATS[form](flows)
    if output is None:
        say(shown)
        return
    try:
        Path(output).write_text(shown + "\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error


def _format_for_here() -> str:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return "github"
    return "azdo" if os.environ.get("TF_BUILD", "").lower() == "true" else "text"
