"""Whom a guess is counted with: nobody chooses it by writing a header."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirm_app.people.addresses import client_address, network_of

PROXIES = (ip_network("10.0.0.0/24"), ip_network("fd00::/64"))


def source(peer: str | None, forwarded: str = "", trusted=PROXIES) -> str:
    """Return the network a request is counted with."""
    return network_of(client_address(peer, forwarded, trusted))


def test_a_header_from_anybody_else_is_not_believed():
    """Without a trusted proxy the other end of the connection is the visitor, whatever it says."""
    assert source("203.0.113.9", "198.51.100.1") == "203.0.113.0/24"
    assert source("10.0.0.7", "198.51.100.1", trusted=()) == "10.0.0.0/24"


def test_behind_a_trusted_proxy_the_rightmost_untrusted_address_counts():
    """What stands further left was written by the visitor."""
    assert source("10.0.0.7", "198.51.100.1") == "198.51.100.0/24"
    assert source("10.0.0.7", "1.2.3.4, 198.51.100.1") == "198.51.100.0/24"
    assert source("10.0.0.7", "1.2.3.4, 198.51.100.1, 10.0.0.8") == "198.51.100.0/24"
    assert source("10.0.0.7", "10.0.0.8") == "10.0.0.0/24"


@pytest.mark.parametrize("forwarded", ["", ",", "unknown", "_hidden", "1.2.3.4, nonsense", "999.1.1.1"])
def test_a_hop_nobody_can_read_ends_the_chain(forwarded):
    """The proxy itself is counted with, not what stands behind the nonsense."""
    assert source("10.0.0.7", forwarded) == "10.0.0.0/24"


@pytest.mark.parametrize(
    ("said", "network"),
    [
        ("198.51.100.1:4711", "198.51.100.0/24"),
        ("[2001:db8:1:2:3::4]:443", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::4", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.1", "198.51.100.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_every_way_to_write_an_address_is_one_network(said, network):
    """Port, brackets, interface, and IPv4 inside IPv6."""
    assert source("10.0.0.7", said) == source(said) == network


def test_a_request_without_an_address_has_a_network_too():
    """A socket in the file system."""
    assert source(None) == source("") == "unknown"


@given(st.text(), st.text())
def test_no_header_makes_it_fail(peer, forwarded):
    """Any text gives a network."""
    assert source(peer, forwarded) and source("10.0.0.7", forwarded)
