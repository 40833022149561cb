"""Where webhooks may go: the rules, without asking anybody."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.platform.outside import Guard, NotOutside, at, is_public, plain

OPEN = Guard()
LAB = Guard.of(["127.0.0.0/8", "fd00:1::/32"])

NOT_PUBLIC = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",  # noqa: S104
    "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1",
    "192.0.2.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:0:0:0:0:80ff:fefe",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_on_the_internet_is_refused(address: str) -> None:
    url = OPEN.read("https://shop.example/hooks")
    with pytest.raises(NotOutside, match="not on the public internet"):
        OPEN.check(url, [address])
    with pytest.raises(NotOutside):
        OPEN.check(url, ["8.8.8.8", address])


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_on_the_internet_is_where_it_goes(address: str) -> None:
    target = OPEN.check(OPEN.read("https://shop.example/hooks?x=1"), [address])
    assert (target.address, target.port) == (address, 443)
    asked = at(target)
    assert asked.host == address
    assert asked.raw_path == b"/hooks?x=1"


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_in_whatever_wrapping_is_judged_as_itself(number: int) -> None:
    bare = ip_address(number)
    wrapped = [
        f"::ffff:{bare}",
        str(ip_address((0x2002 << 112) | (number << 80))),
        str(ip_address((0x64FF9B << 96) | number)),
    ]
    assert {is_public(plain(text)) for text in wrapped} == {is_public(bare)}


@pytest.mark.parametrize(
    "text",
    [
        "http://shop.example/hooks",
        "ftp://shop.example/hooks",
        "https://user:secret@shop.example/",
        "https://shop.example/#part",
        "https:///hooks",
        "javascript:alert(1)",
        "shop.example/hooks",
        "https://shop.example:99999/",
        "https://shop.example/\r\nHost: other",
        "https://[::1/hooks",
        "https://shop.example/" + "a" * 2000,
        "",
    ],
)
def test_what_is_no_address_of_a_webhook(text: str) -> None:
    with pytest.raises(NotOutside):
        OPEN.read(text)


def test_odd_ports_are_refused() -> None:
    for port in (22, 25, 80, 5432, 6379, 9200):
        with pytest.raises(NotOutside, match="ports 443 and 8443"):
            OPEN.check(OPEN.read(f"https://shop.example:{port}/"), ["8.8.8.8"])
    assert OPEN.check(OPEN.read("https://shop.example:8443/"), ["8.8.8.8"]).port == 8443


def test_what_the_operator_allows_is_allowed_without_tls_and_at_any_port() -> None:
    assert LAB.check(LAB.read("http://127.0.0.1:9000/hooks"), ["127.0.0.1"]).port == 9000
    assert LAB.check(LAB.read("http://lab/"), ["fd00:1::7"]).port == 80
    with pytest.raises(NotOutside, match="not on the public"):
        LAB.check(LAB.read("http://other/"), ["10.0.0.1"])
    with pytest.raises(NotOutside, match="TLS only"):
        LAB.check(LAB.read("http://shop.example/"), ["8.8.8.8"])


def test_it_is_the_address_that_was_looked_at_that_is_connected_to() -> None:
    target = OPEN.check(OPEN.read("https://shop.example/a"), ["2606:4700:4700::1111", "8.8.8.8"])
    assert str(at(target)) == "https://[2606:4700:4700::1111]/a"
