"""Floor 4: webhooks. Tells other people's programs what happened: signed, in order, again until it is taken.

It knows nothing of what the events mean, and nobody needs to know of it: it follows the log.
"""

from cranny.webhooks.own import FEATURE

__all__ = ["FEATURE"]
