"""How a connection to the broker is checked."""

from ssl import SSLContext, create_default_context

from cranny.apps.settings import Settings


def broker_tls(settings: Settings) -> SSLContext | None:
    """What a connection to the broker is checked against; None where it is not encrypted."""
    if settings.nats_tls is None:
        return None
    context = create_default_context(cafile=str(settings.nats_tls.ca))
    if settings.nats_tls.certificate is not None:
        context.load_cert_chain(settings.nats_tls.certificate, settings.nats_tls.key)
    return context
