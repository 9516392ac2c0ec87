"""
The runner's command line.

A refusal is exit code 2 and one line on stderr; it never leaves a file behind.
"""

import argparse
import importlib
import sys
from pathlib import Path

from qlib_runner.manifest import Refused, check_result, new_result, read_manifest

_COMMANDS = {
    "dataset": "write Qlib's store from a manifest's adjusted bars",
    "train": "train a model on a dataset",
    "backtest": "measure a model on the test segment, after costs",
    "score": "rank the newest session of a manifest's data",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="qlib_runner", description="Rank a universe, files in and files out."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in _COMMANDS.items():
        command = commands.add_parser(name, help=purpose)
        command.add_argument("--manifest", type=Path, required=True)
        command.add_argument("--out", type=Path, required=True, help="a folder that does not exist yet")
    command = commands.add_parser("verify", help="check every byte of a result against its manifest")
    command.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        if options.command == "verify":
            check_result(options.out)
        else:
            run(options.command, options.manifest, options.out)
    except Refused as refusal:
        print(f"qlib_runner: refused: {refusal}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"qlib_runner: failed: {error}", file=sys.stderr)
        return 1
    print(options.out)
    return 0


def run(command: str, manifest_path: Path, out: Path) -> None:
    """Make the result a manifest asks for, or leave out alone if it holds that result already."""
    manifest = read_manifest(manifest_path, command)
    if out.exists():
        if check_result(out)["input_manifest_sha256"] != manifest.sha256:
            raise Refused(f"{out} holds the result of another manifest")
        return
    try:
        work = importlib.import_module(f"qlib_runner.{command}").run
    except ModuleNotFoundError as error:
        raise Refused(f"{command} needs Qlib's environment; this one lacks {error.name}") from None
    with new_result(out, manifest) as folder:
        work(manifest, folder)


if __name__ == "__main__":
    sys.exit(main())
