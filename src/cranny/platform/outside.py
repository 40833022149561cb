"""Where the server may go when a tenant names an address, for webhooks or for signing in. Whoever may name one must not
make the server speak to what only the server reaches: itself, its neighbours, the cloud's metadata.

So a name is resolved once, every address it has is looked at, and the connection goes to the very address that was
looked at: a name that changes between the look and the connection changes nothing. All pure but `resolve`.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

import httpx2

from cranny.core.errors import Invalid

Address: TypeAlias = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, at least one; raises OSError."""

PORTS: Final = frozenset({443, 8443})
LONGEST: Final = 2000
HIGHEST_PORT: Final = 65535
_NAT64: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_COMPATIBLE: Final = ip_network("::/96")
_METADATA: Final = frozenset({ip_address("168.63.129.16"), ip_address("192.0.0.192")})
"""Cloud services of hosts that stand at public addresses."""


class NotOutside(Invalid):
    """The server does not go there."""

    code = "webhook-url-refused"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect (`address`, `port`), and the name to speak to there. `host` is as it stands in the address."""

    url: httpx2.URL
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Guard:
    """`inside`: networks that are not public and are allowed all the same, at any port and without TLS; `setting` is
    where whoever runs the server says so."""

    inside: tuple[IPv4Network | IPv6Network, ...] = ()
    setting: str = "CRANNY_WEBHOOKS_ALLOW"

    @classmethod
    def of(cls, networks: Sequence[str], setting: str = "CRANNY_WEBHOOKS_ALLOW") -> "Guard":
        """Raises ValueError for what is no network."""
        return cls(tuple(ip_network(text) for text in networks), setting)

    def read(self, text: str) -> httpx2.URL:
        """The address as far as it can be judged without asking anybody. Raises NotOutside."""
        try:
            url = httpx2.URL(text)
        except httpx2.InvalidURL as error:
            raise NotOutside("This is no address: it should look like https://shop.example/hooks.") from error
        if len(text) > LONGEST or not url.host or url.scheme not in {"https", "http"}:
            raise NotOutside(
                "This is no address: it should look like https://shop.example/hooks, up to 2000 characters."
            )
        if url.userinfo or url.fragment:
            raise NotOutside("The address must have no user, password or fragment: the signature says who we are.")
        if url.port is not None and not 0 < url.port <= HIGHEST_PORT:
            raise NotOutside(f"There is no port {url.port}.")
        if url.scheme == "http" and not self.inside:
            raise NotOutside("The server speaks over TLS only: the address must begin with https.")
        return url

    def check(self, url: httpx2.URL, addresses: Sequence[str]) -> Target:
        """`addresses` are all that the name has. Raises NotOutside when any of them is not for us to speak to."""
        port = url.port or (443 if url.scheme == "https" else 80)
        for text in addresses:
            address = plain(text)
            if any(address in network for network in self.inside if network.version == address.version):
                continue
            if not is_public(address):
                raise NotOutside(
                    f"{url.host} leads to {address}, which is not on the public internet. Whoever runs this server can "
                    f"allow its network: {self.setting}."
                )
            if url.scheme != "https":
                raise NotOutside("The server speaks over TLS only: the address must begin with https.")
            if port not in PORTS:
                raise NotOutside(f"The server goes to the ports 443 and 8443, not to {port}.")
        return Target(url, addresses[0].partition("%")[0], port)

    async def find(self, text: str, resolve: Resolve) -> Target:
        """`read`, then ask for the name's addresses once, then `check`. Raises NotOutside, and OSError when the name
        has none."""
        url = self.read(text)
        port = url.port or (443 if url.scheme == "https" else 80)
        return self.check(url, await resolve(url.host, port))


def at(target: Target) -> httpx2.URL:
    """The target with its address in the place of its name, so that nobody asks for the name again."""
    return target.url.copy_with(host=target.address, port=target.port)


def plain(text: str) -> Address:
    """The address that is meant: the IPv4 one where IPv6 only wraps it, without a zone."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv4Address):
        return address
    wrapped = address.ipv4_mapped or address.sixtofour
    if wrapped is None and address.teredo is not None:
        wrapped = address.teredo[1]
    if wrapped is None and any(address in network for network in (*_NAT64, _COMPATIBLE)):
        wrapped = IPv4Address(int(address) & 0xFFFFFFFF)
    return wrapped or address


def is_public(address: Address) -> bool:
    """Whether it is somebody's on the internet: not private, shared, local, reserved, multicast, nor metadata."""
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and address not in _METADATA
    )


async def resolve(host: str, port: int) -> Sequence[str]:
    """As the system does it. Raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"no name: {host}") from error
    return [str(entry[4][0]) for entry in found]
