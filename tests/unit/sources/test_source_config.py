"""config/sources.yml and the file of keys are right as a whole or refused with the place."""

import os

import pytest

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.sources.config import SourcesError, parse_sources, read_keys, read_sources, ready_sources
from trading_ops.sources.vendors import ONLINE

PATH = PROJECT_ROOT / "config/sources.yml"
TEXT = PATH.read_text()
DEFAULT = "fetch_order: [ecb]"
ENABLED = TEXT.replace(DEFAULT, "fetch_order: [stooq, yahoo, tiingo]")
CANARY = "canary0123456789"


def keys_file(folder, text: str, mode: int = 0o600):
    """Write a file of keys."""
    path = folder / "source_keys"
    path.write_text(text)
    os.chmod(path, mode)
    return path


def test_only_the_central_bank_is_asked_by_default():
    """No vendor of bars is chosen for the operator; every source has its section ready."""
    config = read_sources(Settings().sources)
    assert config.fetch_order == ("ecb",)
    assert all(config.section(name) for name in ONLINE)
    ready, skipped = ready_sources(config, {})
    assert [(one.online.name, one.http.url) for one in ready] == [("ecb", "https://www.ecb.europa.eu")]
    assert skipped == []


def test_an_operator_who_wants_none_asks_none():
    """An empty order is accepted: the desk then reads its inbox."""
    assert ready_sources(parse_sources(TEXT.replace(DEFAULT, "fetch_order: []"), "sources.yml"), {}) == (
        [],
        [],
    )


MISTAKES = {
    (DEFAULT, "fetch_order: [bloomberg]"): ("fetch_order.0: 'bloomberg'", "one of ecb, stooq"),
    (DEFAULT, "fetch_order: [yahoo, yahoo]"): ("fetch_order: names", "each source once"),
    (DEFAULT, "fetch_order: yahoo"): ("fetch_order: 'yahoo'", "a list of source names"),
    ("https://stooq.com", "http://stooq.com"): ("sources.stooq.url: 'http", "https://stooq.com"),
    ("https://stooq.com", "https://stooq.com/q?k=1"): ("sources.stooq.url", "https://stooq.com"),
    ("redirects_max: 3", "redirects_max: -1"): ("limits.redirects_max: -1", "at least 0"),
    ("attempts_max: 3", "attempts_max: 0"): ("limits.attempts_max: 0", "at least 1"),
    ("reply_bytes_max: 16000000", "reply_bytes_max: 16e6"): ("limits.reply_bytes_max: '16e6'", "whole"),
    ("total_timeout_s: 60", "total_timeout_s: soon"): ("limits.total_timeout_s: 'soon'", "seconds"),
    ("backoff_s: 2", "backof_s: 2"): ("limits.backof_s: not a field", "backoff_s"),
    ("  yahoo:", "  yahu:"): ("sources.yahu: not a field", "one of ecb, stooq"),
    ("requests_per_minute: 8", "requests_per_minute: 0.5"): ("requests_per_minute: 0.5", "whole"),
    ("sources_version: 1", "sources_version: 2"): ("sources_version: 2", "accepted: 1"),
    ("sources_version: 1", "sources_version: true"): ("sources_version: True", "accepted: 1"),
    ("https://stooq.com", "https://stooq.com:99999"): ("sources.stooq.url", "https://stooq.com:8443"),
    ("https://stooq.com", "https://stooq.com:0"): ("sources.stooq.url", "https://stooq.com:8443"),
    ("https://stooq.com", "'https://[::'"): ("sources.stooq.url", "https://stooq.com"),
    ("https://stooq.com", '"https://sto\\u200boq.com"'): (
        "sources.stooq.url: 'https://sto\\u200boq",
        "such as",
    ),
    ("https://stooq.com", f"https://user:{CANARY}@stooq.com"): (
        "sources.stooq.url: 'https://...@stooq",
        "such as",
    ),
    ("requests_per_minute: 8", f"requests_per_minute: {'8' * 400}"): (
        "twelve_data.requests_per_minute",
        "30 digits",
    ),
    ("requests_per_minute: 8", "requests_per_minute: 10001"): ("requests_per_minute: 10001", "at most 10000"),
    ("reply_bytes_max: 16000000", "reply_bytes_max: 1000000001"): ("limits.reply_bytes_max", "to 1000000000"),
    ("redirects_max: 3", "redirects_max: 101"): ("limits.redirects_max: 101", "at most 100"),
}


