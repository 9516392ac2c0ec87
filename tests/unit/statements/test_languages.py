"""Statements in the languages and forms eToro writes them in mean the same."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.statements.made_account import START, MadeAccount
from tests.unit.statements.workbooks import xlsx
from trading_ops.statements.dates import date_reader
from trading_ops.statements.kinds import Kind
from trading_ops.statements.parse import read_statement
from trading_ops.statements.refusal import StatementRefused
from trading_ops.statements.rollforward import roll_forwards

SPANISH = {
    "Account Summary": "Resumen de la cuenta", "Closed Positions": "Posiciones cerradas",
    "Account Activity": "Actividad de la cuenta", "Dividends": "Dividendos", "Financial Summary": "Resumen financiero",
    "Date": "Fecha", "Type": "Tipo", "Details": "Detalles", "Amount": "Importe", "Units": "Unidades / contratos",
    "Realized Equity Change": "Cambio de capital realizado", "Realized Equity": "Capital realizado", "Balance": "Saldo",
    "Position ID": "ID de posición", "Asset type": "Tipo de activo", "Action": "Acción", "Open Date": "Fecha de apertura",
    "Close Date": "Fecha de cierre", "Leverage": "Apalancamiento", "Profit": "Ganancias (USD)",
    "Open Rate": "Tasa de apertura", "Close Rate": "Tasa de cierre", "Date of Payment": "Fecha de pago",
    "Instrument Name": "Nombre del instrumento", "Net Dividend Received (USD)": "Dividendo neto recibido (USD)",
    "Withholding Tax Amount (USD)": "Importe de la retención tributaria (USD)", "Name": "Nombre",
    "Username": "Nombre de usuario", "Currency": "Divisa", "Date Created": "Fecha de creación",
    "Start Date": "Fecha de inicio", "End Date": "Fecha final", "Account Summary (USD)": "Resumen de la cuenta (USD)",
    "Deposit": "Depósito", "Open Position": "Posición abierta", "Position closed": "Posición cerrada",
    "Dividend": "Dividendo", "Stocks": "Acciones",
}  # fmt: skip
ITALIAN = {
    "Account Summary": "Riepilogo account", "Closed Positions": "Posizioni chiuse",
    "Account Activity": "Attività account", "Dividends": "Dividendi", "Financial Summary": "Riepilogo finanziario",
    "Date": "Data", "Type": "Tipo", "Details": "Dettagli", "Amount": "Importo", "Units": "Unità",
    "Realized Equity Change": "Variazione del capitale realizzato", "Realized Equity": "Capitale realizzato",
    "Balance": "Saldo", "Position ID": "ID posizione", "Asset type": "Tipo di asset", "Action": "Azione",
    "Open Date": "Data di apertura", "Close Date": "Data di chiusura", "Leverage": "Leva", "Profit": "Profitto (USD)",
    "Open Rate": "Tasso di apertura", "Close Rate": "Tasso di chiusura", "Date of Payment": "Data di pagamento",
    "Instrument Name": "Nome dello strumento", "Net Dividend Received (USD)": "Dividendo netto ricevuto (USD)",
    "Withholding Tax Amount (USD)": "Importo della ritenuta d'acconto (USD)", "Name": "Nome",
    "Username": "Nome utente", "Currency": "Valuta", "Date Created": "Data di creazione", "Start Date": "Data di inizio",
    "End Date": "Data di fine", "Account Summary (USD)": "Riepilogo account (USD)", "Deposit": "Deposito",
    "Open Position": "Apri posizione", "Position closed": "Posizione chiusa", "Dividend": "Dividendo", "Stocks": "Azioni",
}  # fmt: skip
GERMAN = {
    "Account Summary": "Kontoübersicht", "Closed Positions": "Geschlossene Positionen",
    "Account Activity": "Kontoaktivität", "Dividends": "Dividenden", "Financial Summary": "Finanzübersicht",
    "Date": "Datum", "Type": "Typ", "Details": "Details", "Amount": "Betrag", "Units": "Einheiten",
    "Realized Equity Change": "Realisierte Eigenkapitalveränderung", "Realized Equity": "Realisiertes Eigenkapital",
    "Balance": "Kontostand", "Position ID": "Positions-ID", "Asset type": "Anlagetyp", "Action": "Aktion",
    "Open Date": "Eröffnungsdatum", "Close Date": "Schlussdatum", "Leverage": "Hebel", "Profit": "Gewinn (USD)",
    "Open Rate": "Eröffnungskurs", "Close Rate": "Schlusskurs", "Date of Payment": "Zahlungsdatum",
    "Instrument Name": "Name des Instruments", "Net Dividend Received (USD)": "Erhaltene Nettodividende (USD)",
    "Withholding Tax Amount (USD)": "Quellensteuerbetrag (USD)", "Name": "Name", "Username": "Benutzername",
    "Currency": "Währung", "Date Created": "Erstellungsdatum", "Start Date": "Startdatum", "End Date": "Enddatum",
    "Account Summary (USD)": "Kontoübersicht (USD)", "Deposit": "Einzahlung", "Open Position": "Position eröffnet",
    "Position closed": "Position geschlossen", "Dividend": "Dividende", "Stocks": "Aktien",
}  # fmt: skip
DAY = START + timedelta(days=4)


def account() -> MadeAccount:
    """Five days into the year, so that every date could be read two ways."""
    made = MadeAccount()
    made.deposit(DAY, "1000.00")
    number = made.buy(DAY + timedelta(hours=1), "AAPL/USD", "300.00", "2", "Apple")
    made.sell(DAY + timedelta(hours=2), number, "1.50", "0.5")
    made.dividend(DAY + timedelta(hours=3), number, "0.36", "0.1543")
    return made


def translated(sheets: dict, words: dict, buys: str = "Buy") -> dict:
    """Return the sheets with each title, kind and asset in other words."""
    return {
        words.get(title, title): [
            [
                words.get(cell, cell).replace("Buy", buys) if isinstance(cell, str) else cell
                for cell in row
            ]
            for row in rows
        ]
        for title, rows in sheets.items()
    }  # fmt: skip


@pytest.mark.parametrize(("words", "buys"), [(SPANISH, "Comprar"), (ITALIAN, "Acquista"), (GERMAN, "Kaufen")])
def test_a_statement_says_the_same_in_every_language(words, buys):
    """Also of the first days of a month, as only English files put the month first anywhere."""
    until = DAY + timedelta(days=5)
    made = account()
    english = read_statement(made.export(end=until.replace(day=20)))
    other = read_statement(xlsx(translated(made.sheets(end=until, made_at=until), words, buys)))
    assert [row.kind for row in other.activity] == [Kind.DEPOSIT, Kind.OPENED, Kind.CLOSED, Kind.DIVIDEND]
    facts = [(row.happened_at, row.amount, row.units, row.balance, row.asset) for row in english.activity]
    assert [
        (row.happened_at, row.amount, row.units, row.balance, row.asset) for row in other.activity
    ] == facts
    assert other.closed[0].instrument == "Apple" and not other.closed[0].is_short
    assert not any(one.first_break for one in roll_forwards(other))


def test_newer_files_have_the_direction_and_a_second_currency_in_columns_of_their_own():
    """`Long / Short` beside the name, `Profit(EUR)` beside `Profit(USD)`: the account's currency counts."""
    sheets = account().sheets()
    titles, *rows = sheets["Closed Positions"]
    sheets["Closed Positions"] = [
        [*("Profit(USD)" if title == "Profit" else title for title in titles), "Long / Short", "Profit(EUR)"],
        *([row[0], row[1].removeprefix("Buy "), *row[2:], "Short", row[8] * 2] for row in rows),
    ]
    (closed,) = read_statement(xlsx(sheets)).closed
    assert (closed.instrument, closed.is_short, str(closed.profit)) == ("Apple", True, "1.50")


