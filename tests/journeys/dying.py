"""`cranny` with one seam cut: the process kills itself there, as a power cut would end it. SIGKILL can't be caught,
so nothing is said good-bye to, flushed or rolled back. Run as `python dying.py SEAM ARGUMENT…`."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def committed_not_answered() -> None:
    """A worker that has committed a bank's facts and has not yet acknowledged them."""
    from cranny.wire.brokers import nats

    real = nats._Message.respond

    async def respond(message: Any, payload: bytes) -> None:
        if message.subject.endswith(".up.facts"):
            die()
        await real(message, payload)

    nats._Message.respond = respond


def intended_not_pulsed() -> None:
    """A controller whose intent is on the disk and whose lock has not moved."""
    from cranny.edge.drivers.simulated import SimulatedBoard

    async def pulse(board: SimulatedBoard, unit: int, channel: int) -> None:
        die()

    SimulatedBoard.pulse = pulse


def pulsed_not_told() -> None:
    """A controller whose lock was released and that has seen nothing of it yet."""
    from cranny.edge.drivers.simulated import SimulatedBoard

    real = SimulatedBoard.pulse

    async def pulse(board: SimulatedBoard, unit: int, channel: int) -> None:
        await real(board, unit, channel)
        die()

    SimulatedBoard.pulse = pulse


def hasty_keypad() -> None:
    """Nothing dies here: the keypad says its true delays, two minutes before a code is off, and waits a 40th."""
    from cranny.edge.keypad import Keypad

    def wait(keypad: Keypad, now: float) -> float:
        return max(0.0, keypad.at + keypad.delay() / 40 - now)

    Keypad.wait = wait


SEAMS: dict[str, Callable[[], None]] = {
    seam.__name__: seam for seam in (committed_not_answered, intended_not_pulsed, pulsed_not_told, hasty_keypad)
}


if __name__ == "__main__":
    from cranny.apps.cli import main

    SEAMS[sys.argv.pop(1)]()
    main()
