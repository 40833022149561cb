"""Talking to a provider: what it says of itself, the code for a token, its keys."""

from dataclasses import dataclass
from typing import Any, Final

import httpx2
import msgspec
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from cranny.core.clock import Clock
from cranny.core.errors import Invalid, Unavailable
from cranny.platform.outside import Guard, NotOutside, Resolve
from cranny.platform.reaching import Reaching

PATH: Final = "/.well-known/openid-configuration"
SCOPE: Final = "openid email profile"
REMEMBER_S: Final = 300.0
MOST: Final = 500

logger = structlog.get_logger(__name__)


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself, as far as it is needed here (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """How we are known to a provider. Without a secret it is a public client, which PKCE alone protects."""

    issuer: str
    client_id: str
    secret: str | None
    redirect_uri: str

    def __repr__(self) -> str:
        """Without the secret, wherever it is printed."""
        return f"Client({self.issuer}, {self.client_id})"


class Talking:
    def __init__(self, guard: Guard, resolve: Resolve, clock: Clock) -> None:
        self._guard = guard
        self._clock = clock
        self._transport = Reaching(guard, resolve)
        self._known: dict[str, tuple[Metadata, float]] = {}

    async def discover(self, issuer: str) -> Metadata:
        """Remembered for five minutes. Raises Invalid, code `oidc-provider-wrong`, for what is no provider or says that
        it is another one; Unavailable, code `oidc-provider-silent`."""
        now = self._clock.monotonic()
        known = self._known.get(issuer)
        if known is not None and known[1] > now:
            return known[0]
        found = await self._discover(issuer)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[issuer] = (found, now + REMEMBER_S)
        return found

    async def _discover(self, issuer: str) -> Metadata:
        raw = await self._get(issuer.rstrip("/") + PATH)
        try:
            found = msgspec.json.decode(raw, type=Metadata)
        except (msgspec.DecodeError, ValueError) as error:
            raise _wrong("At its address there is no description of a provider.") from error
        if found.issuer != issuer:
            raise _wrong(f"It says that it is {found.issuer[:200]}.")
        methods = found.code_challenge_methods_supported
        if methods is not None and "S256" not in methods:
            raise _wrong("It does not know PKCE with S256.")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            self._check(address)
        return found

    def url(self, client: Client, metadata: Metadata, *, state: str, nonce: str, verifier: str, **more: str) -> str:
        """Where the browser goes to sign in."""
        url, _ = _oauth(client, metadata).create_authorization_url(
            metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier, **more
        )
        return str(url)

    async def trade(self, client: Client, metadata: Metadata, code: str, verifier: str) -> str:
        """The ID token for a code. Raises Invalid, code `oidc-code-refused`; Unavailable, code
        `oidc-provider-silent`."""
        try:
            async with _oauth(client, metadata, transport=self._transport) as session:
                token = await session.fetch_token(
                    metadata.token_endpoint, grant_type="authorization_code", code=code, code_verifier=verifier
                )
        except OAuthError as error:
            raise Invalid(f"The other organisation refuses the code: {str(error.error)[:100]}.", code=_CODE) from error
        except httpx2.HTTPError as error:
            raise _silent(error) from error
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise Invalid("The other organisation's answer can't be read.", code=_CODE) from error
        found = token.get("id_token")
        if not isinstance(found, str):
            raise Invalid("The other organisation does not say who it is: no ID token came.", code=_CODE)
        return found

    async def keys(self, metadata: Metadata) -> dict[str, Any]:
        """Its JWKS. Raises like `discover`."""
        try:
            return msgspec.json.decode(await self._get(metadata.jwks_uri), type=dict[str, Any])
        except (msgspec.DecodeError, ValueError) as error:
            raise _wrong("It does not show its keys.") from error

    async def _get(self, url: str) -> bytes:
        try:
            async with httpx2.AsyncClient(transport=self._transport, follow_redirects=False) as session:
                answer = await session.get(url, headers={"Accept": "application/json"})
                answer.raise_for_status()
                return answer.content
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _silent(error) from error

    def _check(self, address: str) -> None:
        try:
            self._guard.read(address)
        except NotOutside as error:
            raise _wrong(error.detail) from error


_CODE: Final = "oidc-code-refused"


def _oauth(client: Client, metadata: Metadata, **more: Any) -> Any:
    methods = metadata.token_endpoint_auth_methods_supported
    method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
    return AsyncOAuth2Client(
        client.client_id,
        client.secret,
        scope=SCOPE,
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method=method if client.secret else "none",
        **more,
    )


def _wrong(why: str) -> Invalid:
    return Invalid(f"The other organisation's sign-in is not set up rightly. {why}", code="oidc-provider-wrong")


def _silent(error: Exception) -> Unavailable:
    logger.warning("a provider of sign-ins can't be reached", error=type(error).__name__, why=str(error)[:200])
    return Unavailable(
        "The other organisation's sign-in does not answer. Try again, or another way in.", code="oidc-provider-silent"
    )
