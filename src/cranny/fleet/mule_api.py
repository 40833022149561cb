"""The data mule over HTTP: facts of a bank without a network up, acknowledgements and rights down."""

from typing import Any

from litestar import Request, Response, post
from litestar.types import ControllerRouterHandler

from cranny.fleet.mule import Carrier
from cranny.web.openapi import PUBLIC
from cranny.wire.mule import LARGEST


def route(carrier: Carrier) -> ControllerRouterHandler:
    @post(
        "/v1/uplink",
        tags=["banks"],
        opt={PUBLIC: True},
        status_code=200,
        operation_id="carryUplink",
        request_max_body_size=LARGEST,
    )
    async def uplink(request: Request[Any, None, Any]) -> Response[bytes]:
        """What `cranny edge export-uplink` wrote, as it is (`application/octet-stream`, 4 MiB at most); the answer is
        for `cranny edge import-downlink`. No key: the bank's signature is the right. Sending a file twice, or one whose
        facts came over the network meanwhile, changes nothing. Problems `message-unreadable`, `signature-invalid`,
        `foreign-bank`, `not-enrolled`, `too-many-files` (once a second for each bank)."""
        body = await carrier.take(await request.body())
        return Response(body, media_type="application/octet-stream")

    return uplink
