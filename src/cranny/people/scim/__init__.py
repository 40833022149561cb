"""SCIM 2.0 (RFC 7643, 7644): another system says who is what here. The extra `cranny[scim]`."""
