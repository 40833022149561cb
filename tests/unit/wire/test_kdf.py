"""The slow function: known values, and that a loop goes on while it works."""

import asyncio

import argon2
import pytest

from cranny.wire.kdf import VERIFIER_BYTES, Argon2Kdf, CheapKdf

SALT = bytes(range(16))


@pytest.mark.slow
async def test_argon2id_with_the_figures_we_promise():
    verifier = await Argon2Kdf().derive(b"material", SALT)
    figures = argon2.low_level.hash_secret(
        b"material", SALT, time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, type=argon2.Type.ID
    )
    assert figures.startswith(b"$argon2id$v=19$m=19456,t=2,p=1$")
    assert verifier.hex() == "1583b0625ebbe6dd99119040e5a6124fc0b25e9433a08a76e6f342442dea395a"


@pytest.mark.slow
async def test_the_loop_goes_on_while_verifiers_are_made():
    kdf = Argon2Kdf(at_once=2)
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    made = await asyncio.gather(*(kdf.derive(b"material", bytes([n]) * 16) for n in range(6)))
    ticking.cancel()
    assert len(set(made)) == 6
    assert ticks > 6


async def test_the_cheap_one_keeps_the_contract():
    kdf = CheapKdf()
    assert len(await kdf.derive(b"material", SALT)) == VERIFIER_BYTES
    assert await kdf.derive(b"material", SALT) == await kdf.derive(b"material", SALT)
    assert await kdf.derive(b"material", SALT) != await kdf.derive(b"material", bytes(16))
