"""The dbt docs tab: for people signed in to Airflow, friendly before the docs are built."""

import dataclasses

import pytest
from starlette.testclient import TestClient

from trading_ops.settings import Settings
from trading_ops_airflow.dbt import docs_app


@pytest.fixture
def desk(tmp_path, monkeypatch) -> Settings:
    """A desk without docs, and an auth manager that knows one token."""

    class OneToken:
        async def get_user_from_token(self, token):
            if token != "good":
                raise ValueError("no such token")
            return object()

    monkeypatch.setattr("airflow.api_fastapi.app.get_auth_manager", lambda: OneToken())
    return dataclasses.replace(Settings(), data=tmp_path)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer bad"},
        {"Authorization": "Basic good"},
        {"Cookie": "_token=bad"},
        {"X-Airflow-User": "admin"},
    ],
)
def test_a_stranger_sees_nothing(desk, headers):
    """Airflow itself lets anybody at a plugin's pages."""
    docs_app.docs_path(desk).parent.mkdir(parents=True)
    docs_app.docs_path(desk).write_text("the docs")
    answer = TestClient(docs_app.docs_app(desk)).get("/", headers=headers)
    assert (answer.status_code, "the docs" in answer.text) == (401, False)


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer good"}, {"Cookie": "_token=good"}])
def test_a_signed_in_person_reads_the_docs(desk, headers):
    """By cookie in the browser, by header for a program."""
    client = TestClient(docs_app.docs_app(desk), headers=headers)
    assert "make docs" in client.get("/").text
    docs_app.docs_path(desk).parent.mkdir(parents=True)
    docs_app.docs_path(desk).write_text("the docs")
    assert client.get("/").text == "the docs"
    assert client.get("/../secrets/pgpass").status_code == 404


def test_the_plugin_registers_timetable_tab_and_link():
    """Loaded by Airflow's own loader from the plugins folder, without an error."""
    from airflow import plugins_manager

    plugins, errors = plugins_manager._get_plugins()
    assert errors == {}
    [plugin] = [plugin for plugin in plugins if plugin.name == "trading_ops"]
    assert [view["name"] for view in plugin.external_views] == ["dbt docs", "Confirm page"]
    assert [app["url_prefix"] for app in plugin.fastapi_apps] == ["/desk-docs"]
    assert "trading_ops_airflow.timetable.SessionTimetable" in plugins_manager.get_timetables_plugins()
