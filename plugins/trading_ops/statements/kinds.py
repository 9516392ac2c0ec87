"""
The kinds of rows an account statement has: a closed set, and what each does to the cash.

Pure. A row of a kind that is not in it refuses the file: a kind passed over in silence is money nobody
counts. Copy trading is left out on purpose, as no desk copies anybody.
"""

from enum import Enum

from trading_ops.statements.headers import meaning_in, plain
from trading_ops.statements.refusal import Place, StatementRefused, quoted


class Effect(Enum):
    """How a row moves the balance."""

    OPENING = "by minus its cost, which is the step of the balance and not its amount"
    CLOSING = "by what the position had cost and what it gained, from the closed positions"
    EQUITY = "by the change of realised equity"
    AMOUNT = "by its amount, while realised equity stays"
    NONE = "not at all"


class Kind(Enum):
    """What a row of the account's activity is."""

    OPENED = "opened"
    CLOSED = "closed"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    WITHDRAWAL_FEE = "withdrawal_fee"
    CONVERSION_FEE = "conversion_fee"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    ROLLOVER_FEE = "rollover_fee"
    ROLLOVER_REFUND = "rollover_refund"
    COMMISSION = "commission"
    STAMP_DUTY = "stamp_duty"
    ADJUSTMENT = "adjustment"
    AIRDROP = "airdrop"
    STAKING = "staking"
    EDIT_STOP_LOSS = "edit_stop_loss"
    SPLIT = "split"

    @property
    def effect(self) -> Effect:
        """How a row of this kind moves the balance."""
        return _EFFECTS.get(self, Effect.EQUITY)


_EFFECTS = {
    Kind.OPENED: Effect.OPENING,
    Kind.CLOSED: Effect.CLOSING,
    Kind.EDIT_STOP_LOSS: Effect.AMOUNT,
    # Units out of nothing: equity rises, and the cash does not.
    Kind.AIRDROP: Effect.NONE,
    Kind.STAKING: Effect.NONE,
    Kind.SPLIT: Effect.NONE,
}
# These bring units into the account; whatever else a position does, it has come by one of them.
OPENINGS = (Kind.OPENED, Kind.AIRDROP, Kind.STAKING)

_WORDS = {
    Kind.OPENED: ("open position", "posicion abierta", "abrir posicion", "apri posizione", "posizione aperta", "position offnen", "position eroffnet", "offene position"),
    Kind.CLOSED: ("position closed", "posicion cerrada", "posizione chiusa", "position geschlossen"),
    Kind.DEPOSIT: ("deposit", "deposito", "einzahlung"),
    Kind.WITHDRAWAL: ("withdraw request", "withdraw request cancelled", "solicitud de retirada", "richiesta di prelievo", "auszahlungsantrag"),
    Kind.WITHDRAWAL_FEE: ("withdraw fee", "comision por retirada", "commissione di prelievo", "auszahlungsgebuhr"),
    Kind.CONVERSION_FEE: ("conversion fee", "deposit conversion fee", "withdrawal conversion fee"),
    Kind.DIVIDEND: ("dividend", "dividendo", "dividende"),
    Kind.INTEREST: ("interest payment", "pago de intereses", "pagamento di interessi", "zinszahlung"),
    Kind.ROLLOVER_FEE: ("rollover fee", "overnight fee", "weekend fee", "tarifa nocturna", "commissione overnight", "ubernachtgebuhr", "rollover-gebuhr"),
    Kind.ROLLOVER_REFUND: ("overnight refund", "weekend refund"),
    Kind.COMMISSION: ("commission", "comision", "commissione", "kommission"),
    Kind.STAMP_DUTY: ("sdrt", "stamp duty"),
    Kind.ADJUSTMENT: ("adjustment", "compensation", "ajuste", "rettifica", "anpassung"),
    Kind.AIRDROP: ("airdrop",),
    Kind.STAKING: ("staking",),
    Kind.EDIT_STOP_LOSS: ("edit stop loss",),
    Kind.SPLIT: ("corp action: split",),
}  # fmt: skip
_KIND_OF = meaning_in(_WORDS)


def kind_of(said: str, where: Place | str) -> Kind:
    """
    Return the kind of a row. Raises StatementRefused, with `where` it stands, for one that is not known.
    """
    kind = _KIND_OF.get(plain(said))
    if kind is None:
        raise StatementRefused(where, "a kind of row this desk knows", quoted(said))
    return kind
