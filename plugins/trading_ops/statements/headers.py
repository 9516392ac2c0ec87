"""
Sheets and columns by what they mean, in the languages eToro writes them in.

Pure. A title is compared without case, accents, line breaks and the currency at its end, so `Amount in USD`
and `Importe (USD)` are an amount. A title nobody knows is told and never read; a needed one that is missing
refuses the file.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from trading_ops.statements.refusal import Place, StatementRefused, quoted
from trading_ops.statements.workbook import Row, Workbook

SUMMARY, CLOSED, ACTIVITY, DIVIDENDS, FINANCIAL, HOLDINGS = (
    "Account Summary", "Closed Positions", "Account Activity", "Dividends", "Financial Summary", "Holdings",
)  # fmt: skip
_SHEETS = {
    SUMMARY: ("account summary", "resumen de la cuenta", "riepilogo account", "riepilogo del conto", "kontoubersicht", "kontozusammenfassung"),
    CLOSED: ("closed positions", "posiciones cerradas", "posizioni chiuse", "geschlossene positionen"),
    ACTIVITY: ("account activity", "actividad de la cuenta", "attivita account", "attivita del conto", "kontoaktivitat", "kontoaktivitaten"),
    DIVIDENDS: ("dividends", "dividendos", "dividendi", "dividenden"),
    FINANCIAL: ("financial summary", "resumen financiero", "riepilogo finanziario", "finanzubersicht", "finanzielle zusammenfassung"),
    HOLDINGS: ("holdings", "open positions"),
}  # fmt: skip
_NEEDED_SHEETS = (SUMMARY, CLOSED, ACTIVITY)
_OLDER_SHEETS = ("transactions report", "account details")

# Column -> its titles. The sheets share them: a word means one thing in all.
_COLUMNS = {
    "date": ("date", "fecha", "data", "datum", "date of payment", "fecha de pago", "data di pagamento", "zahlungsdatum"),
    "type": ("type", "tipo", "typ", "art"),
    "details": ("details", "detalles", "dettagli", "einzelheiten"),
    "amount": ("amount", "importe", "importo", "betrag", "invested amount"),
    "units": ("units", "unidades", "unita", "einheiten", "units / contracts", "unidades / contratos", "unita / contratti", "einheiten / kontrakte"),
    "equity_change": ("realized equity change", "cambio de capital realizado", "variacion del capital realizado", "variazione del capitale realizzato", "variazione capitale realizzato", "realisierte eigenkapitalveranderung", "anderung des realisierten eigenkapitals"),
    "equity": ("realized equity", "capital realizado", "capitale realizzato", "realisiertes eigenkapital"),
    "balance": ("balance", "saldo", "kontostand", "guthaben"),
    "position_id": ("position id", "id de posicion", "id de la posicion", "id posizione", "id della posizione", "positions-id", "positions id"),
    "asset_type": ("asset type", "tipo de activo", "tipo di asset", "tipo di attivita", "tipo asset", "asset-typ", "anlagetyp"),
    "nwa": ("nwa",),
    "action": ("action", "accion", "azione", "aktion"),
    "direction": ("long / short", "long/short", "largo / corto", "lungo / corto"),
    "opened_at": ("open date", "fecha de apertura", "data di apertura", "data apertura", "eroffnungsdatum"),
    "closed_at": ("close date", "fecha de cierre", "data di chiusura", "data chiusura", "schlussdatum", "schliessdatum"),
    "leverage": ("leverage", "apalancamiento", "leva", "leva finanziaria", "hebel"),
    "spread": ("spread", "diferencial", "spread fees", "spread-gebuhren"),
    "profit": ("profit", "ganancia", "ganancias", "profitto", "gewinn"),
    "open_rate": ("open rate", "tasa de apertura", "tipo de apertura", "tasso di apertura", "eroffnungskurs"),
    "close_rate": ("close rate", "tasa de cierre", "tipo de cierre", "tasso di chiusura", "schlusskurs"),
    "isin": ("isin",),
    "instrument": ("instrument name", "nombre del instrumento", "nome dello strumento", "nome strumento", "name des instruments", "instrumentenname"),
    "net": ("net dividend received", "dividendo neto recibido", "dividendo netto ricevuto", "erhaltene nettodividende", "nettodividende"),
    "tax_rate": ("withholding tax rate (%)", "tasa de retencion fiscal (%)", "aliquota della ritenuta d'acconto (%)", "quellensteuersatz (%)"),
    "tax": ("withholding tax amount", "importe de la retencion tributaria", "importo della ritenuta d'acconto", "quellensteuerbetrag"),
    # Known and of no use here: what a person set, and whom they copied.
    "unused": ("take profit rate", "stop lose rate", "stop loss rate", "rollover fees and dividends", "copied from", "notes", "comments"),
}  # fmt: skip
_NEEDED_COLUMNS = {
    ACTIVITY: ("date", "type", "details", "amount", "units", "equity_change", "equity", "balance", "position_id", "asset_type"),
    CLOSED: ("position_id", "action", "amount", "units", "opened_at", "closed_at", "leverage", "profit", "open_rate", "close_rate"),
    # What was withheld is told by it alone, and may stand in dollars only: then it is not read.
    DIVIDENDS: ("date", "position_id"),
}  # fmt: skip

_CURRENCY = re.compile(r"\s*(?:\(([a-z]{3})\)|\b(?:in|en) ([a-z]{3}))$")


@cache
def plain(title: str) -> str:
    """Return a title without case, accents and line breaks."""
    bare = unicodedata.normalize("NFKD", title.casefold())
    return " ".join("".join(letter for letter in bare if not unicodedata.combining(letter)).split())


def meaning_in(words: Mapping[str, Iterable[str]]) -> Mapping[str, str]:
    """Return word -> meaning for a table of meaning -> words."""
    found = {word: meaning for meaning, alike in words.items() for word in alike}
    assert len(found) == sum(len(tuple(alike)) for alike in words.values()), "a word with two meanings"
    return MappingProxyType(found)


_SHEET_OF = meaning_in(_SHEETS)
_COLUMN_OF = meaning_in(_COLUMNS)


@dataclass(frozen=True)
class Sheet:
    """One sheet of a statement: its own title, where each column stands, and its rows below the titles."""

    title: str
    columns: Mapping[str, int]
    titles: Sequence[str]
    rows: Sequence[Row]
    unread: tuple[str, ...]


def sheet_of(title: str) -> str | None:
    """Return which sheet of a statement a title means, None if it means none."""
    return _SHEET_OF.get(plain(title))


def is_english(title: str) -> bool:
    """
    Say whether the title of a sheet is in English, the one language of which some countries write month
    first.
    """
    meaning = sheet_of(title)
    return meaning is not None and plain(title) == plain(meaning)


def named_sheets(book: Workbook) -> dict[str, tuple[str, Sequence[Row]]]:
    """
    Return meaning -> (title, rows) of the sheets of a statement.

    Raises StatementRefused when one is missing, there twice, or unknown, as in another broker's file.
    """
    found: dict[str, tuple[str, Sequence[Row]]] = {}
    for title, rows in book.sheets.items():
        meaning = sheet_of(title)
        if meaning is None:
            expected = "a sheet of eToro's account statement"
            if plain(title) in _OLDER_SHEETS:
                expected = "the account statement as eToro writes it since 2021: download it again"
            raise StatementRefused(f"sheet {quoted(title)}", expected, "one of another file")
        if meaning in found:
            found_too = f"{quoted(found[meaning][0])} as well"
            raise StatementRefused(f"sheet {quoted(title)}", f"one sheet with {meaning}", found_too)
        found[meaning] = (title, rows)
    for meaning in _NEEDED_SHEETS:
        if meaning not in found:
            there = ", ".join(map(quoted, book.sheets)) or "none"
            raise StatementRefused("the file", f"a sheet {meaning}", there)
    return found


def read_header(meaning: str, title: str, rows: Sequence[Row], currency: str) -> Sheet:
    """
    Return a sheet with its columns found by their titles; of two currencies, those of the account's.

    Raises StatementRefused when a needed column is missing, or one is there twice.
    """
    where = Place(title, 1)
    titles = [str(cell) for cell in rows[0]] if rows else []
    columns: dict[str, int] = {}
    unread = []
    for place, said in enumerate(titles):
        name, said_currency = column_of(said)
        if name is None or (said_currency and said_currency != currency):
            unread += [said] if said else []
        elif name in columns and name != "unused":
            there = f"{quoted(titles[columns[name]])} and {quoted(said)}"
            raise StatementRefused(where, f"one column for {name}", there)
        else:
            columns[name] = place
    missing = [name for name in _NEEDED_COLUMNS[meaning] if name not in columns]
    if missing:
        name = missing[0]
        expected = f"a column {' or '.join(map(quoted, _COLUMNS[name][:2]))}"
        raise StatementRefused(where, expected, ", ".join(map(quoted, titles)) or "no titles")
    return Sheet(title, columns, titles, rows[1:], tuple(unread))


def column_of(title: str) -> tuple[str | None, str]:
    """Return what a column's title means, None if nobody knows it, and the currency it names."""
    bare = plain(title)
    if bare in _COLUMN_OF:
        return _COLUMN_OF[bare], ""
    if currency := _CURRENCY.search(bare):
        return _COLUMN_OF.get(bare[: currency.start()].strip()), (currency[1] or currency[2]).upper()
    return None, ""