def test_rows_from_the_newest_on_are_turned_round():
    """The balance of a row then comes from the row below it."""
    sheets = account().sheets()
    titles, *rows = sheets["Account Activity"]
    statement = read_statement(xlsx(sheets | {"Account Activity": [titles, *reversed(rows)]}))
    assert not any(one.first_break for one in roll_forwards(statement))
    assert statement.activity[0].kind is Kind.DEPOSIT


@pytest.mark.parametrize(
    ("texts", "at"),
    [
        (["02/08/2021 10:00:00", "13/08/2021 10:00:00"], datetime(2021, 8, 2, 10, tzinfo=UTC)),
        (["02/08/2021 10:00:00", "02/13/2021 10:00:00"], datetime(2021, 2, 8, 10, tzinfo=UTC)),
        (["02.08.2021", "03.08.2021"], datetime(2021, 8, 2, tzinfo=UTC)),
        (["02-08-2021 10:00", "28-08-2021 10:00"], datetime(2021, 8, 2, 10, tzinfo=UTC)),
        (["2/8/2021 9:05:00 PM", "8/31/2021 12:00:00 AM"], datetime(2021, 2, 8, 21, 5, tzinfo=UTC)),
        (["2021-08-02 10:00:00"], datetime(2021, 8, 2, 10, tzinfo=UTC)),
        (["08/08/2021"], datetime(2021, 8, 8, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_order_of_day_and_month_is_read_from_the_whole_file(texts, at):
    """One date after the 12th settles it for all."""
    read = date_reader([(text, "here") for text in texts])
    assert read(texts[0], "here") == at


@pytest.mark.parametrize("texts", [["02/08/2021"], ["02-08-2021 10:00:00", "11-12-2021 10:00:00"]])
def test_dates_that_could_be_read_two_ways_are_refused_with_a_cure(texts):
    """Nothing is guessed, neither from the order of the rows nor from the country."""
    with pytest.raises(StatementRefused, match="a period with a day after the 12th"):
        date_reader([(text, "here") for text in texts])


@pytest.mark.parametrize(
    "texts", [["13/08/2021", "08/13/2021"], ["13/08/2021", "13.08.2021"], ["32/01/2021"]]
)
def test_dates_of_which_no_order_fits_all_are_refused(texts):
    """A file put together from two."""
    with pytest.raises(StatementRefused):
        read = date_reader([(text, "here") for text in texts])
        [read(text, "here") for text in texts]


def test_what_was_withheld_is_not_read_when_it_stands_in_another_currency():
    """An account in pounds whose dividends are told in dollars: their cash stands in the activity."""
    made = account()
    made.currency = "GBP"
    sheets = made.sheets()
    sheets["Dividends"][0] = [title.replace("GBP", "USD") for title in sheets["Dividends"][0]]
    statement = read_statement(xlsx(sheets))
    assert (statement.currency, statement.dividends) == ("GBP", ())
    assert "Dividends: Net Dividend Received (USD)" in statement.unread


def test_totals_are_read_in_the_currency_of_the_account():
    """Where each stands in two of them, the other one first."""
    sheets = account().sheets()
    start = next(n for n, row in enumerate(sheets["Account Summary"]) if row[0] == "Account Summary (USD)")
    for number, row in enumerate(sheets["Account Summary"][start:], start=start):
        title = ["Account Summary", "Totals (EUR)", "Totals (USD)"]
        other = row[1] if isinstance(row[1], str) else row[1] * 2
        sheets["Account Summary"][number] = title if number == start else [row[0], other, row[1]]
    statement = read_statement(xlsx(sheets))
    assert str(statement.totals[-1].amount) == "1001.86"
    assert not any(one.first_break for one in roll_forwards(statement))
