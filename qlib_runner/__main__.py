"""
The runner's command line.

A refusal is exit code 2 and one line on stderr; it never leaves a file behind.
"""

import argparse
import sys
from pathlib import Path

from qlib_runner.manifest import Refused, check_result, read_manifest, write_result
from qlib_runner.momentum import parse_bars, parse_config, rank, render


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="qlib_runner", description="Rank a universe, files in and files out."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("score", help="rank the newest session of a manifest's bars")
    command.add_argument("--manifest", type=Path, required=True)
    command.add_argument("--out", type=Path, required=True, help="a folder that does not exist yet")
    command = commands.add_parser(
        "verify", help="check every byte of a result against its manifest"
    )
    command.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        if options.command == "score":
            score(options.manifest, options.out)
        else:
            check_result(options.out)
    except Refused as refusal:
        print(f"qlib_runner: refused: {refusal}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"qlib_runner: failed: {error}", file=sys.stderr)
        return 1
    print(options.out)
    return 0


def score(manifest_path: Path, out: Path) -> None:
    """Rank what the manifest describes into out, or leave out alone if it holds that result already."""
    manifest = read_manifest(manifest_path, "score")
    if out.exists():
        if check_result(out)["input_manifest_sha256"] != manifest.sha256:
            raise Refused(f"{out} holds the result of another manifest")
        return
    config = parse_config(manifest.config)
    if len(manifest.inputs) != 1:
        raise Refused(f"score takes one input, the bars; the manifest names {len(manifest.inputs)}")
    [(path, content)] = manifest.inputs.items()
    closes = parse_bars(content, path, manifest.as_of_date)
    ranking = rank(closes, config)
    write_result(out, manifest, {"signals_ranked.csv": render(ranking)})


if __name__ == "__main__":
    sys.exit(main())
