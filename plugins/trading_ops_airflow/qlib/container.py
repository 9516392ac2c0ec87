"""A command of the model's room in its container, by the image the run was frozen with."""

from collections.abc import Callable
from pathlib import Path

from trading_ops_airflow.qlib.files import verified_result
from trading_ops_airflow.qlib.locked_docker import DockerRunnerOperator


class ContainerOperator(DockerRunnerOperator):
    """Run one command of the runner for a run of the desk and verify what it left."""

    def __init__(self, *, write_inputs: Callable[[str], Path], **arguments) -> None:
        super().__init__(**arguments)
        self.write_inputs = write_inputs

    def execute(self, context) -> str:
        """Write the inputs, run, and return the folder of the verified result."""
        from trading_ops.runs.run import load_run
        from trading_ops_airflow.connections import desk_connection

        with desk_connection("desk_planner") as connection:
            # By its digest: a tag that was moved since would be another program.
            self.image = load_run(connection, self.desk_run_id).image_digest or self.image
        folder = self.write_inputs(self.desk_run_id)
        self.run_container(folder, context)
        return str(verified_result(folder))
