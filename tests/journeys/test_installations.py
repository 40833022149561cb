"""Two installations on one machine, one of them of somebody without any rights."""

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .box import Box
from .house import House, free_port, together
from .parcels import bank_file

pytestmark = together()
ROOT = 0


def as_nobody(uid: int) -> tuple[str, ...]:
    """The interpreter may lie in root's own home: the other user gets the right to read, and no right to write."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv (util-linux) is missing")
    read = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    return (setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *read)


@pytest.mark.prove
async def test_somebody_else_runs_a_second_house_beside_ours(house: House, new_data_dir: Callable[[], Path]) -> None:
    other, us = House(new_data_dir(), free_port()), os.geteuid()
    if us == ROOT:
        us = pwd.getpwnam("nobody").pw_uid
        os.chown(other.data, us, us)
        other.before = as_nobody(us)
    try:
        await other.up()
        await other.found("Next door")
        bank, claim = await other.bank(bank_file({"M": 1}))
        async with Box.enrolled(other, claim) as box:
            box.write("door.forced", {"door": "M1"})
            await box.sync()

        # Neither knows the other's keys, banks or events.
        assert (await house.client.get(f"/v1/banks/{bank}")).status_code == 404
        stranger = {"Authorization": f"Bearer {house.key}"}
        assert (await other.client.get("/v1/banks", headers=stranger)).status_code == 401
        assert await house.events(subject=f"banks/{bank}/doors/M1") == []
        assert await other.check() == ""
        made = [path for path in other.data.rglob("*") if path.suffix != ".log" or path.parent != other.data]
        assert {path.lstat().st_uid for path in made} == {us}
    finally:
        await other.down()
