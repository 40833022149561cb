"""A real NATS server, started and ended by us."""

import asyncio
import os
import signal
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import nats
import nkeys
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cranny.platform import engines
from cranny.platform.engines import NatsConfig, TlsFiles
from cranny.platform.engines.errors import PortBusy

pytestmark = pytest.mark.engines
SEED = nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_USER)
STRANGER = nkeys.encode_seed(b"?" * 32, nkeys.PREFIX_BYTE_USER)
USER = nkeys.from_seed(SEED).public_key.decode()
ISSUER = nkeys.from_seed(nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_ACCOUNT)).public_key.decode()


async def connect(address, seed=SEED, **more):
    async def quiet(_):
        pass

    client = nats.NATS()
    keys = {"nkeys_seed_str": seed.decode(), "allow_reconnect": False, "error_cb": quiet, "connect_timeout": 1}
    try:
        await client.connect(address.url, **keys, **more)
    except BaseException:
        # A refused client leaves its socket open.
        if client._transport:
            client._transport.close()
            await client._transport.wait_closed()
        raise
    return client


async def echoes(client) -> bool:
    subscription = await client.subscribe("echo")
    await client.publish("echo", b"here")
    return (await subscription.next_msg()).data == b"here"


@pytest.mark.parametrize("issuer", [None, ISSUER])
async def test_our_own_users_pass_and_others_do_not(data_dir, issuer):
    async with engines.nats(data_dir, config=NatsConfig(users=[USER], issuer=issuer)) as address:
        client = await connect(address)
        assert await echoes(client)
        assert client.max_payload == 4 * 1024 * 1024
        with pytest.raises((nats.errors.Error, OSError)):
            await connect(address, STRANGER)
        await client.close()


async def test_others_are_asked_about_through_the_callout(data_dir):
    async with engines.nats(data_dir, config=NatsConfig(users=[USER], issuer=ISSUER)) as address:
        ours = await connect(address)
        questions = await ours.subscribe("$SYS.REQ.USER.AUTH")
        with suppress(nats.errors.Error, OSError):
            await connect(address, STRANGER)
        assert await questions.next_msg()
        await ours.close()


async def test_it_is_found_where_it_was_the_next_time(data_dir):
    async with engines.nats(data_dir, config=NatsConfig(users=[USER])) as first:
        pass
    async with engines.nats(data_dir, config=NatsConfig(users=[USER])) as second:
        assert second == first
    with socket.create_server(("127.0.0.1", first.port)), pytest.raises(PortBusy, match=str(first.port)):
        async with engines.nats(data_dir, config=NatsConfig(users=[USER])):
            pass
    (data_dir / "nats/server.json").write_text("{")  # a power cut while it was written
    async with engines.nats(data_dir, config=NatsConfig(users=[USER])) as third:
        assert third.port


async def test_it_is_found_where_it_was_after_it_died(data_dir):
    async with engines.nats(data_dir, config=NatsConfig(users=[USER])) as address:
        (ports,) = (data_dir / "nats/run").glob("*.ports")
        os.kill(int(ports.stem.rsplit("_", 1)[-1]), signal.SIGKILL)
        for _ in range(200):
            await asyncio.sleep(0.05)
            with suppress(OSError, nats.errors.Error):
                client = await connect(address)
                break
        assert await echoes(client)
        await client.close()


async def test_a_fixed_port_and_a_busy_one(data_dir):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(engines.EngineError, match="another program has its port") as caught:
            async with engines.nats(data_dir, config=NatsConfig(users=[USER], port=port)):
                pass
    assert caught.value.code == "engine-port-busy"
    async with engines.nats(data_dir, config=NatsConfig(users=[USER], port=port)) as address:
        assert address.url == f"nats://127.0.0.1:{port}"


async def test_a_bad_key_is_one_sentence(data_dir):
    with pytest.raises(engines.EngineError, match=r"^NATS did not start .*Not a valid public nkey"):
        async with engines.nats(data_dir, config=NatsConfig(users=["not a key"])):
            pass


async def test_tls(data_dir):
    files = certificate(data_dir)
    trust = ssl.create_default_context(cafile=files.certificate)
    async with engines.nats(data_dir, config=NatsConfig(users=[USER], tls=files)) as address:
        assert address.url.startswith("tls://")
        client = await connect(address, tls=trust)
        assert await echoes(client)
        await client.close()


def certificate(folder: Path) -> TlsFiles:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)  # noqa: TID251 - the certificate must be valid by the real clock
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    files = TlsFiles(folder / "server.pem", folder / "server.key")
    files.certificate.write_bytes(made.public_bytes(Encoding.PEM))
    files.key.touch(mode=0o600)
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
