"""Parcels and everything like them: announced, deposited, collected."""
