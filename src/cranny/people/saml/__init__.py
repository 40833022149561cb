"""Signing in with another organisation: SAML 2.0, begun here, answered by POST. With the extra `cranny[saml]`."""
