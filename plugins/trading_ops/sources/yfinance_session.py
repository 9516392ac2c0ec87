"""
The yfinance package, kept to the desk's own HTTP and its limits.

yfinance would open a browser-like session, fetch a cookie and a crumb and click through a consent
form. The session given to it here answers only Yahoo's chart address, through HttpSession, so that
nothing pretends to be a browser and every reply is examined before the package sees it.
"""

import io
import json
import logging
import re
import tempfile
import warnings
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import requests
import yfinance

from trading_ops.sources.failure import NotDelivered, place_of
from trading_ops.sources.http_session import HttpSession
from trading_ops.sources.replies import Refusals, Reply, examine

# It tells of the cookies it does without and of what is raised here anyway.
logging.getLogger("yfinance").setLevel(logging.CRITICAL)

_CHART = "/v8/finance/chart/"
_FIRST_DATE = "1970-01-01"


def history(http: HttpSession, symbol: str, newest_date: date, refusals: Refusals) -> pd.DataFrame:
    """
    Return the daily bars of a symbol up to a date, as yfinance gives them without adjusting.

    Raises NotDelivered, also when Yahoo answers for another symbol or in another currency: it
    forwards a ticker that was given up to its successor.
    """
    _keep_no_cache_at_home()
    yfinance.data.YfData.cache_get.cache_clear()
    adapter = _ChartAdapter(http, refusals)
    session = requests.Session()
    session.mount("https://", adapter)
    ticker = yfinance.Ticker(symbol, session=session)
    try:
        with warnings.catch_warnings():
            # Its own use of pandas is for its authors to mend.
            warnings.simplefilter("ignore")
            bars = ticker.history(
                start=_FIRST_DATE,
                end=(newest_date + timedelta(days=1)).isoformat(),
                auto_adjust=False,
                actions=True,
            )
    except Exception as error:
        raise adapter.refused or NotDelivered("failed", f"yfinance: {place_of(error)}") from None
    if adapter.refused:
        raise adapter.refused
    if bars.empty:
        raise NotDelivered("no_data", "a chart without bars")
    answered, currency = (ticker.history_metadata.get(name) for name in ("symbol", "currency"))
    if answered != symbol:
        raise NotDelivered("not_found", f"asked for {symbol}, Yahoo answered for {_word(answered)}")
    if currency != "USD":
        raise NotDelivered("not_found", f"quoted in {_word(currency)}, not in USD")
    return bars


class _ChartAdapter(requests.adapters.BaseAdapter):
    """Carries yfinance's requests for charts; remembers the first refusal, which yfinance would swallow."""

    def __init__(self, http: HttpSession, refusals: Refusals) -> None:
        super().__init__()
        self._http = http
        self._refusals = refusals
        self.refused: NotDelivered | None = None

    def send(self, request, **ignored) -> requests.Response:
        asked = urlsplit(request.url)
        if not asked.path.startswith(_CHART):
            raise requests.ConnectionError("only charts are asked for")
        if self.refused:
            raise requests.ConnectionError(str(self.refused))
        try:
            reply = self._http.get(asked.path, dict(parse_qsl(asked.query)), self._examine)
        except NotDelivered as refused:
            self.refused = refused
            raise requests.ConnectionError(str(refused)) from None
        response = requests.Response()
        response.status_code, response.url, response.request = reply.status, request.url, request
        response.raw, response.encoding = io.BytesIO(reply.body), "utf-8"
        return response

    def close(self) -> None:
        """There is nothing to close."""

    def _examine(self, reply: Reply) -> NotDelivered | None:
        return examine(reply, _is_chart, self._refusals)


def _word(said: object) -> str:
    """Return a symbol or a currency of a reply, or that it is none."""
    return said if isinstance(said, str) and re.fullmatch(r"[A-Z0-9.^=-]{1,12}", said) else "another"


def _is_chart(reply: Reply) -> bool:
    try:
        chart = json.loads(reply.body)["chart"]["result"][0]
    except (ValueError, KeyError, TypeError, IndexError):
        return False
    if not chart.get("timestamp"):
        raise NotDelivered("no_data", "a chart without bars")
    return True


@lru_cache
def _keep_no_cache_at_home() -> tempfile.TemporaryDirectory:
    # It keeps time zones in a database under the user's home, which a service may not have.
    folder = tempfile.TemporaryDirectory(prefix="yfinance-")
    yfinance.set_tz_cache_location(folder.name)
    return folder
