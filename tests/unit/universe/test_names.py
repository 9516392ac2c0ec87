"""What people call an instrument: one place for page, opening and shell."""

from trading_ops.universe.names import Names, as_named, instruments_by_name

NAMED = instruments_by_name(
    [
        Names("ALDR", "ALDR", "Alder Instruments"),
        Names("BRK.B", "BRK-B", "Berkshire  Hathaway"),
        Names("BIRC", "BIR", "Birch"),
        Names("BIR", "BIRX", "Birch"),
    ]
)


def test_capitals_and_blanks_do_not_matter():
    """Symbol, vendor's symbol and search name alike."""
    for name in ("brk.b", "BRK-B", " berkshire hathaway ", "Berkshire\tHathaway"):
        assert NAMED[as_named(name)] == ("BRK.B",)


def test_a_symbol_goes_before_another_instruments_vendor_symbol():
    """BIR is an instrument of its own, whatever a vendor calls BIRC."""
    assert NAMED["BIR"] == ("BIR",)


def test_a_name_of_two_is_the_name_of_neither():
    """Whoever asks hears both."""
    assert NAMED["BIRCH"] == ("BIRC", "BIR")
