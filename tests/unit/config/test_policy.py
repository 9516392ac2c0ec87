"""The policy file: exact numbers, one hash per meaning, and a refusal that names the line to mend."""

import re
from decimal import Decimal

import pytest
from pydantic import ValidationError

from trading_ops.config.policy import PolicyError, parse_policy, policy_of_body
from trading_ops.settings import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "config/policy.yml").read_text()


def changed(old: str, new: str) -> str:
    """The committed policy with one piece of text replaced; the piece must be there."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def line_of(piece: str) -> int:
    """The line of the committed policy a piece of text is on."""
    return next(number for number, line in enumerate(TEXT.splitlines(), start=1) if piece in line)


def refusal(text: str) -> str:
    """What parse_policy says against a text."""
    with pytest.raises(PolicyError) as error:
        parse_policy(text, "policy.yml")
    return str(error.value)


def test_numbers_are_exactly_what_is_written():
    """0.08 is the decimal 0.08, not the float next to it."""
    policy = parse_policy(TEXT, "policy.yml")
    assert policy.sizing.weight_ratio_max == Decimal("0.08")
    assert policy.risk.price_band_atr_max == Decimal(3)
    assert isinstance(policy.sizing.positions_count, int)
    many = parse_policy(changed("0.08", "0.0800000000000000000000001"), "policy.yml")
    assert str(many.sizing.weight_ratio_max) == "0.0800000000000000000000001"


def test_every_number_of_the_file_is_a_limit():
    """Under its dotted path, numbers only; SQL reads its thresholds nowhere else."""
    limits = parse_policy(TEXT, "policy.yml").limits()
    assert limits["risk.weight_ratio_max"] == Decimal("0.10")
    assert limits["execution.window_open_after_minutes"] == Decimal(15)
    assert all(isinstance(value, Decimal) for value in limits.values())
    written = re.findall(r"^ *\w+: [0-9.]+$", TEXT, re.MULTILINE)
    assert len(limits) == len(written) > 20


def test_layout_does_not_change_the_hash_but_meaning_does():
    """Comments, order and trailing zeros are layout; a number is meaning."""
    policy_hash = parse_policy(TEXT, "policy.yml").policy_hash
    first, second = "  positions_count: 15\n", "  weight_ratio_max: 0.08\n"
    assert first + second in TEXT
    relaid = TEXT.replace(first + second, second.replace("0.08", "0.0800") + first) + "\n# a comment\n"
    assert parse_policy(relaid, "other.yml").policy_hash == policy_hash
    assert parse_policy(changed("0.08", "0.07"), "policy.yml").policy_hash != policy_hash


def test_a_stored_body_is_the_same_policy_again():
    """What Postgres keeps gives back the policy with its hash."""
    policy = parse_policy(TEXT, "policy.yml")
    assert policy_of_body(policy.body()) == policy
    assert policy_of_body(policy.body()).policy_hash == policy.policy_hash


def test_a_policy_cannot_be_changed():
    """A run's rules stay what they were."""
    with pytest.raises(ValidationError):
        parse_policy(TEXT, "policy.yml").risk.weight_ratio_max = Decimal(1)


