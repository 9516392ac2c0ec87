"""A successor that says the opposite of a model, so that whoever mixes the two is found out."""

import hashlib
import json
import re
import shutil
from pathlib import Path

from tests.database.published_prices import freeze_run, universe_of
from trading_ops_airflow.tasks import models


def contrary(desk, symbols: list[str], trained: Path, backtested: Path) -> str:
    """Register a second model that says the opposite: the first one's trees with every leaf's sign turned."""
    run_id = freeze_run(desk, universe_of(symbols), key="contrary", kind="training")
    results = [desk.run_folder(run_id) / folder.name for folder in (trained, backtested)]
    for source, result in zip((trained, backtested), results, strict=True):
        shutil.copytree(source, result)
    # Without the sizes, which are others now, the trees are read one after the other.
    text = re.sub(r"tree_sizes=.*\n", "", (results[0] / "model.txt").read_text())
    text = re.sub(
        r"(?<=leaf_value=).*",
        lambda leaves: " ".join(f"{-float(leaf)!r}" for leaf in leaves[0].split()),
        text,
    )
    (results[0] / "model.txt").write_text(text)
    described = json.loads((results[0] / "model.json").read_text())
    described["model_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (results[0] / "model.json").write_text(json.dumps(described))
    for result in results:
        manifest = json.loads((result / "manifest.json").read_text()) | {"run_id": run_id}
        for output in manifest["outputs"]:
            content = (result / output["path"]).read_bytes()
            output |= {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        (result / "manifest.json").write_text(json.dumps(manifest))
    return models.register_model.function(run_id, *map(str, results), {})
