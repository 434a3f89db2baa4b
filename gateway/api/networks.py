"""The network that a request came from, as throttles count it: a /24 or, of IPv6, a /64. Only trusted proxies are believed."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from litestar.types import Scope

from gateway.api.headers import Headers

UNKNOWN = "unknown"
"""A caller whose address cannot be read; all of them share their throttles."""


class Networks:
    """Names the network of a caller. `proxies` are networks whose X-Forwarded-For counts."""

    def __init__(self, proxies: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self._proxies = proxies

    def of(self, scope: Scope, headers: Headers) -> str:
        """The caller's network: of the connection, or of the last address that no trusted proxy has."""
        client = scope.get("client")
        address = _address(client[0]) if client else None
        if address is not None and self._is_proxy(address):
            line = ",".join(value for name, value in headers.raw if name == "x-forwarded-for")
            for part in reversed(line.split(",")):
                told = _address(part.strip())
                if told is None:
                    break
                address = told
                if not self._is_proxy(told):
                    break
        return _network(address)

    def _is_proxy(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in proxy for proxy in self._proxies if proxy.version == address.version)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _network(address: IPv4Address | IPv6Address | None) -> str:
    if address is None:
        return UNKNOWN
    return str(ip_network((address, 24 if address.version == 4 else 64), strict=False))
