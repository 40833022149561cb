"""What stands after --board NAME: is understood, or answered with a sentence that says what would do."""

import pytest

from cranny.core.clock import SystemClock
from cranny.core.errors import Invalid
from cranny.core.rng import SeededRng
from cranny.edge import drivers
from cranny.edge.drivers import bcc_8a80, kerong_cu16
from cranny.edge.drivers._serial.address import Port, read

SERIAL = ["bcc_8a80", "kerong_cu16", "kerong_cu48", "winnsen"]


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("/dev/ttyUSB0", Port(device="/dev/ttyUSB0")),
        ("/dev/serial/by-id/usb-FTDI_FT232R-if00-port0", Port(device="/dev/serial/by-id/usb-FTDI_FT232R-if00-port0")),
        ("COM3", Port(device="COM3")),
        ("tcp://10.0.0.5:4001", Port(host="10.0.0.5", number=4001)),
        ("tcp://converter.local:23", Port(host="converter.local", number=23)),
        ("tcp://[fe80::1]:4001", Port(host="fe80::1", number=4001)),
    ],
)
def test_ports(address: str, port: Port) -> None:
    assert read(address, {}).port == port
    assert str(port) == address


def test_what_is_said_and_what_goes_without_saying() -> None:
    said = read("/dev/ttyS1,baud=9600,shut-bit=0,timeout-ms=80,content=infrared", kerong_cu16.OPTIONS)
    assert (said.number("baud"), said.seconds("timeout-ms")) == (9600, 0.08)
    assert (said.word("shut-bit"), said.word("content")) == ("0", "infrared")
    unsaid = read("/dev/ttyS1", kerong_cu16.OPTIONS)
    assert (unsaid.number("baud"), unsaid.seconds("timeout-ms"), unsaid.number("pulse-ms")) == (19_200, 0.3, 0)
    assert (unsaid.word("shut-bit"), unsaid.word("content"), unsaid.word("bit-order")) == ("1", "none", "low-first")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "It begins with a serial port (/dev/ttyUSB0) or a converter (tcp://10.0.0.5:4001), not ''."),
        ("ttyUSB0", "not 'ttyUSB0'."),
        ("tcp://10.0.0.5", "not 'tcp://10.0.0.5'."),
        ("tcp://10.0.0.5:0", "not 'tcp://10.0.0.5:0'."),
        ("tcp://10.0.0.5:70000", "not 'tcp://10.0.0.5:70000'."),
        ("tcp://a b:1", "not 'tcp://a b:1'."),
        ("/dev/ttyS1,bauds=9600", "It does not know 'bauds=9600'. There are: baud, "),
        ("/dev/ttyS1,baud", "It does not know 'baud'. There are: baud, "),
        ("/dev/ttyS1,", "It does not know ''. There are: baud, "),
        ("/dev/ttyS1,baud=fast", "baud is a whole number from 1200 to 115200, not 'fast'."),
        ("/dev/ttyS1,baud=-9600", "baud is a whole number from 1200 to 115200, not '-9600'."),
        ("/dev/ttyS1,baud=٩٦٠٠", "baud is a whole number from 1200 to 115200, not '٩٦٠٠'."),
        ("/dev/ttyS1,baud=99999999999999999999", "baud is a whole number from 1200 to 115200, not"),
        ("/dev/ttyS1,baud=", "baud is a whole number from 1200 to 115200, not ''."),
        ("/dev/ttyS1,shut-bit=closed", "shut-bit is 1 or 0, not 'closed'."),
        ("/dev/ttyS1,pulse-ms=555", "pulse-ms is a whole number from 0 to 60000, in steps of 10, not '555'."),
        ("/dev/ttyS1,baud=9600,baud=19200", "It says the same twice."),
    ],
)
async def test_what_can_t_be_used_says_why(address: str, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        await kerong_cu16.open_board(address, clock=SystemClock(), rng=SeededRng(1))
    assert caught.value.code == "board-address-invalid"
    assert sentence in caught.value.detail


def test_how_many_locks_an_8a80_board_has_must_be_said() -> None:
    """Its frames are as long as it has locks: a guess would misread them."""
    with pytest.raises(Invalid, match="It has to say channels: a whole number from 1 to 64"):
        read("/dev/ttyS1", bcc_8a80.OPTIONS)


@pytest.mark.parametrize("name", SERIAL)
async def test_every_board_checks_its_address(name: str) -> None:
    with pytest.raises(Invalid):
        await drivers.load(name).open_board("nowhere", clock=SystemClock(), rng=SeededRng(1))