@pytest.mark.parametrize(
    ("old", "new", "field", "accepted"),
    [
        ("weight_ratio_max: 0.08", "weight_ratio_max: lots", "sizing.weight_ratio_max", "such as 0.08"),
        ("weight_ratio_max: 0.08", "weight_ratio_max: '0.08'", "sizing.weight_ratio_max", "such as 0.08"),
        ("weight_ratio_max: 0.08", "weight_ratio_max: 1.01", "sizing.weight_ratio_max", "up to 1"),
        ("weight_ratio_max: 0.08", "weight_ratio_max: 0", "sizing.weight_ratio_max", "above 0"),
        ("weight_ratio_max: 0.08", "weight_ratio_max: -0.01", "sizing.weight_ratio_max", "above 0"),
        ("weight_ratio_max: 0.08", "weight_ratio_max: .inf", "sizing.weight_ratio_max", "plain number"),
        ("weight_ratio_max: 0.08", "weight_ratio_max:", "sizing.weight_ratio_max", "such as 0.08"),
        ("weight_ratio_max: 0.08", "weight_ratio_max: yes", "sizing.weight_ratio_max", "such as 0.08"),
        ("positions_count: 15", "positions_count: 15.0", "sizing.positions_count", "whole number"),
        ("positions_count: 15", "positions_count: 0", "sizing.positions_count", "at least 1"),
        ("positions_count: 15", "positions_count: yes", "sizing.positions_count", "whole number"),
        ("order_gbp_min: 25.00", "order_gbp_min: 25.001", "sizing.order_gbp_min", "whole pennies"),
        ("after_minutes: 90", "after_minutes: 1:30", "execution.window_close_after_minutes", "such as 15"),
        ("after_minutes: 90", "after_minutes: 211", "execution.window_close_after_minutes", "to 210"),
        ("price_limit_ratio: 0.03", "price_limit_ratio: 1", "execution.price_limit_ratio", "below 1"),
        ("base_currency: GBP", "base_currency: USD", "account.base_currency", "GBP"),
        ("method: momentum_12_1", "method: hunch", "signal.method", "static_list, momentum_12_1 or qlib"),
        ("[simulated,", "[Simulated,", "market_data.source_order.0", "source names"),
        (
            "[simulated, alpha_vantage, tiingo, yahoo, stooq, twelve_data]",
            "[]",
            "market_data.source_order",
            "source names",
        ),
        ("[simulated, alpha", "[yahoo, alpha", "market_data.source_order", "each entry once"),
        ("policy_version: 1", "policy_version: 2", "policy_version", "1"),
        ("  price_band_atr_max: 3", "  price_band_max: 3", "risk.price_band_max", "price_band_atr_max"),
        ("positions_count: 15", "weight_ratio_max: 0.05", "sizing.weight_ratio_max", "once"),
        (
            "positions_count: 15",
            f"positions_count: {'1' * 5000}",
            "sizing.positions_count",
            "at most 30 digits",
        ),
        ("positions_count: 15", f"positions_count: {'9' * 20}", "sizing.positions_count", "at most 10000"),
        ("positions_count: 15", "positions_count: 010", "sizing.positions_count", "such as 15"),
        ("minutes: 360", "minutes: 9999999999999", "execution.confirm_within_minutes", "from 1 to 10080"),
        ("shadow_weeks_min: 4", "shadow_weeks_min: 10001", "model.shadow_weeks_min", "to 10000"),
        ("_max: 0.08", f"_max: 0.{'0' * 20_000}8", "sizing.weight_ratio_max", "at most 30 digits"),
        ("_max: 0.08", "_max: 00.08", "sizing.weight_ratio_max", "such as 15"),
        ("order_gbp_min: 25.00", f"order_gbp_min: {'9' * 20}.00", "sizing.order_gbp_min", "up to 1000000000"),
        ("jump_ratio_max: 0.50", "jump_ratio_max: 1000.1", "data_quality.jump_ratio_max", "up to 1000"),
        (
            "position_drift_units_max: 0.001",
            "position_drift_units_max: 1000.1",
            "reconciliation.position_drift_units_max",
            "to 1000",
        ),
        ("_until_hour: 7", "_until_hour: 1", "reminders.quiet_until_hour", "from 2 to 12"),
        ("_from_hour: 23", "_from_hour: 2300", "reminders.quiet_from_hour", "from 17 to 24"),
        ("policy_version: 1", "policy_version: true", "policy_version", "1"),
        ("policy_version: 1", "policy_version: 1.0", "policy_version", "1"),
        ("static_list: []", "static_list: ['A PL']", "signal.static_list.0", "a list of symbols"),
    ],
)
def test_a_wrong_field_is_refused_by_name_and_line(old, new, field, accepted):
    """File, line, field and the accepted form, in one line."""
    message = refusal(changed(old, new))
    expected_line = line_of(old) + (field == "sizing.weight_ratio_max" and "positions" in old)
    assert len(message) < 500
    found = [
        line for line in message.splitlines() if line.startswith(f"policy.yml:{expected_line}: {field}: ")
    ]
    assert found, message
    assert accepted in found[0].split(": ", 2)[2]


