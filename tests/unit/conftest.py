"""How long property tests search: briefly on every run, more briefly in `make fast`, and for as long as it takes with
HYPOTHESIS_PROFILE=deep.

No deadline for one example: on a machine that is busy with other things it would only tell that it is busy."""

import os

from hypothesis import settings

settings.register_profile("swift", max_examples=10, deadline=None)
settings.register_profile("quick", max_examples=30, deadline=None)
settings.register_profile("deep", max_examples=3000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
