"""Run in the runner's environment: what the last look at the scores says about broken ones."""

import json
import math

import pandas as pd

from qlib_runner.manifest import Refused
from qlib_runner.score import rank

CASES = {
    "nan": ([0.1, math.nan], ["A", "B"], ["A", "B"]),
    "infinite": ([0.1, math.inf], ["A", "B"], ["A", "B"]),
    "missing": ([0.1, 0.2], ["A", "B"], ["A", "B", "C"]),
    "foreign": ([0.1, 0.2], ["A", "B"], ["A"]),
    "duplicate": ([0.1, 0.2], ["A", "A"], ["A"]),
}
said = {}
for name, (values, index, symbols) in CASES.items():
    try:
        rank(pd.Series(values, index), symbols)
    except Refused as refusal:
        said[name] = str(refusal)
print(json.dumps(said))
