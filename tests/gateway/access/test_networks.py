"""Which network a request comes from: that of the connection, unless a trusted proxy says whose it is."""

from ipaddress import ip_network

import pytest

from gateway.api.headers import Headers
from gateway.api.networks import UNKNOWN, Networks

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48"))


def network(client, *forwarded, proxies=PROXIES):
    """The network of a request from `client` with these X-Forwarded-For lines."""
    headers = Headers([("x-forwarded-for", line) for line in forwarded])
    return Networks(proxies).of({"client": None if client is None else (client, 1)}, headers)


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:7:8:9::1", "2001:db8:7:8::/64"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("[2001:db8:7:8::1]", "2001:db8:7:8::/64"),
        ("no address", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_a_network_is_a_24_or_a_64(client, expected):
    """However the address is written; what cannot be read shares one network."""
    assert network(client) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), "10.0.0.0/24"),
        (("192.0.2.7",), "192.0.2.0/24"),
        (("203.0.113.9, 192.0.2.7",), "192.0.2.0/24"),
        (("203.0.113.9", "192.0.2.7"), "192.0.2.0/24"),
        (("192.0.2.7, 10.1.2.3",), "192.0.2.0/24"),
        (("10.9.9.9, 10.1.2.3",), "10.9.9.0/24"),
        (("192.0.2.7, nonsense",), "10.0.0.0/24"),
        (("2001:db8:7:8::1",), "2001:db8:7:8::/64"),
    ],
)
def test_a_trusted_proxy_names_the_last_address_that_is_not_its_own(lines, expected):
    """What a caller wrote in front of it is not believed; nor is what cannot be read."""
    assert network("10.0.0.1", *lines) == expected


@pytest.mark.parametrize("proxies", [(), PROXIES])
def test_nobody_else_is_believed(proxies):
    """A caller's own X-Forwarded-For changes nothing."""
    assert network("192.0.2.7", "203.0.113.9", proxies=proxies) == "192.0.2.0/24"
