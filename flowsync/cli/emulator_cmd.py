"""``flowsync emulator``: Azure Files on loopback, for tests, demos and other people's CI.

What belongs here: the command's arguments and what it prints. Everything else is ``flowsync.emulator``'s.
"""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the command's options."""
    parser.description = (
        "Serves the REST data plane of Azure Files over a folder of real files: Azure SDKs, rclone and flowsync talk "
        "to it as to Azure, and an edit in the folder is an edit in Studio. It listens on loopback only."
    )
    parser.epilog = (
        "It prints the connection string to export and the share's URL for `flowsync init --share`, and runs until "
        "it is interrupted. The files, their ids, leases and times outlive it."
    )
    parser.add_argument(
        "--port", type=int, default=10004, metavar="N", help="port to listen on, 0 for any free one (%(default)s)"
    )
    parser.add_argument(
        "--data", default="flowsync-emulator", metavar="DIR", help="folder for the files (./%(default)s)"
    )
    parser.add_argument("--share", action="append", default=[], metavar="NAME", help="share to create; may be repeated")
    parser.add_argument(
        "--workspace",
        action="append",
        default=[],
        metavar="SUB/GROUP/NAME",
        help="serve an Azure Machine Learning workspace of these names too, with a file share of its own; implies "
        "--tls; may be repeated",
    )
    parser.add_argument(
        "--user",
        default="alice",
        metavar="NAME",
        help="with --workspace: who gets a folder, and is signed in by the az that it makes (%(default)s)",
    )
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="wait this long before each answer")
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="NAME:KEY",
        help="account to serve instead of the well-known one",
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (%(default)s)")
    parser.add_argument("--control", action="store_true", help="serve counts and faults below /!control/, unsigned")
    parser.add_argument("--tls", action="store_true", help="serve https with a certificate made now, for bearer tokens")
    parser.add_argument(
        "--opaque-tokens",
        action="store_true",
        help="accept any bearer token, also one that is no JWT (default: check it)",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND[,KEY=VALUE…]",
        help="make requests go wrong, such as refuse,operation=list,code=ServerBusy,retry_after=1,times=3; kinds: "
        "refuse, delay, hang, drop_before, drop_after, truncate, garble; may be repeated",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed for faults that strike by chance")
    parser.add_argument("--ready-file", metavar="FILE", help="write the URL here once it listens")


def run(args: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM."""
    from flowsync.emulator.command import serve

    return serve(args)
