"""
The page on the Qlib container names every command, limit and path of the code, and nothing that is gone.
"""

import ast
import re

from trading_ops.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs/QLIB_DOCKER_EXECUTION_SPEC.md").read_text()
OPERATOR = (PROJECT_ROOT / "plugins/trading_ops_airflow/qlib/locked_docker.py").read_text()
RUNNER = (PROJECT_ROOT / "qlib_runner/__main__.py").read_text()
DOCKERFILE = (PROJECT_ROOT / "docker/qlib_runner/Dockerfile").read_text()


def _value_of(source: str, name: str):
    """Return a module's literal, read without importing it."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{name} is not in the module")


def test_every_command_has_its_line_and_no_other_has():
    """The page follows the runner's own list."""
    commands = {*_value_of(RUNNER, "_COMMANDS"), "verify"}
    table = PAGE.partition("## Commands")[2].partition("\n## ")[0]
    assert len(commands) >= 4
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == commands


def test_every_limit_is_the_operators():
    """Memory per command, processes, and the scratch space."""
    memory = _value_of(OPERATOR, "MEMORY")
    assert dict(re.findall(r"^\| memory of `(\w+)` \| (\w+) \|$", PAGE, re.M)) == memory
    (pids,) = re.findall(r"pids_limit=(\d+)", OPERATOR)
    assert f"| processes and threads | {pids} |" in PAGE
    (scratch,) = re.findall(r'"/tmp": "rw,noexec,nosuid,size=(\d+)m"', OPERATOR)
    assert f"writable, {scratch} MB of memory" in PAGE
    assert f"--tmpfs /tmp:rw,noexec,nosuid,size={scratch}m" in PAGE


def test_every_ending_is_called_as_the_operator_calls_it():
    """The words of an error lead to its line; each sentence of the page is one the code can say."""
    said = {
        re.sub(r"\{[^}]*\}", "*", text.value if isinstance(text, ast.Constant) else ast.unparse(text))
        for text in ast.walk(ast.parse(OPERATOR))
        if isinstance(text, ast.Constant | ast.JoinedStr)
        and (isinstance(text, ast.JoinedStr) or isinstance(text.value, str))
    }
    for words in (
        "the container ran out of memory: it needed more than ",
        "the container was killed from outside by ",
        "the container hung: stopped and removed after ",
        "the Docker engine does not answer",
        " is not on this machine",
    ):
        assert any(words in text for text in said), words
        assert words.strip() in PAGE, words


def test_the_paths_in_the_image_are_the_dockerfiles():
    """Where Python and the runner are, and who runs them."""
    for path in ("/opt/qlib", "/opt/qlib_runner"):
        assert f"`{path}`" in PAGE and path in DOCKERFILE
    assert "USER 10001:10001" in DOCKERFILE and "10001" in PAGE
