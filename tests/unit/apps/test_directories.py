"""A directory that can't be made is one sentence, whoever needs it."""

from pathlib import Path

import pytest

from cranny.apps import settings
from cranny.apps.addresses import master_key
from cranny.apps.cli.edge import edge
from cranny.apps.demo_stage import make_room
from cranny.core.errors import CrannyError
from cranny.core.rng import SystemRng

NOWHERE = [Path("/proc/cranny"), Path("/dev/null/cranny"), Path("/tmp") / ("x" * 300)]  # noqa: S108 - never made


@pytest.mark.parametrize("data", NOWHERE, ids=["no such place", "a file", "too long"])
def test_a_directory_that_can_not_be_made_is_told_in_a_sentence(data: Path) -> None:
    for start in (
        lambda: master_key(settings.read({}, data=data), SystemRng()),
        lambda: make_room(data),
        lambda: edge(["--data", str(data)], result_action="return_value"),
    ):
        with pytest.raises(CrannyError, match=r"choose another|another directory"):
            start()
