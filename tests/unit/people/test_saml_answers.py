"""SAML answers and metadata: what is believed, and every way in which one is not. Whether signatures hold is not asked
here."""

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from cranny.core.errors import CrannyError
from cranny.people.saml.answers import ADDRESS, TRANSIENT, Expected, claims, parse
from cranny.people.saml.documents import plain
from cranny.people.saml.metadata import Unfit, described, for_us

pytest.importorskip("defusedxml", reason="the extra cranny[saml] is not installed")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HERE, US, THERE = "https://here/acs", "https://here/metadata", "https://login.example.org/saml"
EXPECTED = Expected(THERE, "_r1", HERE, US)
SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def at(**shift: float) -> str:
    return f"{NOW + timedelta(**shift):%Y-%m-%dT%H:%M:%S.000Z}"


def signature(id_: str) -> str:
    return f"""<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<ds:SignatureMethod Algorithm="{SHA256}"/>
<ds:Reference URI="#{id_}"><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>eA==</ds:DigestValue></ds:Reference>
</ds:SignedInfo><ds:SignatureValue>eA==</ds:SignatureValue></ds:Signature>"""


ASSERTION = f"""<saml:Assertion ID="_a1" Version="2.0" IssueInstant="{at(seconds=-5)}">
<saml:Issuer>{THERE}</saml:Issuer>{signature("_a1")}<saml:Subject>
<saml:NameID Format="{PERSISTENT}">u-1</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData Recipient="{HERE}" InResponseTo="_r1" NotOnOrAfter="{at(minutes=5)}"/>
</saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{at(minutes=-1)}" NotOnOrAfter="{at(minutes=6)}"><saml:AudienceRestriction>
<saml:Audience>{US}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{at(seconds=-9)}"><saml:AuthnContext>
<saml:AuthnContextClassRef>mfa</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="urn:oid:0.9.2342.19200300.100.1.3" FriendlyName="mail">
<saml:AttributeValue>ada@example.org</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="staffNumber"><saml:AttributeValue>S7</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement>
</saml:Assertion>"""
GOOD = f"""<?xml version="1.0" encoding="UTF-8"?>
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
ID="_p1" Version="2.0" InResponseTo="_r1" Destination="{HERE}"><saml:Issuer>{THERE}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
{ASSERTION}</samlp:Response>"""


def swapped(old: str, new: str, count: int = -1) -> Callable[[str], str]:
    def change(xml: str) -> str:
        assert old in xml
        return xml.replace(old, new, count)

    return change


def test_a_good_answer_is_believed() -> None:
    found = claims(parse(GOOD), EXPECTED, NOW)
    assert (found.subject, found.email, found.verified) == ("u-1", "ada@example.org", None)
    assert (found.auth_time, found.acr) == (NOW - timedelta(seconds=9), "mfa")
    assert "ada" not in repr(found) + repr(parse(GOOD))
    signed_twice = GOOD.replace("<samlp:Status>", f"{signature('_p1')}<samlp:Status>")
    assert claims(parse(signed_twice), EXPECTED, NOW) == found
    late = NOW + timedelta(minutes=5, seconds=59)
    assert claims(parse(GOOD), EXPECTED, late) == found


def test_what_it_goes_by_can_be_said() -> None:
    by_number = claims(parse(GOOD), Expected(THERE, "_r1", HERE, US, "staffnumber", "staffNumber"), NOW)
    assert (by_number.subject, by_number.email) == ("S7", "S7")
    by_address = GOOD.replace(PERSISTENT, ADDRESS).replace('FriendlyName="mail"', "").replace("0.9.2342", "1.2.3")
    assert claims(parse(by_address), EXPECTED, NOW).email == "u-1"
    # A comment splits no name: what counts is all of it.
    split = GOOD.replace(">u-1<", ">u-1<!-- -->7<")
    assert claims(parse(split), EXPECTED, NOW).subject == "u-17"


