"""What only a real server can do to us: freeze, refuse, come late, ask who we are and prove who it is."""

import asyncio
import datetime as dt
import ipaddress
import json
import ssl

import nkeys
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from cranny.core.errors import Unavailable
from cranny.core.rng import SeededRng
from cranny.wire.brokers import nats as nats_module
from cranny.wire.brokers.nats import NatsBroker

pytestmark = pytest.mark.engines
SEED = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
PUBLIC = nkeys.from_seed(SEED).public_key.decode()


async def until(condition, within=10):
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - nobody sets an event for a test
            await asyncio.sleep(0.005)


async def echo(message):
    await message.respond(message.payload)


async def flood(broker):
    for _ in range(100):
        await broker.publish("cranny.flood", bytes(1_000_000))


async def test_a_bank_that_starts_before_its_server_is_there_finds_it_later(nats_wire):
    await nats_wire.cut()
    bank = NatsBroker([nats_wire.url], rng=SeededRng(1))
    try:
        await bank.connect()
        heard = asyncio.Event()

        async def hear(_):
            heard.set()

        await bank.subscribe("cranny.poke", hear)
        assert not bank.connected
        with pytest.raises(Unavailable):
            await bank.publish("cranny.poke", b"")
        await nats_wire.mend()
        await until(lambda: bank.connected)
        await bank.publish("cranny.poke", b"")
        await asyncio.wait_for(heard.wait(), 5)
    finally:
        await bank.close()


async def test_a_process_that_needs_the_server_now_is_told_that_it_is_not_there(nats_wire):
    await nats_wire.cut()
    worker = NatsBroker([nats_wire.url], rng=SeededRng(1))
    try:
        with pytest.raises(Unavailable) as caught:
            await worker.connect(within=0.3)
        assert caught.value.code == "not-connected"
        await nats_wire.mend()
        await until(lambda: worker.connected)
    finally:
        await worker.close()


async def test_who_can_not_connect_is_told_where_to_and_why():
    worker = NatsBroker(["nats://somebody:secret@127.0.0.1:1"], rng=SeededRng(1))
    try:
        with pytest.raises(Unavailable, match=r"no connection to NATS at 127\.0\.0\.1:1: .+\.$") as caught:
            await worker.connect(within=1)
        assert "secret" not in caught.value.detail
    finally:
        await worker.close()


async def test_an_old_server_is_left_alone():
    """One that says it is old, for there is none in a wheel; a bank does not ask, a server process does."""

    async def greet(reader, writer):
        hello = {"server_id": "N", "version": "2.14.2", "proto": 1, "max_payload": 1_000_000, "headers": True}
        writer.write(f"INFO {json.dumps(hello)}\r\n".encode())
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    worker, bank = NatsBroker([url], rng=SeededRng(1), oldest=(2, 14, 3)), NatsBroker([url], rng=SeededRng(1))
    try:
        with pytest.raises(Unavailable, match=r"it is version 2\.14\.2, and Cranny needs 2\.14\.3 or newer"):
            await worker.connect(within=1)
        await bank.connect(within=5)
    finally:
        await worker.close()
        await bank.close()
        server.close()


async def test_a_frozen_server_holds_nobody_up_and_is_left(nats_wire, monkeypatch):
    monkeypatch.setattr(nats_module, "PROBE_EVERY_S", 0.3)
    monkeypatch.setattr(nats_module, "SEND_S", 1)
    bank = await nats_wire.connect("bank")
    await bank.subscribe("cranny.ask", echo)
    loop = asyncio.get_running_loop()
    nats_wire.freeze()
    started = loop.time()
    with pytest.raises(Unavailable):
        await bank.request("cranny.ask", b"", timeout=0.5)
    assert loop.time() - started < 1
    with pytest.raises(Unavailable):
        await flood(bank)
    assert loop.time() - started < 10
    await until(lambda: not bank.connected)
    await nats_wire.cut()
    await nats_wire.mend()
    await until(lambda: bank.connected)
    assert await bank.request("cranny.ask", b"back", timeout=5) == b"back"


