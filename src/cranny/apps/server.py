"""The server: HTTP and SSE."""

from litestar import Litestar

from cranny.platform.feature import Parts
from cranny.platform.server import create_server
from cranny.wiring.features import features


def build(parts: Parts) -> Litestar:
    """The application with every feature's routes."""
    routes = [route for feature in features() for route in feature.routes(parts)]
    return create_server(routes, parts)


async def run_server(parts: Parts, host: str, port: int) -> None:
    """Until cancelled."""
    import uvicorn

    config = uvicorn.Config(
        build(parts), host=host, port=port, log_config=None, access_log=False, server_header=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign]
    await server.serve()
