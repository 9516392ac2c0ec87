"""Settings: defaults for a bare machine, and a clear refusal of everything else."""

import pytest

from trading_ops.settings import Settings, SettingsError, read_settings


def test_an_empty_environment_gives_the_defaults():
    """A machine with nothing set runs a simulated desk that mails to files."""
    config = read_settings({})
    assert (config.environment, config.mail, config.qlib_runtime) == ("simulated", "file", "process")


def test_a_mistyped_name_is_refused_and_the_known_ones_are_listed():
    """TRADING_OPS_DB_PROT must not silently leave the default port in place."""
    with pytest.raises(SettingsError, match="TRADING_OPS_DB_PROT is not a setting.*TRADING_OPS_DB_PORT"):
        read_settings({"TRADING_OPS_DB_PROT": "5432"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TRADING_OPS_DB_PORT", "54e3", "whole number"),
        ("TRADING_OPS_DB_PORT", "0", "from 1 to 65535"),
        ("TRADING_OPS_DB_PORT", "65536", "from 1 to 65535"),
        ("TRADING_OPS_DB_PORT", "9" * 5000, "from 1 to 65535"),
        ("TRADING_OPS_DB_PORT", "٨٠", "whole number"),
        ("TRADING_OPS_INBOXES", "/mnt/bars:downloads", "absolute folders"),
        ("TRADING_OPS_ENVIRONMENT", "live", "production and simulated"),
        ("TRADING_OPS_MAIL", "pigeon", "file and smtp"),
        ("TRADING_OPS_SMTP_SECURITY", "ssl", "tls and starttls and none"),
        ("TRADING_OPS_MAIL_FROM", "Trading Ops", "one address is expected"),
        ("TRADING_OPS_OPERATOR_EMAIL", "a@b.example, c@d.example", "one address is expected"),
        ("TRADING_OPS_EXECUTOR_EMAIL", "a@b..example", "no domain"),
        ("TRADING_OPS_QLIB_RUNTIME", "podman", "process and docker"),
        ("TRADING_OPS_TRUSTED_PROXIES", "10.0.0.7, nginx", "'nginx' .*addresses such as 10.0.0.7"),
        ("TRADING_OPS_TRUSTED_PROXIES", "10.0.0.7/24", "host bits set"),
        ("TRADING_OPS_CONFIRM_BIND", "my-laptop", "an address of this machine"),
        ("TRADING_OPS_CONFIRM_CERTIFICATE", "/no/where.pem", "belong together"),
    ],
)
def test_a_value_the_desk_cannot_use_is_refused_with_what_it_accepts(name, value, message):
    """The message names the variable and the accepted form."""
    with pytest.raises(SettingsError, match=f"{name}.*{message}"):
        read_settings({name: value})


def test_trusted_proxies_are_networks():
    """Addresses and networks, of either kind; nobody is trusted by default."""
    named = read_settings({"TRADING_OPS_TRUSTED_PROXIES": "10.0.0.7, fd00::/64"}).trusted_networks
    assert [str(network) for network in named] == ["10.0.0.7/32", "fd00::/64"]
    assert read_settings({}).trusted_networks == ()


def test_a_certificate_that_cannot_be_read_is_named():
    """Before the page starts and ends three times."""
    files = {
        "TRADING_OPS_CONFIRM_CERTIFICATE": "/no/where.pem",
        "TRADING_OPS_CONFIRM_CERTIFICATE_KEY": "/no/key",
    }
    with pytest.raises(SettingsError, match="CONFIRM_CERTIFICATE='/no/where.pem': no file"):
        read_settings(files)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8075"),
        ({"TRADING_OPS_CONFIRM_PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"TRADING_OPS_CONFIRM_BIND": "0.0.0.0"}, "http://127.0.0.1:8075"),
        ({"TRADING_OPS_CONFIRM_BIND": "fd00::7"}, "http://[fd00::7]:8075"),
        ({"TRADING_OPS_CONFIRM_URL": "https://desk.example"}, "https://desk.example"),
    ],
)
def test_the_pages_address_follows_where_it_answers(environ, url):
    """A link to a port that another program has would show it a password."""
    assert read_settings(environ).page_url == url


def test_an_empty_value_counts_as_unset():
    """An env file with `NAME=` keeps the default."""
    assert read_settings({"TRADING_OPS_DB_PORT": ""}).db_port == Settings().db_port


def test_a_simulated_desk_uses_the_simulated_markets_universe(tmp_path):
    """
    Once the market has written its universe it is used, but an explicit setting wins, and production never
    sees it.
    """
    (tmp_path / "universe.csv").write_text("internal_symbol\n")
    assert read_settings({"TRADING_OPS_DATA": str(tmp_path)}).universe == tmp_path / "universe.csv"
    explicit = {"TRADING_OPS_DATA": str(tmp_path), "TRADING_OPS_UNIVERSE": str(tmp_path / "mine.csv")}
    assert read_settings(explicit).universe == tmp_path / "mine.csv"
    production = {"TRADING_OPS_DATA": str(tmp_path), "TRADING_OPS_ENVIRONMENT": "production"}
    assert read_settings(production).universe == Settings().universe


def test_inboxes_are_folders_with_colons_between_them():
    """None by default: files are loaded from below the data folder alone."""
    assert read_settings({}).inbox_roots == ()
    read = read_settings({"TRADING_OPS_INBOXES": "/mnt/bars::/srv/files:"})
    assert [str(root) for root in read.inbox_roots] == ["/mnt/bars", "/srv/files"]
