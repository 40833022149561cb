"""Faces at the kiosk, as a second thing beside a code; switched off in every installation: see docs/face.md."""
