"""An identity provider by others (pysaml2's own other side) in a process of its own: `python saml_idp.py PORT FOLDER`.

A test says with `PUT /next` whom the next sign-in is of and what is wrong with its answer, and registers us with
`PUT /sp`. `GET /sso` is where browsers come, and answers with a form that sends itself.
"""

import base64
import html
import json
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.sigver import get_xmlsec_binary
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

from cranny.core.clock import SystemClock

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
FORM = """<!doctype html><title>The other organisation</title><form method="post" action="{action}">
<input type="hidden" name="SAMLResponse" value="{sent}"><input type="hidden" name="RelayState" value="{relay}">
<button>On</button></form>{script}"""


def make_key(folder: Path, name: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = SystemClock().now()
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=9))
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(key.private_bytes(*pem))
    (folder / f"{name}.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


class Provider:
    """`next` is what the coming sign-in is like."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.known: dict[str, str] = {}
        self.next: dict[str, Any] = {}
        self.servers: dict[tuple[Any, ...], Server] = {}
        for name in ("one", "two", "strange"):
            make_key(folder, name)

    def server(self, key: str = "one") -> Server:
        """Made once for what it knows."""
        of = (key, self.next.get("minutes", 5), *self.known)
        if of not in self.servers:
            self.servers[of] = self.made(key)
        return self.servers[of]

    def made(self, key: str) -> Server:
        told: dict[str, Any] = {
            "entityid": f"{self.url}/metadata",
            "xmlsec_binary": get_xmlsec_binary(),
            "key_file": str(self.folder / f"{key}.key"),
            "cert_file": str(self.folder / f"{key}.pem"),
            "metadata": {"inline": list(self.known.values())},
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(f"{self.url}/sso", BINDING_HTTP_REDIRECT)]},
                    "policy": {"default": {"lifetime": {"minutes": self.next.get("minutes", 5)},
                                           "attribute_restrictions": None, "name_form": NAME_FORMAT_URI}},
                }
            },
        }  # fmt: skip
        return Server(config=IdPConfig().load(told))

    def metadata(self, key: str) -> str:
        return str(entity_descriptor(self.server(key).config))

    def answer(self, asked: str) -> dict[str, str]:
        said = self.next
        server = self.server(said.get("key", "one"))
        request = server.parse_authn_request(asked, BINDING_HTTP_REDIRECT).message
        told = server.response_args(request, [BINDING_HTTP_POST])
        sha1 = said.get("sha1", False)
        signed_in = SystemClock().now() - timedelta(seconds=said.get("ago", 0))
        made = server.create_authn_response(
            identity=said.get("attributes", {}),
            in_response_to=said.get("in_response_to", told["in_response_to"]),
            destination=said.get("destination", told["destination"]),
            sp_entity_id=said.get("audience", told["sp_entity_id"]),
            name_id=NameID(format=said.get("format", NAMEID_FORMAT_PERSISTENT), text=said.get("sub", "u-1")),
            authn={"class_ref": said.get("acr", PASSWORD), "authn_instant": int(signed_in.timestamp())},
            sign_response=said.get("sign_response", False),
            sign_assertion=said.get("sign_assertion", True),
            sign_alg=SIG_RSA_SHA1 if sha1 else SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA1 if sha1 else DIGEST_SHA256,
        )
        return {"answer": str(made), "force": str(request.force_authn), "action": told["destination"]}


class Handler(BaseHTTPRequestHandler):
    provider: ClassVar[Provider]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/next":
            self.provider.next = json.loads(body)
        else:
            self.provider.known[self.path] = body
        self.say("")

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        if where.path == "/metadata":
            self.say(self.provider.metadata(asked.get("key", "one")))
            return
        made = self.provider.answer(asked["SAMLRequest"])
        if "raw" in asked:
            self.say(json.dumps(made))
            return
        sent = base64.b64encode(made["answer"].encode()).decode()
        script = "<script>document.forms[0].submit()</script>"
        relay = html.escape(self.provider.next.get("relay", ""))
        self.say(FORM.format(action=html.escape(made["action"]), sent=sent, relay=relay, script=script))

    def say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def main() -> None:
    port = int(sys.argv[1])
    Handler.provider = Provider(f"http://localhost:{port}", Path(sys.argv[2]))
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
