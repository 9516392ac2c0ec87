"""Settings: defaults for a bare machine, and a clear refusal of everything else."""

import os
import pwd

import pytest

from trading_ops.settings import Settings, SettingsError, demo_settings, read_settings, settings


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
        ("TRADING_OPS_CONFIRM_CERTIFICATE", __file__, "belong together"),
        ("TRADING_OPS_CONFIRM_CERTIFICATE", "/no/where.pem", "no file that"),
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
    production = {
        "TRADING_OPS_DATA": str(tmp_path),
        "TRADING_OPS_ENVIRONMENT": "production",
        "TRADING_OPS_PORTFOLIO_ID": "a",
    }
    assert read_settings(production).universe == Settings().universe


def test_inboxes_are_folders_with_colons_between_them():
    """None by default: files are loaded from below the data folder alone."""
    assert read_settings({}).inbox_roots == ()
    read = read_settings({"TRADING_OPS_INBOXES": "/mnt/bars::/srv/files:"})
    assert [str(root) for root in read.inbox_roots] == ["/mnt/bars", "/srv/files"]


def desk_with(folder, text: str) -> dict[str, str]:
    """A desk of this file, as an environment."""
    (folder / "desk.env").write_text(text)
    return {"TRADING_OPS_DESK": str(folder)}


def test_a_desk_is_a_folder(tmp_path):
    """Its data, its secrets and what it runs lie in it, so a second one is told by one word."""
    config = read_settings(desk_with(tmp_path, ""))
    assert (config.data, config.pgpass) == (tmp_path / "data", tmp_path / "secrets/pgpass")
    assert (config.source_keys.parent, config.session_key.parent) == (
        tmp_path / "secrets",
        tmp_path / "secrets",
    )
    assert config.policy == Settings.policy


def test_the_environment_overrides_the_file_and_the_file_the_defaults(tmp_path):
    """Paths in the file start from its folder; a value may hold an equals sign, an empty one is none."""
    text = "# ports\n\nTRADING_OPS_DB_PORT=6000\n TRADING_OPS_CONFIRM_PORT = 6001\nTRADING_OPS_MAIL=\n"
    text += "TRADING_OPS_POLICY=my.yml\n"
    environ = desk_with(tmp_path, text + "TRADING_OPS_CONFIRM_URL=https://desk.example/?a=b\n")
    config = read_settings(environ | {"TRADING_OPS_DB_PORT": "7000"})
    assert (config.db_port, config.confirm_port, config.mail) == (7000, 6001, "file")
    assert (config.policy, config.confirm_url) == (tmp_path / "my.yml", "https://desk.example/?a=b")


def test_a_child_of_a_desk_has_its_settings(tmp_path):
    """Whatever the file says meanwhile, a process that was started keeps what it was started with."""
    config = read_settings(desk_with(tmp_path, "TRADING_OPS_DB_PORT=6000\n"))
    (tmp_path / "desk.env").write_text("TRADING_OPS_DB_PORT=6001\n")
    assert read_settings(config.as_environment()) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("TRADING_OPS_DB_PORT 6000\n", "desk.env, line 1: a setting is expected"),
        ("\nDB_PORT=6000\n", "desk.env, line 2: a setting is expected"),
        ("TRADING_OPS_DB_PORT=1\nTRADING_OPS_DB_PORT=2\n", "desk.env, line 2: a setting is expected, once"),
        ("TRADING_OPS_DESK=/elsewhere\n", "desk.env, line 1"),
        (
            "TRADING_OPS_DB_NAME=a\u2028TRADING_OPS_MAIL=smtp\n",
            "line 1: holds a character that cannot be seen",
        ),
        ("TRADING_OPS_DB_NAME=a\x0bTRADING_OPS_MAIL=smtp\n", "line 1: holds a character that cannot be seen"),
        ("\nTRADING_OPS_DB_NAME=x\x00y\n", "line 2: holds a character that cannot be seen"),
        ("TRADING_OPS_CONFIRM_URL=javascript:alert(1)\n", "begins with https:// or http://"),
        ("TRADING_OPS_DB_PROT=6000\n", "TRADING_OPS_DB_PROT is not a setting"),
        ("TRADING_OPS_ENVIRONMENT=production\n", "TRADING_OPS_PORTFOLIO_ID is missing.*such as live_ops"),
    ],
)
def test_a_file_the_desk_cannot_use_is_refused_with_its_line(tmp_path, text, message):
    """A typo in it would be a desk of other ports, other mail or another book."""
    with pytest.raises(SettingsError, match=message):
        read_settings(desk_with(tmp_path, text))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """Not taken for a desk without one."""
    (tmp_path / "desk.env").mkdir()
    with pytest.raises(SettingsError, match="desk.env cannot be read"):
        read_settings({"TRADING_OPS_DESK": str(tmp_path)})


