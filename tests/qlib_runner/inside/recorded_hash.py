"""Run in the runner's environment: print the hash of the model a qrun recorder holds."""

import hashlib
import pickle
import sys
from pathlib import Path

from qlib_runner.train import canonical

[path] = Path(sys.argv[1]).glob("*/*/artifacts/params.pkl")
print(hashlib.sha256(canonical(pickle.loads(path.read_bytes()).model)).hexdigest())
