"""The file of the master key: made once, whole, for its owner only."""

import errno
import os
from pathlib import Path

import pytest

from cranny.apps.master import read_or_make_master
from cranny.core.errors import Invalid
from cranny.core.rng import SystemRng


def test_the_master_key_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    made = read_or_make_master(path, SystemRng())
    assert len(made) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_make_master(path, SystemRng()) == made
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        read_or_make_master(path, SystemRng())


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "äb" * 32])
def test_a_file_that_holds_no_master_key_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        read_or_make_master(path, SystemRng())
    assert caught.value.code == "master-key-broken"
    assert path.read_text() == text


def test_a_disk_that_is_full_at_the_first_start_leaves_no_half_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "master.key"
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            read_or_make_master(path, SystemRng())
    assert list(tmp_path.iterdir()) == []
    assert len(read_or_make_master(path, SystemRng())) == 32
