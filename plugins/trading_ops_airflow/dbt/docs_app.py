"""
The dbt docs inside Airflow, for people who are signed in there.

Airflow does not authenticate the pages of plugins (apache/airflow#72655), so this app asks
Airflow's own auth manager about every request.
"""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from trading_ops.settings import Settings

_NOT_YET = """<!doctype html><meta charset="utf-8"><title>dbt docs</title>
<body style="font: 16px system-ui; max-width: 40rem; margin: 4rem auto; color: #222">
<h1>The dbt docs are not built yet</h1>
<p>Run <code>make docs</code> once; it takes a few seconds. This page then shows every model, its columns,
its tests and the lineage from vendor rows to the gates.</p>
"""


def docs_path(config: Settings) -> Path:
    """Return the one file that holds the whole dbt docs site."""
    return config.data / "docs/static_index.html"


def docs_app(config: Settings) -> FastAPI:
    """Return the app; it serves one page and nothing else."""
    app = FastAPI(title="dbt docs of the desk", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def require_sign_in(request: Request, call_next) -> Response:
        if not await _is_signed_in(request):
            return PlainTextResponse("sign in to Airflow first\n", status_code=401)
        return await call_next(request)

    @app.get("/")
    def show() -> Response:
        path = docs_path(config)
        return FileResponse(path, media_type="text/html") if path.exists() else HTMLResponse(_NOT_YET)

    return app


async def _is_signed_in(request: Request) -> bool:
    from airflow.api_fastapi.app import get_auth_manager

    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer if scheme.lower() == "bearer" else request.cookies.get("_token")
    if not token:
        return False
    try:
        return await get_auth_manager().get_user_from_token(token) is not None
    # Whatever is wrong with a token, its bearer is not signed in.
    except Exception:
        return False
