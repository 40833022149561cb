"""Signing in with another organisation: OpenID Connect, the code flow with PKCE."""
