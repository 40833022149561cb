"""What could be done to a signed answer on its way."""

import re
from collections.abc import Callable

ID = re.compile(r' ID="([^"]+)"')


def assertion_of(xml: str) -> str:
    found = re.search(r"<(\w+):Assertion .*</\1:Assertion>", xml, re.DOTALL)
    assert found is not None
    return found[0]


def wrapped(xml: str) -> str:
    """The signed assertion moved aside, and another one in its place."""
    good = assertion_of(xml)
    evil = good.replace("ada@example.org", "eve@example.org")
    evil = re.sub(r"<\w+:Signature .*</\w+:Signature>", "", evil, flags=re.DOTALL)
    evil = evil.replace(ID.findall(good)[0], "_evil", 1)
    return xml.replace(good, f"{evil}<x:Extensions xmlns:x='urn:x'>{good}</x:Extensions>")


def inside(xml: str) -> str:
    """The signed assertion inside the signature of another one."""
    good = assertion_of(xml)
    signature = re.search(r"<(\w+):Signature .*</\1:Signature>", good, re.DOTALL)
    assert signature is not None
    hidden = signature[0].replace(
        f"</{signature[1]}:Signature>",
        f"<{signature[1]}:Object>{good}</{signature[1]}:Object></{signature[1]}:Signature>",
    )
    evil = good.replace(signature[0], hidden).replace("ada@example.org", "eve@example.org", 1)
    return xml.replace(good, evil.replace(ID.findall(good)[0], "_evil", 1))


def twice(xml: str) -> str:
    """An unsigned one before the signed one, of the same name."""
    good = assertion_of(xml)
    evil = re.sub(r"<\w+:Signature .*</\w+:Signature>", "", good, flags=re.DOTALL)
    return xml.replace(good, evil.replace("ada@example.org", "eve@example.org") + good)


MANGLED: list[Callable[[str], str]] = [
    lambda xml: xml.replace("ada@example.org", "eve@example.org"),
    lambda xml: xml.replace("ada@example.org", "ada@example.org<!-- -->.evil.org"),
    lambda xml: re.sub(r"<(\w+):Signature .*</\1:Signature>", "", xml, flags=re.DOTALL),
    lambda xml: re.sub(r"(SignatureValue>\s*)[^<\s]{8}", r"\1AAAAAAAA", xml),
    wrapped,
    inside,
    twice,
    lambda xml: f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{xml.partition("?>")[2]}',
    lambda xml: f'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>{xml.partition("?>")[2]}',
    lambda xml: xml.replace("2000/09/xmldsig#enveloped-signature", "TR/1999/REC-xslt-19991116"),
]
