"""The slow function between a typed code and its verifier. It takes memory and time on purpose, so it never
runs on an event loop."""

import asyncio
import hmac
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from argon2.low_level import Type, hash_secret_raw

SALT_BYTES = 16
VERIFIER_BYTES = 32


class Kdf(Protocol):
    async def derive(self, material: bytes, salt: bytes) -> bytes:
        """A verifier of 32 bytes. `material` comes from `codes.code_material`, `salt` is the grant's own,
        at least 8 bytes."""
        ...


class Argon2Kdf:
    """Argon2id with 19 MiB, two passes, one lane (OWASP's figure): about 22 ms on a server, 100 on a bank."""

    def __init__(self, *, at_once: int = 1) -> None:
        """`at_once` bounds the memory: further calls wait in line."""
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="kdf")

    async def derive(self, material: bytes, salt: bytes) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pool, _argon2id, material, salt)


class CheapKdf:
    """Fast and therefore worthless against guessing: simulation, tests and benchmarks only."""

    async def derive(self, material: bytes, salt: bytes) -> bytes:
        return hmac.digest(salt, material, "sha256")


def _argon2id(material: bytes, salt: bytes) -> bytes:
    return hash_secret_raw(
        material, salt, time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=VERIFIER_BYTES, type=Type.ID
    )
