"""Who this box is: one file, made at enrolment, readable by nobody else, never overwritten."""

import os
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.errors import Conflict, Invalid, NotFound
from cranny.wire import nkey

NAME: Final = "identity.json"
PRIVATE: Final = 0o600


class Identity(msgspec.Struct, frozen=True):
    """`seed` is the box's NKEY seed: its name at the broker and the key that signs its facts. `server_key` is the
    server's signing key, pinned; `pepper` makes the bank's digests; `nats` are the broker's addresses; `epoch` is
    the one that a journal begins with."""

    tenant: UUID
    bank: UUID
    nats: list[str]
    seed: str
    server_key: bytes
    pepper: bytes
    epoch: int = 1

    def __repr__(self) -> str:
        return f"Identity(tenant={self.tenant}, bank={self.bank})"

    def signing_key(self) -> Ed25519PrivateKey:
        """Raises Invalid, code `nkey-invalid`."""
        return nkey.private(self.seed.encode())

    def server(self) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(self.server_key)


def write(directory: Path, identity: Identity) -> Path:
    """Raises Conflict, code `already-enrolled`, when there is one."""
    path = directory / NAME
    refuse_existing(directory)
    create_private(path, msgspec.json.encode(identity))
    return path


def refuse_existing(directory: Path) -> None:
    """Raises Conflict, code `already-enrolled`, when the box has an identity."""
    path = directory / NAME
    if path.exists():
        raise Conflict(
            f"This box is enrolled already: {path} exists. Move the whole directory away to enrol it anew.",
            code="already-enrolled",
        )


def read(directory: Path) -> Identity:
    """Raises NotFound, code `not-enrolled`; Invalid, code `identity-invalid`."""
    path = directory / NAME
    if not path.exists():
        raise NotFound(f"This box is not enrolled: {path} does not exist.", code="not-enrolled")
    if path.stat().st_mode & 0o077:
        raise Invalid(f"Others may read {path}: make it 0600.", code="identity-invalid")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except msgspec.DecodeError as error:
        raise Invalid(f"{path} can't be read: {error}", code="identity-invalid") from error


def create_private(path: Path, content: bytes) -> None:
    """A new file that only its owner may read, on the disk with its name when this returns."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
