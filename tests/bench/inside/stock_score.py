"""
The newest session's scores as Qlib's own parts give them: its handler for that day, then the model.

    python3 stock_score.py STORE MODEL DAY SYMBOLS OUT        SYMBOLS is a file, one name a line
"""

import sys
from pathlib import Path

import lightgbm
import qlib
from qlib.contrib.data.handler import Alpha158

store, model, day, symbols, out = sys.argv[1:]
qlib.init(
    provider_uri=store,
    region="us",
    kernels=2,
    joblib_backend="loky",
    expression_cache=None,
    dataset_cache=None,
    logging_level=40,
)
handler = Alpha158(
    instruments=Path(symbols).read_text().split(),
    start_time=day,
    end_time=day,
    infer_processors=[],
    learn_processors=[],
)
rows = handler.fetch(col_set="feature").droplevel("datetime")
scores = lightgbm.Booster(model_file=model).predict(rows.to_numpy())
rows.assign(score=scores)[["score"]].to_parquet(out)
