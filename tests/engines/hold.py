"""A program of its own that holds engines until its standard input ends; for tests that kill it or run it as others.

`python hold.py postgres|nats DIRECTORY` prints the address, or the error's code and sentence."""

import asyncio
import json
import sys
from pathlib import Path

from cranny.platform import engines

USER = "UDE23XVGD3S5IUCJXMGPSSDHE5TKUZIE4GALWKTP37MQ35S4O3FZQFAV"


async def main(engine: str, directory: Path) -> None:
    started = (
        engines.postgres(directory)
        if engine == "postgres"
        else engines.nats(directory, config=engines.NatsConfig(users=[USER]))
    )
    try:
        async with started as address:
            say(dsn=getattr(address, "admin_dsn", None), url=getattr(address, "url", None))
            await asyncio.to_thread(sys.stdin.read)
    except engines.EngineError as error:
        say(code=error.code, detail=error.detail)


def say(**words: str | None) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
