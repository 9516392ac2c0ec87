"""How names moved between two rankings, as the model report draws it."""

from datetime import date

from trading_ops.reports.models import Move, rank_moves

BEFORE, NOW = date(2026, 6, 5), date(2026, 6, 12)


def ranking(day: date, symbols: str) -> list[dict]:
    """Rows of one ranking, best first."""
    return [
        {
            "as_of_date": day,
            "method": "qlib",
            "model_version": "a" * 64,
            "internal_symbol": symbol,
            "signal_rank": rank,
        }
        for rank, symbol in enumerate(symbols, start=1)
    ]


def test_the_leading_names_of_either_run_are_shown_by_their_new_rank():
    """
    B left the top, D entered it, E was not ranked before, F is not ranked any more and stands last; C never
    led.
    """
    moves = rank_moves(ranking(NOW, "DAECB") + ranking(BEFORE, "ABFCD"), top_count=3)
    assert (moves.name, moves.earlier_date, moves.later_date) == ("qlib aaaaaaaaaaaa", BEFORE, NOW)
    assert moves.moves == [
        Move("D", 5, 1),
        Move("A", 1, 2),
        Move("E", None, 3),
        Move("B", 2, 5),
        Move("F", 3, None),
    ]


def test_one_ranking_alone_moves_nothing():
    """The first week has nothing to be compared with, and a desk without any has none at all."""
    assert rank_moves(ranking(NOW, "AB"), top_count=3) is None
    assert rank_moves([], top_count=3) is None
