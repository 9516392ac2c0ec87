"""The task that keeps the statements dropped into the desk's folder."""

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.conftest import environment_of
from tests.database import rows
from tests.database.test_statements import YEAR, busy_account, select
from trading_ops.settings import settings
from trading_ops.statements.inbox import folder_of
from trading_ops_airflow.tasks.statements import import_statements

KEPT = "select person, rows_count from desk.statements"


@pytest.fixture
def folder(desk, monkeypatch):
    """The folder of a desk on whose connections the task works, as Airflow gives them."""
    server = f"{desk.db_host}:{desk.db_port}/{desk.db_name}"
    connection = {"AIRFLOW_CONN_DESK_PLANNER": f"postgresql://desk_planner@{server}?cursor=dictcursor"}
    for name, text in (environment_of(desk) | connection).items():
        monkeypatch.setenv(name, text)
    settings.cache_clear()
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    return folder_of(desk.data)


def test_a_statement_is_kept_once_and_a_refused_one_makes_the_task_red(desk, folder, capsys):
    """Week after week, until it is taken out; what lies beside it is kept all the same."""
    assert import_statements.function() == 0
    folder.mkdir(parents=True)
    (folder / "a.xlsx").write_text("a,b")
    (folder / "b.xlsx").write_bytes(busy_account().export(*YEAR))
    for _ in range(2):
        with pytest.raises(AirflowFailException, match="refused: a.xlsx: the file: expected eToro's"):
            import_statements.function()
        assert select(desk, KEPT) == [("desk", 20)]
    (folder / "a.xlsx").unlink()
    assert import_statements.function() == 0
    assert "no new statement lies there" in capsys.readouterr().out