@pytest.mark.parametrize("change", MISTAKES)
def test_a_mistake_is_refused_with_line_field_and_accepted_form(change):
    """A setting that would be ignored or misread is never guessed at."""
    old, new = change
    assert TEXT.count(old) == 1
    changed = TEXT.replace(old, new)
    with pytest.raises(SourcesError) as refused:
        parse_sources(changed, "sources.yml")
    line = changed[: changed.index(new)].count("\n") + 1
    message = str(refused.value)
    assert f"sources.yml:{line}: " in message
    assert all(words in message for words in MISTAKES[change])
    assert CANARY not in message


def test_a_source_in_the_order_needs_its_section():
    """An address is never made up."""
    start = ENABLED.index("  stooq:\n")
    changed = ENABLED[:start] + ENABLED[ENABLED.index("  yahoo:\n") :]
    with pytest.raises(SourcesError, match="stooq is in fetch_order and has no section"):
        parse_sources(changed, "sources.yml")


def test_a_source_without_its_key_is_skipped_with_the_reason(tmp_path):
    """The others are asked in their order, each with its own key and pace."""
    keys = read_keys(keys_file(tmp_path, f"# keys\n\ntiingo = {CANARY}\n"))
    ready, skipped = ready_sources(parse_sources(ENABLED, "sources.yml"), keys)
    assert [one.online.name for one in ready] == ["yahoo", "tiingo"]
    assert skipped == ["stooq: it needs a key and the file of keys has none"]
    assert [one.http.requests_per_minute for one in ready] == [60, 20]
    assert (ready[0].http.secret, ready[1].http.secret) == ("", CANARY)
    assert CANARY not in repr(ready)


def test_the_operator_may_name_a_source_that_is_not_enabled():
    """`fetch --source` asks it once; a name nobody knows is refused."""
    config = parse_sources(TEXT, "sources.yml")
    assert [one.online.name for one in ready_sources(config, {}, ("yahoo",))[0]] == ["yahoo"]
    with pytest.raises(SourcesError, match="accepted: ecb, stooq, tiingo, twelve_data, yahoo"):
        ready_sources(config, {}, ("bloomberg",))


def test_no_file_of_keys_means_no_keys(tmp_path):
    """The default desk has none."""
    assert read_keys(tmp_path / "none") == {}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_of_keys_others_can_read_is_refused(tmp_path, mode):
    """Whatever it holds."""
    with pytest.raises(SourcesError, match=f"mode {mode:04o}; accepted: 0600"):
        read_keys(keys_file(tmp_path, f"tiingo={CANARY}\n", mode))


@pytest.mark.parametrize(
    "line",
    [CANARY, f"tingo={CANARY}", "tiingo=", f"tiingo={CANARY} {CANARY}", f"tiingo={CANARY}\ntiingo={CANARY}"],
)
def test_a_wrong_line_is_refused_without_showing_it(tmp_path, line):
    """The message names file and line and never what stands there."""
    with pytest.raises(SourcesError) as refused:
        read_keys(keys_file(tmp_path, f"stooq=abc\n{line}\n"))
    message = str(refused.value)
    assert "source_keys:2: " in message or "source_keys:3: " in message
    assert "canary" not in message and "tingo" not in message.replace("tiingo", "")


def test_a_file_of_keys_saved_with_a_mark_or_in_another_encoding(tmp_path):
    """A byte order mark is passed over; bytes that are no text are told by their line and not shown."""
    assert read_keys(keys_file(tmp_path, f"\ufefftiingo={CANARY}\n"))["tiingo"].get_secret_value() == CANARY
    path = keys_file(tmp_path, "")
    path.write_bytes(f"# keys\ntiingo={CANARY}\xe4\n".encode("latin-1"))
    with pytest.raises(
        SourcesError, match="source_keys:2: no UTF-8 text; accepted: a file saved as UTF-8"
    ) as refused:
        read_keys(path)
    assert CANARY not in str(refused.value)
    path.write_bytes(b"sources_version: 1\n# caf\xe9\n")
    with pytest.raises(SourcesError, match="source_keys:2: no UTF-8 text"):
        read_sources(path)
