"""
The simulated executor: a person at the confirm page, played over HTTP.

Signs in, reads the real pages and submits the real forms, with nothing but the standard library.
It trades on the simulated broker and types in what that account shows, so a simulated week goes
through every check a real one does.
"""

import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from http.cookiejar import CookieJar

from trading_ops.simulation.broker import BrokerFill, SimulatedBroker
from trading_ops.simulation.forms import Form, Page, read_page
from trading_ops.simulation.typed import Outcome, TypedFill, confirmation_fields, snapshot_rows
from trading_ops.tickets.build import TicketLine
from trading_ops.wording.instants import on_clock

_TIMEOUT_S = 30
_AWAY_S = 60  # by then a page that was killed is there again
# The two fills of a partly executed line, as fractions of its value.
_PARTS = (Decimal("0.4"), Decimal("0.2"))


class ExecutorError(Exception):
    """The page did not take what the executor sent; the message is what `page` says, where there is one."""

    def __init__(self, message: str, page: Page | None = None) -> None:
        super().__init__(message)
        self.page = page


class SimulatedExecutor:
    """A signed-in person. Raises ExecutorError when the page refuses the sign-in or a form."""

    def __init__(self, base_url: str, person: str, password: str) -> None:
        self._base_url = base_url.rstrip("/")
        # Never through a proxy: the page is on this machine or on the desk's own network.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        form = self._form("/sign-in", "/sign-in")
        self._submit(form, {"person": person, "password": password})

    def confirm(self, ticket_id: str, outcomes: Mapping[int, Outcome]) -> None:
        """Record each line number's outcome, in order; a recorded line needs amendment_reason."""
        path = f"/confirm/{urllib.parse.quote(ticket_id)}"
        for line_number, outcome in sorted(outcomes.items()):
            form = self._form(path, f"{path}/lines/{line_number}")
            self._submit(form, confirmation_fields(outcome), are_figures_checked=outcome.are_figures_checked)

    def submit_snapshot(
        self, cash_gbp: Decimal, positions: Mapping[str, Decimal], taken_at: datetime | None = None
    ) -> None:
        """
        Record cash and units per symbol as of taken_at, by default the instant the form is opened.

        What the account shows is true, so what the page doubts is ticked.
        """
        form = self._form("/snapshots/new", "/snapshots/new")
        fields = {"cash": f"{cash_gbp:f}", **snapshot_rows(form, positions)}
        if not positions:
            fields["no_positions"] = "yes"
        if taken_at:
            fields |= {
                "date": on_clock(taken_at, "London", "%Y-%m-%d"),
                "time": on_clock(taken_at, "London", "%H:%M:%S"),
                "zone": "London",
            }
        self._submit(form, fields, are_figures_checked=True)

    def _form(self, path: str, action: str) -> Form:
        page = self._open(path)
        for form in page.forms:
            if form.action.partition("#")[0] == action:
                return form
        raise ExecutorError(
            f"{self._base_url}{path} has no form for {action}: {' '.join(page.errors) or page.title}"
        )

    def _submit(self, form: Form, fields: Mapping[str, str], *, are_figures_checked: bool = False) -> None:
        try:
            self._send(form, fields)
        except ExecutorError as refusal:
            asked = refusal.page.doubts_of(form.action) if refusal.page else {}
            if not (are_figures_checked and asked):
                raise
            self._send(form, {**fields, **asked})

    def _send(self, form: Form, fields: Mapping[str, str]) -> None:
        body = urllib.parse.urlencode({**form.fields, **fields}).encode()
        page = self._open(form.action, body)
        if page.errors:
            raise ExecutorError(f"{form.action}: {' '.join(page.errors)}")

    def _open(self, path: str, body: bytes | None = None) -> Page:
        deadline = time.monotonic() + _AWAY_S
        while True:
            try:
                return self._ask(path, body)
            except OSError:
                # It may be starting anew. A form that did arrive has a key that makes a second sending safe.
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.5)

    def _ask(self, path: str, body: bytes | None) -> Page:
        request = urllib.request.Request(
            urllib.parse.urljoin(self._base_url + "/", path.partition("#")[0]), data=body
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return read_page(answer.read().decode())
        except urllib.error.HTTPError as error:
            page = read_page(error.read().decode(errors="replace"))
            message = f"{path} answered {error.code}: {' '.join(page.errors) or page.title}"
            raise ExecutorError(message, page) from None


def trade_lines(
    broker: SimulatedBroker,
    ticket_id: str,
    lines: Iterable[TicketLine],
    prices_usd: Mapping[str, Decimal],
    executed_at: datetime,
    mix: Mapping[int, str] | None = None,
) -> dict[int, Outcome]:
    """
    Follow a ticket on the simulated broker and return what to type into the page, per line number.

    A symbol without a price is FAILED, a price past the limit SKIPPED, and so is what `mix` says
    for a line number (DONE, PARTIAL, SKIPPED or FAILED); every other line is DONE. PARTIAL trades
    60 % of the value in two fills. The same call again gives the same outcomes and trades nothing.
    """
    mix = mix or {}
    return {
        line.line_number: _trade_line(
            broker,
            ticket_id,
            line,
            prices_usd.get(line.internal_symbol),
            executed_at,
            mix.get(line.line_number, "DONE"),
        )
        for line in lines
    }


def _trade_line(
    broker: SimulatedBroker,
    ticket_id: str,
    line: TicketLine,
    price_usd: Decimal | None,
    executed_at: datetime,
    wanted: str,
) -> Outcome:
    if wanted == "FAILED" or price_usd is None:
        return Outcome("FAILED", notes="Simulated: not found.")
    is_past_limit = (
        price_usd > line.price_limit_usd if line.side == "BUY" else price_usd < line.price_limit_usd
    )
    if wanted == "SKIPPED" or is_past_limit:
        return Outcome("SKIPPED", notes=f"Simulated: the price was {price_usd:f} USD.")
    parts = _PARTS if wanted == "PARTIAL" else (Decimal(1),)
    fills = []
    for number, part in enumerate(parts, start=1):
        try:
            execution = broker.execute(
                f"{ticket_id}:{line.line_number}:{number}",
                symbol=line.internal_symbol,
                side=line.side,
                value_gbp=(line.value_gbp * part).quantize(Decimal("0.01")),
                price_usd=price_usd,
                gbpusd_rate=line.gbpusd_rate,
                is_full_exit=line.is_full_exit and wanted == "DONE",
            )
        except ValueError as refusal:
            return _refused(fills, refusal)
        fills.append(_fill(execution, executed_at))
    total_gbp = sum(fill.value_gbp for fill in fills)
    # A whole position sold after a jump brings more or less than planned; that is true, so it is checked.
    is_odd = wanted == "DONE" and abs(total_gbp - line.value_gbp) > line.value_gbp * Decimal("0.05")
    return Outcome(wanted, tuple(fills), are_figures_checked=is_odd)


def _refused(fills: list[TypedFill], refusal: ValueError) -> Outcome:
    return Outcome("PARTIAL" if fills else "FAILED", tuple(fills), notes=f"Simulated: {refusal}.")


def _fill(execution: BrokerFill, executed_at: datetime) -> TypedFill:
    # The form takes whole seconds.
    at = executed_at.astimezone(UTC).replace(microsecond=0)
    return TypedFill(execution.units, execution.price_usd, execution.value_gbp, at)
