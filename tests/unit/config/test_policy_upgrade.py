"""Sections the policy gained in an upgrade."""

import yaml

from trading_ops.config.policy import parse_policy, policy_of_body
from trading_ops.settings import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "config/policy.yml").read_text()


def test_a_policy_of_before_a_section_keeps_its_hash_and_a_file_without_it_means_the_usual():
    """A policy adopted before the clock was judged: its runs load, and its file needs no new lines."""
    later = ("confirmation", "universe", "incidents", "clock")
    text = yaml.dump({name: part for name, part in yaml.safe_load(TEXT).items() if name not in later})
    without = parse_policy(text, "policy.yml")
    assert without.policy_hash == parse_policy(TEXT, "policy.yml").policy_hash
    assert without.limits()["clock.offset_ms_max"] == 50
    body = {name: part for name, part in without.body().items() if name not in later}
    stored = policy_of_body(body)
    assert (stored.body(), stored.clock.offset_ms_max) == (body, 50)
