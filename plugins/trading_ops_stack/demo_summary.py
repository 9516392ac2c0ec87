"""What a finished demo says: its weeks as a table, and where everything is."""

from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings
from trading_ops_airflow.dbt.docs_app import docs_path
from trading_ops_stack import stack


def summary(config: Settings) -> str:
    """Return one table: week, gates, ticket kind, reason."""
    with connect("desk_reader", config) as connection:
        rows = queries.simulation.ticket_summary(connection, portfolio_id=config.portfolio_id)
        table = [
            ("week", "as of", "data", "confirm", "reconcile", "risk", "ticket", "reason"),
            *(
                (
                    row["plan_week"],
                    str(row["as_of_date"]),
                    *(
                        row[gate] or "-"
                        for gate in ("data_quality", "confirmation", "reconciliation", "risk")
                    ),
                    row["kind"],
                    row["reason"],
                )
                for row in rows
            ),
        ]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)), line[-1]])
        for line in table
    )


def places(config: Settings) -> str:
    return (
        "\n".join(
            f"  {what:<13}{where}"
            for what, where in (
                ("tickets", config.data / "tickets"),
                ("mails", config.data / "mail"),
                ("reports", config.data / "reports"),
                ("dbt docs", docs_path(config)),
                ("runs", config.data / "runs"),
            )
        )
        + f"\n{stack.addresses(config)}"
    )
