"""
The execution desk's page: read the ticket, execute by hand, record line by line.

A GET changes nothing, a form counts once however often it is sent, and whatever is wrong is said
beside the field it is wrong in. Works without JavaScript; `serving.py` says how it is served.
"""

from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from confirm_app import answers, request_log
from confirm_app.account.books import books
from confirm_app.account.cases import cases
from confirm_app.account.cash import cash
from confirm_app.account.events import events
from confirm_app.account.snapshots import snapshots
from confirm_app.account.statements import allow_upload, statements
from confirm_app.database import stop_reading
from confirm_app.guide import guide
from confirm_app.halt import halt
from confirm_app.health import health
from confirm_app.incidents import incidents
from confirm_app.people.access import access
from confirm_app.people.session_key import read_session_key
from confirm_app.people.sign_in import sign_in
from confirm_app.symbols import symbols
from confirm_app.tickets.confirmations import confirmations
from confirm_app.tickets.pages import tickets
from confirm_app.tickets.plan_again import plan_again
from confirm_app.tickets.trial import trial
from trading_ops.settings import Settings, settings
from trading_ops.tickets.build import NOT_FOUND_RULE, instruction, label_of, skip_price_usd, skip_rule
from trading_ops.tickets.executed import done, remarks, slippage
from trading_ops.tickets.fill_findings import is_checked, questions
from trading_ops.tickets.owed import left
from trading_ops.tickets.render import shown_hash
from trading_ops.tickets.trial import FIGURES
from trading_ops.wording.templates import OPTIONS, furnished


def create_app(config: Settings | None = None) -> Flask:
    """Return the page for the desk that config (by default this process's settings) describes."""
    config = config or settings()
    is_https = config.page_url.startswith("https://")
    app = Flask(__name__)
    app.config.update(
        DESK_SETTINGS=config,
        SECRET_KEY=read_session_key(config.session_key),
        # Other programs on the same host name share its cookies, whatever their port.
        SESSION_COOKIE_NAME="__Host-trading_ops" if is_https else "trading_ops",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        # A page read before the window opens must still be usable after it closes.
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=256 * 1024,
    )
    app.jinja_options = OPTIONS
    furnished(
        app.jinja_env,
        label=_label,
        instruction=instruction,
        skip_rule=skip_rule,
        shown_hash=shown_hash,
        left=left,
        done=done,
        slippage=slippage,
        remarks=remarks,
        is_checked=is_checked,
        questions=questions,
        limit=skip_price_usd,
    )
    app.jinja_env.globals |= {"not_found_rule": NOT_FOUND_RULE, "test_figures": FIGURES}
    app.teardown_request(stop_reading)
    # Access first: an expired session leads to the sign-in page, not to a CSRF error.
    app.register_blueprint(access)
    # Then what may be large, as looking for the CSRF token reads the whole form.
    app.before_request(allow_upload)
    CSRFProtect(app)
    account, told = (books, snapshots, cash, events, cases, statements), (symbols, halt, incidents, guide)
    for blueprint in (sign_in, tickets, plan_again, confirmations, trial, *account, *told, health):
        app.register_blueprint(blueprint)
    answers.register(app)
    request_log.register(app)
    return app


def _label(desk: Mapping) -> str:
    # A desk whose portfolio does not exist yet has no money of any kind.
    return label_of(desk["portfolio_kind"] or "simulated", desk["environment"])
