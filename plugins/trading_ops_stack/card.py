"""
Which desk runs here: written down when it starts, and compared with who answers.
"""

import json
import ssl
import time
import urllib.request

from trading_ops.db.connect import connect, queries
from trading_ops.files import write_whole
from trading_ops.runs.code_version import code_version
from trading_ops.settings import LIVE_DESK, PROJECT_ROOT, Settings

# Whom the page is asked by: this machine, whose certificate may be of another name.
LOOPBACK = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
)

# A page that has just been started answers by then.
PATIENCE_S = 30


class StackError(Exception):
    """The stack cannot start or stop; the message says why and how to go on."""


def make(config: Settings, target: str) -> str:
    """Return the make command that works on this desk: beside a live one the short form means that one."""
    is_meant = config.desk == (LIVE_DESK if LIVE_DESK.exists() else Settings.desk)
    return f"make {target}" if is_meant else f"make {target} DESK={config.desk}"


def require_own_page(config: Settings, instance_id: str) -> None:
    """
    Ask the page who answers, before anybody types a password into it.

    Raises StackError when it is not this desk's page.
    """
    url = f"{config.local_url}/health"
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with LOOPBACK.open(url, timeout=10) as answer:
                said = json.load(answer)
                found = said.get("instance_id") if isinstance(said, dict) else None
        except (OSError, ValueError) as error:
            found = str(error)
        if found == instance_id:
            return
        if time.monotonic() > deadline:
            raise StackError(
                f"{url} is not this desk's page ({str(found)[:200]}): another program answers there; choose a port with "
                "TRADING_OPS_CONFIRM_PORT"
            )
        time.sleep(0.5)


def write_card(config: Settings) -> dict:
    """Write down which desk runs; commands of this folder refuse another one's database by it."""
    commit, is_dirty = code_version(PROJECT_ROOT)
    with connect("desk_reader", config) as connection:
        desk = queries.operator.desk(connection, portfolio_id=config.portfolio_id)
    card = {
        "instance_id": desk["instance_id"], "environment": desk["environment"], "portfolio_id": config.portfolio_id,
        "database": f"{config.db_name} on {config.db_host}:{config.db_port}", "airflow_port": config.airflow_port,
        "page": config.page_url, "commit": f"{commit}{'-dirty' if is_dirty else ''}",
    }  # fmt: skip
    write_whole(config.card, json.dumps(card, indent=1).encode())
    return card