@pytest.mark.parametrize(
    ("old", "at_limit", "beyond", "field"),
    [
        ("  weight_ratio_max: 0.08", "  weight_ratio_max: 0.10", "  weight_ratio_max: 0.1001", "sizing.weight_ratio_max"),
        ("turnover_ratio_max: 0.30", "turnover_ratio_max: 0.35", "turnover_ratio_max: 0.36", "sizing.turnover_ratio_max"),
        ("positions_count: 15", "positions_count: 20", "positions_count: 21", "sizing.positions_count"),
        (
            "cash_buffer_ratio_min: 0.03", "cash_buffer_ratio_min: 0.02", "cash_buffer_ratio_min: 0.019",
            "sizing.cash_buffer_ratio_min",
        ),
        ("order_gbp_min: 25.00", "order_gbp_min: 10.00", "order_gbp_min: 9.99", "sizing.order_gbp_min"),
        ("after_minutes: 90", "after_minutes: 16", "after_minutes: 15", "execution.window_close_after_minutes"),
        (
            "deadline_minutes: 60", "deadline_minutes: 344", "deadline_minutes: 345",
            "reminders.before_deadline_minutes",
        ),
    ],
)  # fmt: skip
def test_the_sizing_may_be_as_loose_as_the_limits_and_no_looser(old, at_limit, beyond, field):
    """Exactly at the limit is fine; a step beyond names the field and its line."""
    parse_policy(changed(old, at_limit), "policy.yml")
    assert refusal(changed(old, beyond)).startswith(f"policy.yml:{line_of(old)}: {field}: ")


def test_an_empty_static_list_cannot_be_the_method():
    """Nothing would ever be ranked."""
    assert "signal.static_list" in refusal(
        changed("momentum_12_1\n  static_list", "static_list\n  static_list")
    )


def test_a_missing_section_is_named():
    """With what belongs into it."""
    message = refusal(TEXT[: TEXT.index("risk:\n")])
    assert message.startswith("policy.yml:1: risk: missing; accepted: the section with positions_count_max")


def test_every_mistake_is_named_at_once():
    """One round of mending, not one per mistake."""
    text = changed("0.08", "much").replace("positions_count: 15", "positions_count: many")
    assert len(refusal(text).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("- a\n", 1),
        ("a: [\n", 2),
        ("a: 1\n? [b]\n: 2\n", 2),
        ("a: &x [*x]\n", 1),
        ("a: 1\nb: &x [1]\nc: *x\n", 2),
        ("a: 1\nb: !!float 0.08\n", 2),
        ("a: 1\nb: !!set {x}\n", 2),
        ("a: !!python/tuple [1]\n", 1),
        ("a: 1\nb: ! 0.08\n", 2),
        (f"a:\n  {'[' * 2000}{']' * 2000}\n", 2),
        ("a:\n" + "".join(f"{' ' * depth}b:\n" for depth in range(1, 300)), 11),
        ("a: 1\nb: \0\n", 2),
        ("a: 1\nb: \x1b[2J\n", 2),
        ("a: 1\r\n# left \u202e right\r\n", 2),
        ("a: 1\n# hidden\u2028b: 2\n", 2),
        ("\ufeff\ufeffa: 1\n", 1),
        (f"a: 1\n#{'x' * 100_000}", 1),
        ("a: 1\n\tb: 2\n", 2),
        ("7", 1),
    ],
)
def test_what_is_no_policy_at_all_is_refused_with_its_line(text, line):
    """Broken YAML, another shape, an empty file; what hides, repeats or retypes a value; what has no end."""
    assert refusal(text).startswith(f"policy.yml:{line}: ")


@pytest.mark.parametrize(
    "text",
    [
        "*canary",
        "!canary x",
        "a: *canary",
        "127.0.0.1:54329:*:desk_owner:canary",
        "canary",
        "- canary\n",
        "%canary",
    ],
)
def test_a_file_of_another_kind_is_not_quoted(text):
    """TRADING_OPS_POLICY may name a file of secrets by mistake, and the refusal stands in a task's log."""
    assert "canary" not in refusal(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("positions_count: 15", "positions_count: 015"),
        ("positions_count: 15", "positions_count: 1_5"),
        ("positions_count: 15", "positions_count: ١٥"),
        ("confirm_within_minutes: 360", "confirm_within_minutes: 999999999999"),
    ],
)
def test_a_number_that_reads_two_ways_or_makes_no_sense_is_refused(old, new):
    """YAML reads 015 as thirteen; a deadline beyond every calendar stopped the freeze with a traceback."""
    assert "accepted" in refusal(changed(old, new))
