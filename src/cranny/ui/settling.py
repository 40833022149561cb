"""What the question shows before something is settled."""

from cranny.ui.models import View


class SettleView(View, frozen=True):
    """The question before something is settled or, for an `alarm`, said to be seen: `kind` is its own, `deed` the word
    for what to do, `channel` where it is."""

    post: str
    back: str
    kind: str
    deed: str = ""
    channel: str = ""
    alarm: bool = False
    wrong: bool = False
