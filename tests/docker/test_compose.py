"""
The compose files and Dockerfiles as texts: what every service must have, and what none may.

Needs no engine. That the stack really comes up is test_compose_stack.py's matter.
"""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.docker.conftest import compose_tool
from trading_ops.settings import PROJECT_ROOT, read_settings

FOLDER = PROJECT_ROOT / "docker"
COMPOSE = yaml.safe_load((FOLDER / "compose.yml").read_text())
SERVICES = COMPOSE["services"]
ONE_SHOT = {"make-secrets", "migrate", "prepare-airflow"}
DOCKERFILES = sorted(FOLDER.glob("*/Dockerfile"))


def resolve(text: str) -> str:
    """Return the text with each ${NAME:-default} replaced by its default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_the_stack_has_exactly_these_services():
    """Whatever is added has to pass the rules below; an empty file would pass them all."""
    assert set(SERVICES) == ONE_SHOT | {
        "postgres",
        "api-server",
        "scheduler",
        "dbt-server",
        "dag-processor",
        "triggerer",
        "confirm-page",
        "watcher",
    }
    assert [path.parent.name for path in DOCKERFILES] == ["desk", "postgres", "qlib_runner"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_down(name):
    """Not root, nothing to gain, a read-only root, bounded memory and processes, bounded logs."""
    service = SERVICES[name]
    assert service["user"] == "10001:10001"
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"] and service["pids_limit"] and service["logging"]["options"]["max-size"]
    assert "privileged" not in service and "network_mode" not in service and "cap_add" not in service
    assert not [volume for volume in service["volumes"] if "docker.sock" in volume]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_comes_back_and_says_how_it_is(name):
    """A service that runs has a health check and is started again; a one-shot has neither."""
    service = SERVICES[name]
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
    assert ("healthcheck" in service) == (name not in ONE_SHOT)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_it_needs(name):
    """Waiting for a start alone is a race: each dependency is healthy, or has ended well."""
    for needed, wait in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
        assert wait["condition"] == wanted, f"{name} waits for {needed}"
    assert name == "make-secrets" or SERVICES[name]["depends_on"]


def test_every_port_is_published_on_loopback_only():
    """The two pages, and nothing of Postgres."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"api-server", "confirm-page"}
    for ports in published.values():
        assert all(resolve(port).startswith("127.0.0.1:") for port in ports)


def test_every_image_has_a_version():
    """No image floats: a tag everywhere, and never `latest`."""
    images = [resolve(service["image"]) for service in SERVICES.values()]
    for path in DOCKERFILES:
        lines = path.read_text().splitlines()
        images += [line.partition("=")[2] for line in lines if line.startswith("ARG BASE_IMAGE=")]
        assert {line.split()[1] for line in lines if line.startswith("FROM")} == {"${BASE_IMAGE}"}, path
        # That line makes the builder pull a front end from a registry.
        assert not any(line.replace(" ", "").lower().startswith("#syntax=") for line in lines), path
    assert len(images) == len(SERVICES) + len(DOCKERFILES)
    for image in images:
        assert re.fullmatch(r"[a-z0-9/._-]+:[\w.-]+", image) and not image.endswith(":latest"), image


def test_every_image_ends_as_a_user_that_is_not_root():
    """The last USER of each Dockerfile counts; none runs as root when started by hand."""
    for path in DOCKERFILES:
        users = re.findall(r"^USER (\S+)$", path.read_text(), re.MULTILINE)
        assert users and users[-1] == "10001:10001", path


def test_every_document_the_desk_reads_is_in_its_image():
    """Whatever code opens below docs is let through by the allowlist, and copied."""
    code = [path for folder in ("plugins", "confirm_app") for path in (PROJECT_ROOT / folder).rglob("*.py")]
    # In quotes, that is: a comment names what a person reads.
    named = {name for path in code for name in re.findall(r'"(docs/\w+\.md)"', path.read_text())}
    assert len(named) > 2
    allowed = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in named} == {line for line in allowed if line.startswith("!docs/")}
    assert "COPY docs/*.md /opt/desk/docs/\n" in (FOLDER / "desk/Dockerfile").read_text()


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres"}))
def test_every_variable_is_a_setting(name):
    """A typo in the compose file or the example would stop every service at its first line."""
    lines = (PROJECT_ROOT / "config/secrets.env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    environ = {key: resolve(str(text)) for key, text in SERVICES[name]["environment"].items()}
    assert SERVICES[name]["env_file"] == ["../config/secrets.env"]
    found = read_settings({**example, **environ})
    assert (found.db_host, str(found.data)) == ("postgres", "/var/trading-ops/data")
    assert not [key for key in {**example, **environ} if re.search("(PASSWORD|SECRET)(?!_FILE$)", key)]


def test_each_room_sees_its_own_secrets_only():
    """The page strangers can reach holds one role's password; only Postgres holds all."""
    seen = {
        name: {volume.split(":")[0] for volume in service["volumes"] if volume.startswith("secrets-")}
        for name, service in SERVICES.items()
    }
    airflow = {"prepare-airflow", "api-server", "scheduler", "dag-processor", "triggerer", "watcher"}
    assert seen.pop("make-secrets") == {name for name in COMPOSE["volumes"] if name.startswith("secrets-")}
    assert seen == {
        "postgres": {"secrets-database"},
        "migrate": {"secrets-migrate"},
        "confirm-page": {"secrets-confirm"},
        "dbt-server": {"secrets-dbt"},
        **{name: {"secrets-airflow"} for name in airflow},
    }


@pytest.mark.parametrize("name", ["SOURCE_KEYS", "SMTP_PASSWORD_FILE", "CHANNELS"])
def test_what_people_write_into_secret_files_lies_where_airflow_reads_and_the_page_does_not(name):
    """In the volume of Airflow's secrets, which the one-shot that makes secrets can write."""
    place = SERVICES["scheduler"]["environment"][f"TRADING_OPS_{name}"]
    assert place.startswith("/secrets/airflow/")
    assert "secrets-airflow:/secrets/airflow" in SERVICES["make-secrets"]["volumes"]
    assert f"TRADING_OPS_{name}" not in SERVICES["confirm-page"]["environment"]


def test_postgres_is_on_no_network_that_leads_outside():
    """Its only network is internal."""
    assert SERVICES["postgres"]["networks"] == ["database"]
    assert COMPOSE["networks"]["database"] == {"internal": True}


@pytest.mark.parametrize("files", [["compose.yml"], ["compose.yml", "compose.qlib.yml"]])
def test_a_compose_tool_reads_the_files(files, tmp_path):
    """The tool's own check of its schema, references and merges."""
    tool = compose_tool()
    copy = tmp_path / "docker"
    copy.mkdir()
    (tmp_path / "config").mkdir()
    shutil.copy(PROJECT_ROOT / "config/secrets.env.example", tmp_path / "config/secrets.env")
    for name in files:
        shutil.copy(FOLDER / name, copy)
    named = [argument for name in files for argument in ("-f", str(copy / name))]
    done = subprocess.run(
        [*tool, *named, "config"],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "DOCKER_GID": "999"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    merged = yaml.safe_load(done.stdout)["services"]
    assert set(merged) == set(SERVICES)
    runtime = merged["scheduler"]["environment"].get("TRADING_OPS_QLIB_RUNTIME")
    assert runtime == ("docker" if len(files) == 2 else None)
