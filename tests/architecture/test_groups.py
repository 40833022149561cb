"""The tests of a group run one after another in one process, and share what is costly to build."""

import pytest


@pytest.mark.xdist_group("told")
def test_pytest_xdist_still_finds_the_groups(request: pytest.FixtureRequest) -> None:
    """It writes them into the names of tests. Where a new pytest does not let it, each process silently builds each
    house for itself."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("only with --dist loadgroup")
    assert request.node.nodeid.endswith("@told")
