"""
The summary of a statement: whose account it is, of which time, and what it comes to.

Pure. The labels before the totals are known by their words. The totals stand between the equity before and
the equity after, whatever they are called, so a total nobody knows still has to add up.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trading_ops.statements.cells import cents, figure, text_of
from trading_ops.statements.headers import SUMMARY, meaning_in, plain, sheet_of
from trading_ops.statements.refusal import Place, StatementRefused, quoted
from trading_ops.statements.rows import Total
from trading_ops.statements.workbook import Row

_ACCOUNT_LABELS = {
    "account_name": ("name", "nombre", "nome"),
    "username": ("username", "nombre de usuario", "nome utente", "benutzername"),
    "currency": ("currency", "divisa", "moneda", "valuta", "wahrung"),
    "made_at": ("date created", "fecha de creacion", "data di creazione", "data creazione", "erstellungsdatum", "erstellt am"),
    "start_at": ("start date", "fecha de inicio", "fecha inicial", "data di inizio", "data inizio", "startdatum"),
    "end_at": ("end date", "fecha de finalizacion", "fecha final", "fecha de fin", "data di fine", "data fine", "enddatum"),
}  # fmt: skip
_TOTAL_LABELS = {
    "deposits": ("deposits", "depositos", "depositi", "einzahlungen"),
    "refunds": ("refunds", "reembolsos", "rimborsi", "ruckerstattungen"),
    "credits": ("credits", "creditos", "crediti", "gutschriften"),
    "adjustments": ("adjustments", "ajustes", "rettifiche", "anpassungen"),
    "profit": ("profit or loss (closed positions only)", "ganancia o perdida (solo posiciones cerradas)", "profitto o perdita (solo posizioni chiuse)", "gewinn oder verlust (nur geschlossene positionen)"),
    "dividends": ("dividends", "dividendos", "dividendi", "dividenden"),
    "rollover_fees": ("rollover fees", "overnight fees", "tarifas nocturnas", "commissioni overnight", "rollover-gebuhren", "ubernachtgebuhren"),
    "withdrawals": ("withdrawals", "retiradas", "prelievi", "auszahlungen"),
    "withdrawal_fees": ("withdrawal fees", "comisiones por retirada", "commissioni di prelievo", "auszahlungsgebuhren"),
    "interest": ("interest payments", "interest", "intereses", "interessi", "zinsen"),
}  # fmt: skip
_ACCOUNT_LABEL_OF = meaning_in(_ACCOUNT_LABELS)
_TOTAL_LABEL_OF = meaning_in(_TOTAL_LABELS)
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Summary:
    """The summary's cells: those about the account with where they stand, and the totals."""

    account: Mapping[str, tuple[object, Place]]
    currency: str
    totals: Sequence[Total]


def read_summary(title: str, rows: Sequence[Row]) -> Summary:
    """Return the summary of a statement. Raises StatementRefused for what is missing in it."""
    start = next(
        (
            number
            for number, row in enumerate(rows)
            if number and row and sheet_of(column_of_title(row[0])) == SUMMARY
        ),
        None,
    )
    if start is None:
        raise StatementRefused(f"sheet {quoted(title)}", "totals below the title Account Summary", "none")
    account: dict[str, tuple[object, Place]] = {}
    for number, row in enumerate(rows[:start], start=1):
        meaning = _ACCOUNT_LABEL_OF.get(plain(str(row[0])))
        if meaning and len(row) > 1:
            account[meaning] = (row[1], Place(title, number))
    for meaning, words in _ACCOUNT_LABELS.items():
        if not account.get(meaning, ("",))[0]:
            raise StatementRefused(f"sheet {quoted(title)}", f"a row {words[0].title()}", "none")
    said, where = account["currency"]
    currency = text_of(said).upper()
    if not _CURRENCY.fullmatch(currency):
        raise StatementRefused(where, "a currency such as USD or GBP", quoted(said))
    return Summary(account, currency, _totals(title, rows, start, currency))


def column_of_title(cell: object) -> str:
    """Return the words of a title without the currency in brackets behind them."""
    return re.sub(r"\s*\([A-Z]{3}\)\s*$", "", str(cell))


def _totals(title: str, rows: Sequence[Row], start: int, currency: str) -> tuple[Total, ...]:
    column = _column(rows[start], currency)
    totals = []
    for number, row in enumerate(rows[start + 1 :], start=start + 2):
        label = text_of(row[0])
        if not label:
            break
        where = Place(title, number)
        if figure(row[column], where) is None:
            raise StatementRefused(where, f"an amount of {label}", quoted(row[column]))
        meaning = _TOTAL_LABEL_OF.get(plain(column_of_title(label)), "")
        totals.append(Total(number, label, meaning, cents(row[column], where)))
    if len(totals) < 2:
        found = f"{len(totals)} totals"
        raise StatementRefused(f"sheet {quoted(title)}", "the realised equity before and after", found)
    return tuple(totals)


def _column(header: Row, currency: str) -> int:
    """Return the column of the account's currency; without any named the one after the labels."""
    named = [place for place, cell in enumerate(header) if place and f"({currency})" in str(cell)]
    return named[0] if named else 1
