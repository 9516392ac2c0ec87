"""
The model's own room: files in, files out, and nothing else.

    python -m qlib_runner dataset  --manifest <folder>/manifest.json --out <new folder>
    python -m qlib_runner train    --manifest <folder>/manifest.json --out <new folder>
    python -m qlib_runner backtest --manifest <folder>/manifest.json --out <new folder>
    python -m qlib_runner score    --manifest <folder>/manifest.json --out <new folder>
    python -m qlib_runner verify   --out <folder>

Each command but verify reads the manifest, checks the SHA-256 of every input, works, and makes the out
folder appear in one step with its own manifest.json inside. There is never half a result: the folder is
complete or it is not there. Running the same manifest again leaves an existing result as it is. `verify`
reads a result back and checks every byte, because an exit code is no proof.

The input manifest; paths are relative to its folder and stay inside it:

    {"schema": 1, "command": "score", "run_id": "...", "as_of_date": "2026-06-05", "seed": 7,
     "inputs": [{"path": "dataset/manifest.json", "sha256": "..."}, ...], "config": {...}}

A result of one command is an input of the next by its manifest, which names every other byte of it:
{"path": "dataset/manifest.json", ...} with the whole folder `dataset` beside the manifest.

    command           inputs                                          config
    dataset           bars.parquet, instruments.csv, calendar.csv     -            (dataset.py)
    train             dataset/manifest.json, workflow.yaml            lengths ...  (train.py)
    backtest          dataset/manifest.json, train/manifest.json      benchmark ...  (backtest.py)
    score             dataset/manifest.json, train/manifest.json      symbols, ts  (score.py)

In all commands the newest session of the data is as_of_date. Every out folder holds beside its files:

    {"schema": 1, "command": "score", "run_id": "...", "as_of_date": "2026-06-05",
     "input_manifest_sha256": "...",
     "outputs": [{"path": "signals_ranked.csv", "sha256": "...", "size_bytes": 4123}]}

Exit codes: 0 done; 2 refused, 1 failed (a full disk, a folder that cannot be written), each with one
line on stderr saying why; anything else is a crash. The out folder's parent must be writable, so a
container mounts the parent and names a new folder in it.

The same command runs as a process and as the container built from docker/qlib_runner; both give the
same bytes. Manifests are checked, and results verified, by any Python; work needs the environment of
requirements.lock (`make setup-qlib`). The runner imports nothing of trading_ops, opens no socket and
knows no database.
"""
