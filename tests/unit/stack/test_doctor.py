"""`make doctor`: what it says about the ports of a desk."""

import os
import socket
import subprocess
import sys

from trading_ops_stack import doctor


def test_a_running_desk_whose_data_lies_elsewhere_has_its_own_ports(tmp_path):
    """What runs lies beside the data folder; a port somebody else has is still missed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = os.environ | {
            "TRADING_OPS_DATA": str(tmp_path / "data"),
            "TRADING_OPS_AIRFLOW_PORT": str(port),
        }

        def said() -> str:
            done = subprocess.run(
                [sys.executable, doctor.__file__], env=environ, capture_output=True, text=True, check=False
            )
            (line,) = [line for line in done.stdout.splitlines() if f"port {port} " in line]
            return line.split()[0]

        assert said() == "MISSING"
        (tmp_path / "run").mkdir()
        (tmp_path / "run/scheduler.pid").write_text("{}")
        assert said() == "ok"