def test_no_attribute_is_taken_for_another_by_its_friendly_name() -> None:
    other = """<saml:Attribute Name="urn:nickname" FriendlyName="CALLED"><saml:AttributeValue>eve@example.org
</saml:AttributeValue></saml:Attribute>"""
    first = "<saml:AttributeStatement>"
    by_name = GOOD.replace(first, first + other.replace("CALLED", "staffNumber"))
    found = claims(parse(by_name), Expected(THERE, "_r1", HERE, US, "staffNumber"), NOW)
    assert found.subject == "S7"
    usual = GOOD.replace(first, first + other.replace("CALLED", "urn:oid:0.9.2342.19200300.100.1.3"))
    assert claims(parse(usual), EXPECTED, NOW).email == "ada@example.org"
    with pytest.raises(CrannyError):  # nobody has that name, whatever they are called
        claims(parse(GOOD), Expected(THERE, "_r1", HERE, US, "mail"), NOW)
    assert claims(parse(GOOD), Expected(THERE, "_r1", HERE, US, "", "mail"), NOW).email == "ada@example.org"


def test_blanks_cost_no_time() -> None:
    blanks, begun = " " * 225_000, time.process_time()
    for text in (blanks, f"<a>{blanks}</a>", f"<?xml{blanks}", f"{blanks}<?xml "):
        assert plain(text).strip() == text.strip()
    assert time.process_time() - begun < 1
    assert plain("\ufeff <?xml version='1.0'?><a/>") == "<a/>"
    assert plain("<a/><?xml version='1.0'?>") == "<a/><?xml version='1.0'?>"


BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
UNSIGNED = ASSERTION.replace(signature("_a1"), "")
WRONG: list[Callable[[str], str]] = [
    swapped(signature("_a1"), ""),
    swapped(signature("_a1"), signature("_a1") * 2),
    swapped(signature("_a1"), signature("_p1")),
    swapped(signature("_a1"), signature("_a2")),
    swapped('URI="#_a1"', 'URI=""'),
    swapped('URI="#_a1"', 'URI="#xpointer(/)"'),
    swapped("</ds:SignatureValue>", "</ds:SignatureValue><ds:Object>x</ds:Object>"),
    swapped(SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    swapped(SHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
    swapped("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
    swapped('<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>', ""),
    swapped("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
    swapped(ASSERTION, ASSERTION * 2),
    swapped(ASSERTION, UNSIGNED.replace("_a1", "_a9") + ASSERTION),
    swapped(ASSERTION, f"<samlp:Extensions>{ASSERTION}</samlp:Extensions>{UNSIGNED.replace('_a1', '_a9')}"),
    swapped(ASSERTION, f"<samlp:Extensions>{ASSERTION}</samlp:Extensions>"),
    swapped(ASSERTION, f"{ASSERTION}{signature('_a1')}"),
    swapped("</saml:Subject>", f"</saml:Subject><saml:Advice>{UNSIGNED}</saml:Advice>"),
    swapped("</saml:Subject>", "</saml:Subject><saml:Advice Id='_a1'/>"),
    swapped("</saml:Subject>", "</saml:Subject><saml:Advice xml:id='_a1'/>"),
    swapped(ASSERTION, ""),
    swapped(ASSERTION, "<saml:EncryptedAssertion/>"),
    swapped("<saml:NameID", "<saml:EncryptedID/><saml:NameID"),
    swapped(f'Destination="{HERE}"', 'Destination="https://elsewhere/acs"'),
    swapped(f'Recipient="{HERE}"', 'Recipient="https://elsewhere/acs"'),
    swapped(f'Recipient="{HERE}"', ""),
    swapped('InResponseTo="_r1"', 'InResponseTo="_r2"', 1),
    swapped('InResponseTo="_r1" Not', 'InResponseTo="_r2" Not'),
    swapped('InResponseTo="_r1" Not', "Not"),
    swapped(BEARER, "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
    swapped(f"<saml:Issuer>{THERE}", "<saml:Issuer>https://evil.example"),
    swapped(f"<saml:Issuer>{THERE}</saml:Issuer>{signature('_a1')}", signature("_a1")),
    swapped(f"<saml:Audience>{US}", "<saml:Audience>https://elsewhere"),
    swapped(f"<saml:Audience>{US}</saml:Audience>", ""),
    swapped("</saml:Conditions>", "<saml:AudienceRestriction/></saml:Conditions>"),
    swapped("saml:Conditions", "saml:Advice"),
    swapped(at(minutes=6), at(minutes=-1)),
    swapped(at(minutes=6), "never"),
    swapped(at(minutes=-1), at(minutes=2)),
    swapped(f'NotOnOrAfter="{at(minutes=5)}"', ""),
    swapped(at(minutes=5), at(minutes=-2)),
    swapped(at(seconds=-5), at(minutes=-11)),
    swapped(at(seconds=-5), at(minutes=2)),
    swapped(at(seconds=-5), "yesterday"),
    swapped(at(seconds=-5), "9999-12-31T23:59:59-01:00"),
    swapped(at(seconds=-5), "0001-01-01T00:00:00+01:00"),
    swapped(at(minutes=6), "9999-12-31T23:59:59-01:00"),
    swapped("<saml:AuthnStatement ", f'<saml:AuthnStatement SessionNotOnOrAfter="{at(minutes=-1)}" '),
    swapped("saml:AuthnStatement", "saml:Advice"),
    swapped(">u-1<", "><"),
    swapped(">u-1<", f">{'u' * 256}<"),
    swapped(">u-1<", "><b>u-1</b><"),
    swapped(PERSISTENT, TRANSIENT),
    swapped('Version="2.0" InResponseTo', 'Version="1.1" InResponseTo'),
    swapped("samlp:Response", "samlp:LogoutResponse"),
    swapped('<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE x [<!ENTITY a "b">]>'),
    swapped('<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE x SYSTEM "https://evil.example/x.dtd">'),
    swapped('<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0'?><?xml version='1.0'?>"),
    swapped("</samlp:Response>", ""),
]


@pytest.mark.parametrize("change", WRONG)
def test_anything_else_is_not(change: Callable[[str], str]) -> None:
    with pytest.raises(CrannyError) as refused:
        claims(parse(change(GOOD)), EXPECTED, NOW)
    assert refused.value.code == "saml-answer-refused"


def test_a_refusal_over_there_is_one_here() -> None:
    with pytest.raises(CrannyError) as refused:
        claims(parse(GOOD.replace("status:Success", "status:Responder")), EXPECTED, NOW)
    assert refused.value.code == "saml-refused"


METADATA = f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{THERE}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>CERT</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{THERE}/sso"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""


@pytest.fixture(scope="module")
def certificate() -> str:
    return made(2048)


def made(bits: int) -> str:
    key, who = rsa.generate_private_key(65537, bits), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    building = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    building = building.serial_number(7).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9))
    return base64.b64encode(building.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)).decode()


def test_metadata_is_read_as_far_as_it_is_needed(certificate: str) -> None:
    good = METADATA.replace("CERT", f"\n{certificate[:60]}\n{certificate[60:]}\n")
    found = described(good, NOW)
    assert (found.entity_id, found.sso, found.certificates) == (THERE, f"{THERE}/sso", (certificate,))
    assert described(for_us(found), NOW) == found
    several = f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{good}</md:EntitiesDescriptor>'
    assert described(several, NOW) == found
    encryption = good.replace("<md:KeyDescriptor>", '<md:KeyDescriptor use="encryption">')
    federation = several.replace("</md:EntitiesDescriptor>", f"{good}</md:EntitiesDescriptor>")
    for wrong in [
        "",
        "{}",
        "<a/>",
        encryption,
        federation,
        good.replace(certificate[60:], "x"),
        good.replace(f'entityID="{THERE}"', ""),
        good.replace("entityID", f'validUntil="{at(days=-1)}" entityID'),
        good.replace("HTTP-Redirect", "HTTP-POST"),
        good.replace("<md:IDPSSODescriptor", '<md:IDPSSODescriptor WantAuthnRequestsSigned="true"'),
        f"<!DOCTYPE x>{good}",
        METADATA.replace("CERT", made(1024)),
    ]:
        with pytest.raises(Unfit):
            described(wrong, NOW)
