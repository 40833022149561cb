"""How a connection to the broker is checked."""

from pathlib import Path
from ssl import SSLContext, create_default_context

from cranny.apps.settings import Settings, Tls
from cranny.core.errors import Invalid


def broker_tls(settings: Settings) -> SSLContext | None:
    """What a connection to the broker is checked against; None where it is not encrypted. Raises Invalid, code
    `settings-invalid`, when a file is missing or holds something else."""
    tls = settings.nats_tls
    if tls is None:
        return None
    try:
        context = create_default_context(cafile=str(tls.ca))
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        names = ", ".join(f"{name}={path}" for name, path in _files(tls) if path)
        raise Invalid(
            f"The files for TLS to NATS can't be used ({error}): {names}.", code="settings-invalid"
        ) from error
    return context


def _files(tls: Tls) -> tuple[tuple[str, Path | None], ...]:
    return (("CRANNY_NATS_CA", tls.ca), ("CRANNY_NATS_CERT", tls.certificate), ("CRANNY_NATS_KEY", tls.key))
