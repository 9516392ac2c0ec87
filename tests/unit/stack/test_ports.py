"""A desk whose ports are taken says so before it starts anything."""

import dataclasses
import socket

import pytest

from tests.conftest import free_port
from trading_ops.settings import Settings
from trading_ops_stack import stack


def test_a_port_of_another_program_is_named_before_anything_starts(tmp_path):
    """With the setting that chooses another one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config = dataclasses.replace(
            Settings(),
            data=tmp_path / "data",
            pgpass=tmp_path / "pgpass",
            confirm_port=other.getsockname()[1],
            airflow_port=free_port(),
        )
        with pytest.raises(stack.StackError, match="TRADING_OPS_CONFIRM_PORT"):
            stack.up(config)
    assert not (tmp_path / "postgres").exists()
