"""The emulator as a program: options in, a few lines about where it is, and then it runs until it is stopped."""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from flowsync.bell import Bell
from flowsync.emulator.emulator import WELL_KNOWN_ACCOUNT, WELL_KNOWN_KEY, Emulator
from flowsync.emulator.faults import Fault, Kind
from flowsync.emulator.people import User, write_az
from flowsync.emulator.store.share import INSIDE
from flowsync.errors import UsageError

_KEYS: Mapping[str, Callable[[str], str | int | float]] = {
    "operation": str,
    "path": str,
    "skip": int,
    "times": int,
    "chance": float,
    "page": int,
    "status": int,
    "code": str,
    "retry_after": float,
    "seconds": float,
    "keep": int,
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(args: argparse.Namespace) -> int:
    """Runs an emulator with the command's options until SIGINT or SIGTERM."""
    faults = [_fault(text) for text in args.fault]
    with Bell("SIGTERM", "SIGINT") as bell, make(args) as emulator:
        for fault in faults:
            emulator.faults.add(fault)
        print("\n".join([banner(emulator, args), *_welcome(emulator, User(args.user))]), flush=True)
        if args.ready_file:
            _write_ready(Path(args.ready_file), emulator.url)
        bell.wait()
    return 0


def make(args: argparse.Namespace) -> Emulator:
    """Builds the emulator that the options describe."""
    accounts = dict(_account(text) for text in args.account) or {WELL_KNOWN_ACCOUNT: WELL_KNOWN_KEY}
    first, *_ = accounts
    return Emulator(
        Path(args.data),
        args.port,
        first,
        accounts[first],
        args.latency / 1000,
        host=args.host,
        accounts=accounts,
        shares=tuple(args.share),
        control=args.control,
        seed=args.seed,
        tls=args.tls,
        opaque_tokens=args.opaque_tokens,
        workspaces=tuple(args.workspace),
    )


def banner(emulator: Emulator, args: argparse.Namespace) -> str:
    """Says where the emulator is, how to reach it and what to export."""
    share = next(iter([*args.share, *(workspace.share for workspace in emulator.workspaces)]), "SHARE")
    where = (
        "on loopback only" if emulator.host in _LOOPBACK else f"on {emulator.host}: ANYONE who reaches it can use it"
    )
    trust = ""
    if emulator.base_url.startswith("https:"):
        certificate = emulator.ca_file.resolve()
        trust = f"\nTrust:      export SSL_CERT_FILE='{certificate}' REQUESTS_CA_BUNDLE='{certificate}'"
    return (
        f"Azure Files emulator, listening {where}. Stop it with Ctrl+C.\n"
        f"Files:      {emulator.data.resolve() / emulator.account}\n"
        f"Share URL:  {emulator.url}/{share}/Users/NAME/promptflow\n"
        f"Credential: export AZURE_STORAGE_CONNECTION_STRING='{emulator.connection_string}'"
        f"{trust}"
    )


def _welcome(emulator: Emulator, user: User) -> list[str]:
    """Gives somebody a folder in each workspace and a way to sign in, and says how to use them."""
    if not emulator.workspaces:
        return []
    az = write_az(emulator.data.resolve() / INSIDE / "bin", user)
    for workspace in emulator.workspaces:
        (emulator.share_folder(workspace.share) / "Users" / user.alias / "promptflow").mkdir(
            parents=True, exist_ok=True
        )
    return [
        f"Manager:    export AZUREML_DEV_URL_MFE='{emulator.base_url}'",
        f"Sign in:    export PATH='{az.parent}':\"$PATH\" AZURE_TOKEN_CREDENTIALS=AzureCliCredential",
        *(
            f"Workspace:  azureml://{one.subscription}/{one.group}/{one.name}, files on {one.share}"
            for one in emulator.workspaces
        ),
    ]


def _account(text: str) -> tuple[str, str]:
    name, colon, key = text.partition(":")
    if not (name and colon and key):
        raise UsageError(f"--account needs NAME:KEY, not {text!r}.", "The key is base64, as Azure shows it.")
    return name, key


def _fault(text: str) -> Fault:
    """Reads a rule such as ``refuse,operation=list,times=3``; ``times=all`` is for ever."""
    kind, *pairs = text.split(",")
    values: dict[str, Any] = {}
    try:
        if kind not in get_args(Kind):
            raise ValueError(kind)
        for pair in pairs:
            name, _, value = pair.partition("=")
            values[name] = None if value == "all" else _KEYS[name](value)
    except (KeyError, ValueError) as error:
        hint = f"KIND is one of {', '.join(get_args(Kind))}; KEY one of {', '.join(_KEYS)}."
        raise UsageError(f"--fault {text!r} is not KIND[,KEY=VALUE…].", hint) from error
    return Fault(cast(Kind, kind), **values)


def _write_ready(path: Path, url: str) -> None:
    """Writes the URL in one step, so that a reader finds all of it or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(f"{url}\n", encoding="utf-8")
    temporary.replace(path)
