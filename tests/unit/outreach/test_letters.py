"""An e-mail, parsed as a mail program parses it."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from cranny.outreach.channels import email as channel
from cranny.outreach.channels.email import Email, Server
from cranny.outreach.texts import Details, compose
from cranny.people import Contact

from .png import read_symbol

CODE, QR = "042 193 550", "CAAVEK4TFOQXGCZLSMFXGK4TBNRWGCYLM"
KEY = "0123456789abcdef" * 2
EVENING = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
ADA = Contact(name="Ada Łoś", email="ada@example.org", language="pl")


def letter(contact: Contact = ADA, to: str | None = None, **more: object) -> EmailMessage:
    plain = {"site": "Hall", "bank": "Wall 2", "timezone": "Europe/Warsaw", "until": EVENING, "code": CODE, "qr": QR}
    details = Details(**plain | more)  # type: ignore[arg-type]
    to = to or contact.email or ""
    message = compose("ready_to_collect", details, contact, key=KEY, to=to, created=EVENING)
    server = Server("mail.example.org", 587, None, None, wrapped=False, upgraded=True)
    sender = Email(server, "Regał <lockers@example.org>", answer_within=1, all_within=1)
    return email.message_from_bytes(sender.mail(message).as_bytes(), policy=email.policy.default)  # type: ignore[return-value]


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.pictures, self.tags = "", [], []  # type: ignore[var-annotated]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.pictures.append(dict(attrs)["src"])

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_is_text_and_html_side_by_side_with_the_picture_inside_the_html() -> None:
    assert [part.get_content_type() for part in letter().walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]


def test_both_say_the_same() -> None:
    mail = letter()
    text = mail.get_body(("plain",)).get_content()
    html = Reader(mail.get_body(("html",)).get_content())
    for said in (CODE, "Twoja paczka czeka na odbiór: Hall, Wall 2.", "czw., 26 lis 19:00", "Nigdy nie pytamy"):
        assert said in text
        assert said in html.text
    assert "https://" not in mail.get_body(("html",)).get_content()
    assert html.tags.count("script") == 0


def test_the_picture_is_the_one_that_the_html_shows_and_opens_the_door() -> None:
    mail = letter()
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    html = Reader(mail.get_body(("html",)).get_content())
    assert [f"cid:{picture['Content-ID'].strip('<>')}"] == html.pictures
    assert picture.get_content_disposition() == "inline"
    assert read_symbol(picture.get_content()) == QR


def test_without_a_qr_there_is_no_picture() -> None:
    mail = letter(qr=None)
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert Reader(mail.get_body(("html",)).get_content()).pictures == []


def test_a_switched_off_code_leaves_the_picture() -> None:
    mail = letter(code=None)
    assert "Wpisz ten kod" not in mail.get_body(("plain",)).get_content()
    assert len(Reader(mail.get_body(("html",)).get_content()).pictures) == 1


def test_names_are_shown_and_never_run() -> None:
    mail = letter(bank="<script>alert(1)</script>", sender="<b>Eve</b> & Co")
    html = Reader(mail.get_body(("html",)).get_content())
    assert "<script>alert(1)</script>" in html.text
    assert not {"script", "b"} & set(html.tags)


def test_headers_tell_who_to_whom_and_nothing_secret() -> None:
    mail = letter(bank="Wall\r\nBcc: eve@example.org")
    assert mail["From"] == "Regał <lockers@example.org>"
    assert mail["To"] == "Ada Łoś <ada@example.org>"
    assert mail["Subject"] == "Twoja paczka czeka: Hall, Wall Bcc: eve@example.org"
    assert mail["Bcc"] is None
    assert mail["Message-ID"] == f"<{KEY}@example.org>"
    assert mail["Date"].datetime == EVENING
    assert (mail["Content-Language"], mail["Auto-Submitted"]) == ("pl", "auto-generated")
    head = "".join(f"{name}: {value}" for name, value in mail.items())
    assert "042" not in head
    assert QR not in head


def test_a_repeat_is_the_same_mail() -> None:
    assert letter().as_bytes() == letter().as_bytes()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("o'neil+tag@example.org", "o'neil+tag@example.org"),
    ],
)
def test_addresses_of_every_kind(address: str, shown: str) -> None:
    (found,) = letter(Contact(name='Eve, "the one"', email=address)).get("To").addresses
    assert (found.addr_spec, found.display_name) == (shown, 'Eve, "the one"')


def test_the_picture_is_as_wide_as_the_letter_says() -> None:
    (picture,) = [part for part in letter().walk() if part.get_content_type() == "image/png"]
    width = int.from_bytes(picture.get_content()[16:20], "big")
    assert f'width="{width // 2}"' in letter().get_body(("html",)).get_content()
    assert channel.QR_PIXELS % 2 == 0
