"""
Run in the runner's environment: print the model's hash and the account by session a qrun recorder holds.
"""

import contextlib
import hashlib
import io
import json
import pickle
import sys
from pathlib import Path

from qlib_runner.train import canonical

[artifacts] = Path(sys.argv[1]).glob("*/*/artifacts")
# Qlib prints which of its optional models cannot be imported.
with contextlib.redirect_stdout(io.StringIO()):
    model = pickle.loads((artifacts / "params.pkl").read_bytes()).model
account = pickle.loads((artifacts / "portfolio_analysis/report_normal_1day.pkl").read_bytes())
print(
    json.dumps(
        {
            "model_sha256": hashlib.sha256(canonical(model)).hexdigest(),
            "days": [f"{day:%Y-%m-%d}" for day in account.index],
            "value": account["account"].tolist(),
            "turnover": account["turnover"].tolist(),
            "benchmark_return": account["bench"].tolist(),
        }
    )
)
