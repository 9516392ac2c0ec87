"""
The broker's account statements: kept from the folder they are dropped into.
"""

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException


@task
def import_statements() -> int:
    """Keep each new statement of the folder, and tell which lines one disputes; red when one is refused."""
    from trading_ops.settings import settings
    from trading_ops.statements.disputes import tell_disputes
    from trading_ops.statements.inbox import folder_of, import_folder
    from trading_ops_airflow.connections import desk_connection

    config = settings()
    with desk_connection("desk_planner") as connection:
        imported = import_folder(connection, config.portfolio_id, folder_of(config.data))
        disputed = tell_disputes(connection, config.portfolio_id)
    print("\n".join((*imported.kept, *imported.refused, *disputed)) or "no new statement lies there")
    if imported.refused:
        # Another try would refuse it again.
        raise AirflowFailException(f"refused: {'; '.join(imported.refused)}")
    return len(imported.kept)
