"""
The verbs that are nouns with a file of their own: what each is for, what adds its options, and what runs it.
"""

import argparse
from collections.abc import Callable

from trading_ops.cli import (
    away,
    fetch,
    fills,
    incidents,
    mail,
    models,
    opening,
    splits,
    statement,
    tax,
    universe,
)

Verb = tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace], int]]

NOUNS: dict[str, Verb] = {
    "incidents": ("what is open, and who has it in hand", incidents.add_verbs, incidents.run),
    "mail": ("deliver what waits in the outbox", mail.add_verbs, mail.run),
    "away": ("say when the executor is away: such a week is a NO-TRADE", away.add_options, away.run),
    "opening": ("what the book began with, cash and stocks", opening.add_verbs, opening.run),
    "splits": ("what is believed of the splits of holdings", splits.add_verbs, splits.run),
    "statement": ("eToro's account statements, and what they prove", statement.add_verbs, statement.run),
    "fetch": ("get missing bars from online sources", fetch.add_options, fetch.run),
    "fills": ("fills of another executor, kept apart", fills.add_verbs, fills.run),
    "model": ("the models and which of them may rank", models.add_verbs, models.run),
    "tax": ("gains by the UK's share matching rules, as information", tax.add_verbs, tax.run),
    "universe": ("the instruments the desk knows", universe.add_verbs, universe.run),
}
