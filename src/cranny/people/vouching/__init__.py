"""What all organisations that vouch for people have in common, however they say it: OpenID Connect, SAML."""