async def test_nothing_that_was_handed_over_before_the_loss_arrives_after_it(nats_wire):
    bank, server = await nats_wire.connect("bank"), await nats_wire.connect("server")
    heard = []

    async def hear(message):
        heard.append(message.payload)

    await server.subscribe("cranny.command", hear)
    await nats_wire.cut()
    refused = 0
    for _ in range(50):
        try:
            await bank.publish("cranny.command", b"open")
        except Unavailable:
            refused += 1
        await asyncio.sleep(0.005)
    await nats_wire.mend()
    await until(lambda: bank.connected and server.connected)
    await bank.publish("cranny.command", b"fresh")
    await until(lambda: heard)
    assert refused > 0
    assert heard == [b"fresh"]


async def test_an_nkey_opens_its_own_subjects_and_a_foreign_one_is_refused_and_logged(nats_wire):
    rights = {"publish": ["cranny.mine.up.>"], "subscribe": ["cranny.mine.down.>", "_INBOX_mine.>"]}
    server = {"user": "server", "password": "secret"}
    nats_wire.configure({"authorization": {"users": [{"nkey": PUBLIC, "permissions": rights}, server]}})
    await nats_wire.cut()
    await nats_wire.mend()
    bank = await nats_wire.connect("bank", nkey_seed=SEED, inbox_prefix="_INBOX_mine")
    other = NatsBroker([nats_wire.url.replace("//", "//server:secret@")], rng=SeededRng(1))
    await other.connect(within=5)
    try:
        await other.subscribe("cranny.*.up.facts", echo)
        assert await bank.request("cranny.mine.up.facts", b"fact", timeout=5) == b"fact"
        with capture_logs() as logs:
            with pytest.raises(Unavailable):
                await bank.request("cranny.yours.up.facts", b"fact", timeout=0.3)
            await bank.subscribe("cranny.yours.down.>", echo)
            await until(lambda: len([entry for entry in logs if entry["log_level"] == "error"]) == 2)
        told = [entry["error"] for entry in logs if entry["event"] == "broker refused a subject"]
        assert "cranny.yours.up.facts" in told[0]
        assert "cranny.yours.down.>" in told[1]
        assert await bank.request("cranny.mine.up.facts", b"still", timeout=5) == b"still"
    finally:
        await other.close()


async def test_a_wrong_key_is_logged_and_tried_again_until_the_server_knows_it(nats_wire):
    nats_wire.configure({"authorization": {"users": [{"user": "somebody", "password": "else"}]}})
    await nats_wire.cut()
    await nats_wire.mend()
    bank = NatsBroker([nats_wire.url], rng=SeededRng(1), nkey_seed=SEED)
    try:
        with capture_logs() as logs, pytest.raises(Unavailable):
            await bank.connect(within=1)
        assert "Authorization Violation" in str(logs[0]["error"])
        nats_wire.configure({"authorization": {"users": [{"nkey": PUBLIC}]}})
        await nats_wire.cut()
        await nats_wire.mend()
        await until(lambda: bank.connected, within=20)
    finally:
        await bank.close()


async def test_tls_is_spoken_with_a_pinned_authority_only(nats_wire, tmp_path):
    key, certificate = authority(tmp_path)
    nats_wire.configure({"tls": {"cert_file": str(certificate), "key_file": str(key)}})
    await nats_wire.cut()
    await nats_wire.mend()
    pinned = ssl.create_default_context(cafile=certificate)
    bank = await nats_wire.connect("bank", tls=pinned)
    await bank.subscribe("cranny.ask", echo)
    assert await bank.request("cranny.ask", b"in private", timeout=5) == b"in private"
    stranger = NatsBroker([nats_wire.url], rng=SeededRng(1), tls=ssl.create_default_context())
    try:
        with capture_logs() as logs, pytest.raises(Unavailable):
            await stranger.connect(within=1)
        assert logs
    finally:
        await stranger.close()


def authority(folder):
    """A key and a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("127.0.0.1"), localhost()]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "key.pem", folder / "certificate.pem"
    plain = serialization.NoEncryption()
    files[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    files[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return files


def localhost():
    return x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
