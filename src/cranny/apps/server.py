"""The server: HTTP and SSE."""

from litestar import Litestar

from cranny.apps.addresses import find
from cranny.apps.clock import make_clock
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.rng import SystemRng
from cranny.platform.feature import SOURCE, Parts
from cranny.web import serving as web
from cranny.wiring.serving import join


def build(parts: Parts, public_url: str | None) -> Litestar:
    """The application with every feature's routes."""
    return join(parts, https=parts.url.startswith("https:"), source=public_url or SOURCE)


async def run_server(parts: Parts, settings: Settings) -> None:
    """Until cancelled."""
    app = build(parts, settings.public_url)
    await web.serve(app, settings.host, settings.port, proxies=settings.trusted_proxies, tls=settings.tls)


async def serve(settings: Settings) -> None:
    """A whole server process, until cancelled."""
    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, make_clock(settings.clock), rng) as parts:
        await run_server(parts, settings)
