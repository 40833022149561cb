"""One application of what the features bring."""

from litestar import Litestar

from cranny.platform.feature import SOURCE, Parts
from cranny.platform.server import create_server
from cranny.wiring.features import features
from cranny.wiring.keepers import informed


def join(parts: Parts, *, https: bool = False, source: str = SOURCE) -> Litestar:
    """With every feature's routes, and the one that knows people by their sessions at the gate."""
    found, parts = features(), informed(parts)
    sorry = [feature.sorry(parts) for feature in found if feature.sorry is not None]
    visitors = [feature.visitors(parts) for feature in found if feature.visitors is not None]
    return create_server(
        [route for feature in found for route in feature.routes(parts)],
        parts,
        visitors=visitors[0] if visitors else None,
        things={name: finder for feature in found for name, finder in feature.things.items()},
        https=https,
        source=source,
        sorry=sorry[0] if sorry else None,
    )