@pytest.mark.parametrize("place", ["desk.env", "."])
def test_a_file_that_everybody_may_write_is_refused(tmp_path, place):
    """Any user of the machine could say which database a halt stops, and where mail goes."""
    environ = desk_with(tmp_path, "TRADING_OPS_DB_PORT=6000\n")
    (tmp_path / place).chmod(0o777)
    with pytest.raises(SettingsError, match="can be written by everybody"):
        read_settings(environ)
    (tmp_path / place).chmod(0o775)
    assert read_settings(environ).db_port == 6000


@pytest.mark.parametrize("place", ["desk.env", "."])
def test_a_file_that_a_group_of_others_may_write_is_refused(tmp_path, place):
    """Its owner's own group is nobody else; one with another user in it is."""
    environ = desk_with(tmp_path, "TRADING_OPS_DB_PORT=6000\n")
    other = next(user for user in pwd.getpwall() if user.pw_uid not in (0, os.getuid()))
    (tmp_path / place).chmod(0o775)
    if os.geteuid() == 0:
        os.chown(tmp_path / place, -1, other.pw_gid)
    else:
        pytest.skip("only the administrator may hand a file to another's group")
    with pytest.raises(SettingsError, match=f"can be written by .*{other.pw_name}.*: chmod g-w"):
        read_settings(environ)


def test_the_file_of_another_user_is_refused_but_not_to_the_administrator(tmp_path, monkeypatch):
    """Whoever owns it may change its mode, and with it everything a halt does."""
    environ, owner = desk_with(tmp_path, "TRADING_OPS_DB_PORT=6000\n"), os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    os.chown(tmp_path / "desk.env", owner or 7, -1)
    os.chown(tmp_path, owner or 7, -1)
    with pytest.raises(SettingsError, match="belongs to another user"):
        read_settings(environ)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert read_settings(environ).db_port == 6000


def test_a_pipe_instead_of_a_file_is_refused(tmp_path):
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "desk.env", 0o600)
    with pytest.raises(SettingsError, match="desk.env cannot be read: it is no regular file"):
        read_settings({"TRADING_OPS_DESK": str(tmp_path)})


def test_an_empty_name_of_a_desk_is_none(tmp_path, monkeypatch):
    """`TRADING_OPS_DESK=$UNSET trading-ops halt` halted the demo beside a live desk."""
    for name in [name for name in os.environ if name.startswith("TRADING_OPS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("trading_ops.settings.LIVE_DESK", tmp_path)
    desk_with(tmp_path, "TRADING_OPS_DB_PORT=6000\n")
    monkeypatch.setenv("TRADING_OPS_DESK", "")
    assert (settings().desk, demo_settings().desk) == (tmp_path, Settings.desk)


def test_a_fresh_shell_means_the_live_desk_once_there_is_one_and_the_demo_never_does(tmp_path, monkeypatch):
    """A kill switch typed without a word more halts the desk with the money."""
    for name in [name for name in os.environ if name.startswith("TRADING_OPS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("trading_ops.settings.LIVE_DESK", tmp_path)
    assert settings().desk == Settings.desk
    desk_with(tmp_path, "TRADING_OPS_DB_PORT=6000\n")
    settings.cache_clear()
    assert (settings().desk, settings().db_port) == (tmp_path, 6000)
    assert demo_settings().desk == Settings.desk
    (tmp_path / "other/postgres").mkdir(parents=True)
    monkeypatch.setenv("TRADING_OPS_DESK", str(tmp_path / "other"))
    assert demo_settings().desk == tmp_path / "other"
