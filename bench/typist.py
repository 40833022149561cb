"""Somebody at the keypad, in a process of their own: `python -m bench.typist <port>` reads codes, one a line, types
each into the kiosk of that port, and prints when it was sent and when it was answered (`time.perf_counter`, which is
the same for all processes of a machine)."""

import asyncio
import sys
import time

from bench.browser import connected


async def main(port: int) -> None:
    async with connected(port) as kiosk:
        while code := (await asyncio.to_thread(sys.stdin.readline)).strip():
            sent = time.perf_counter()
            answer = await kiosk.post("/kiosk/code", {"digits": code})
            print(sent, time.perf_counter(), answer.json()["code"], flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
