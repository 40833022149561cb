"""Places where an engine can't live: each says so in one sentence."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.engines
NOBODY = 65534
IN_NO_PASSWD_FILE = 54321
ROOT = 0


@contextmanager
def small_disk(at: Path, megabytes: int) -> Iterator[Path]:
    at.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", at]
    if os.geteuid() != ROOT or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this account may not mount a small disk")
    try:
        yield at
    finally:
        subprocess.run(["/bin/umount", "--lazy", at], check=True)


def test_a_directory_that_can_not_be_written(data_dir, hold):
    data_dir.chmod(0o555)
    said = hold("postgres", data_dir, uid=NOBODY if os.geteuid() == ROOT else None).said
    assert said["code"] == "engine-not-writable"
    assert said["detail"].startswith(f"Cranny can't write in {data_dir}")


def test_a_user_without_a_passwd_entry(data_dir, hold):
    if os.geteuid() == ROOT:
        os.chown(data_dir, IN_NO_PASSWD_FILE, IN_NO_PASSWD_FILE)
    said = hold("postgres", data_dir, uid=IN_NO_PASSWD_FILE).said
    assert said["code"] == "engine-no-account"


def test_root_says_which_folder_is_closed(data_dir, hold):
    if os.geteuid() != ROOT:
        pytest.skip("only root runs engines as somebody else")
    data_dir.chmod(0o700)
    said = hold("postgres", data_dir / "inside").said
    assert said["code"] == "engine-not-writable"
    assert f"because {data_dir} is closed to it" in said["detail"]
    assert data_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("megabytes", [1, 20, 45])
def test_a_full_disk(data_dir, hold, megabytes):
    with small_disk(data_dir / "small", megabytes) as disk:
        said = hold("postgres", disk).said
        assert said == {"code": "engine-disk-full", "detail": said["detail"]}
        assert said["detail"].endswith("is full: free some space, then start again.")


def test_a_disk_that_fills_up_between_two_runs(data_dir, hold):
    with small_disk(data_dir / "small", 200) as disk:
        hold("postgres", disk).end()
        with suppress(OSError), (disk / "ballast").open("wb") as ballast:
            while True:
                ballast.write(bytes(1 << 16))
                ballast.flush()
        assert hold("postgres", disk).said["code"] == "engine-disk-full"
        (disk / "ballast").unlink()
        assert "dsn" in hold("postgres", disk).said
