"""The files of the dbt project: how comments are wrapped, and where what is said of a model stands."""

import re

import yaml

from tests.dbt.small_desk import PROJECT

WIDTH = 110
MODELS = PROJECT / "models"


def files(*suffixes: str) -> list:
    """Return the project's own files, without what dbt leaves behind."""
    found = [
        path
        for folder in ("models", "macros", "tests")
        for path in sorted((PROJECT / folder).rglob("*"))
        if path.suffix in suffixes
    ]
    assert len(found) > 60
    return [*found, *(path for path in PROJECT.glob("*.yml") if path.suffix in suffixes)]


def test_no_comment_leaves_a_word_behind():
    """A word or two alone on a line, with room for them on the line before, is a comment badly wrapped."""
    left = [
        f"{path.name}: {words}"
        for path in files(".sql")
        for before, words in re.findall(r"^( *-- .+)\n *-- (\S+(?: \S+)?)$", path.read_text(), re.M)
        if len(f"{before} {words}") <= WIDTH
    ]
    assert left == []


def test_a_model_is_described_in_its_folder_and_proven_beside_its_sql():
    """`_<folder>__models.yml` says what the models are, `<model>.yml` holds the unit tests of one."""
    models, proven = {}, 0
    for path in files(".yml"):
        text = yaml.safe_load(path.read_text())
        if path.name.startswith("_"):
            assert "unit_tests" not in text, path.name
            models |= {model["name"]: path.parent for model in text.get("models", [])}
        elif MODELS in path.parents:
            assert set(text) == {"unit_tests"}, path.name
            assert {test["model"] for test in text["unit_tests"]} == {path.stem}
            assert path.with_suffix(".sql").exists(), path.name
            proven += 1
    assert proven > 60
    sql = {path.stem: path for path in MODELS.rglob("*.sql")}
    assert set(models) == set(sql)
    assert all(models[name] in sql[name].parents for name in models)


# Which queries read for which exposure. The verdicts are handed over: Postgres writes them to desk.verdicts.
READ_BY = {
    "plan": {"ticket"},
    "reports": {"daily_report", "executions_report"},
    "universe": {"universe_report"},
    "ledger": {"drift_cases"},
    "export": {"model_dataset"},
    "models": {"model_report"},
}
HANDED_OVER = {"gate_verdicts"}


def test_an_exposure_names_what_the_desk_reads():
    """Every relation of dbt's in a query stands in its exposure, and the other way round."""
    text = (MODELS / "marts/_marts__exposures.yml").read_text()
    named = {
        exposure["name"]: set(re.findall(r"ref\('(\w+)'\)", " ".join(exposure["depends_on"])))
        for exposure in yaml.safe_load(text)["exposures"]
    }
    assert set(named) == set().union(*READ_BY.values())
    folders = "|".join(sorted(path.name for path in MODELS.iterdir() if path.is_dir()))
    queries = PROJECT.parent / "plugins/trading_ops/db/queries"
    for path in queries.glob("*.sql"):
        read = set(re.findall(rf"\b(?:{folders})\.(\w+)", path.read_text()))
        exposed = set().union(*(named[name] for name in READ_BY.get(path.stem, ())))
        assert read == exposed - HANDED_OVER, path.name
