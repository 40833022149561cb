"""Reads the pictures that a letter holds, as far as they go: one bit a pixel, black on white."""

import struct
import zlib

import zxingcpp


def read_symbol(png: bytes) -> str:
    """The text of the one symbol in a picture."""
    (found,) = zxingcpp.read_barcodes(_pixels(png))
    return str(found.text)


def _pixels(png: bytes) -> memoryview:
    chunks = _chunks(png)
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour) == (1, 0), "another kind of picture than was thought"
    raw, stride = zlib.decompress(chunks[b"IDAT"]), (width + 7) // 8
    above, rows = bytes(stride), []
    for y in range(height):
        kind, line = raw[y * (stride + 1)], raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)]
        assert kind in {0, 2}, "another filter than was thought"
        above = line if kind == 0 else bytes((one + other) & 0xFF for one, other in zip(line, above, strict=True))
        rows.append(bytes(255 * (above[x // 8] >> (7 - x % 8) & 1) for x in range(width)))
    return memoryview(b"".join(rows)).cast("B", (height, width))


def _chunks(png: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind = png[at + 4 : at + 8]
        found[kind] = found.get(kind, b"") + png[at + 8 : at + 8 + length]
        at += 12 + length
    return found
