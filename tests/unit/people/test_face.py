"""Faces, as far as they are rules: what one may decide, when two are the same, when a picture is no good; and the gate
that keeps all of it off."""

import math
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Refused
from cranny.core.rng import SeededRng
from cranny.people.face import checks
from cranny.people.face.checks import FaceCheck, installed
from cranny.people.face.rule import (
    DARKEST,
    MOST_APART,
    SIZE,
    SMALLEST,
    Face,
    Outcome,
    flaw,
    middle,
    pack,
    release,
    same,
    unpack,
)
from cranny.people.face.tables import TemplateRow
from cranny.people.face.templates import SAID, seal, unseal
from cranny.platform.keys import Keyring, SealBroken

ROOM = Path(checks.__file__).parent
OURS, THEIRS, ADA, BEN = (UUID(int=n) for n in range(1, 5))
NUMBERS = st.lists(st.floats(-1, 1, width=32), min_size=SIZE, max_size=SIZE).map(tuple)
GOOD = Face(SMALLEST, DARKEST)


@pytest.mark.parametrize(("code", "face"), list(product((True, False), (*Outcome, None))))
def test_the_code_alone_opens_whatever_a_face_says(code: bool, face: Outcome | None) -> None:
    said = release(code, face)
    assert said.opens is code
    assert said.seconded is (code and face == "same")


@pytest.mark.parametrize(
    ("faces", "why"),
    [
        ([], Outcome.NO_FACE),
        ([GOOD], None),
        ([GOOD, GOOD], Outcome.MANY_FACES),
        ([Face(300, 200), Face(12, 3)], Outcome.MANY_FACES),
        ([Face(SMALLEST - 1, 200)], Outcome.SMALL),
        ([Face(200, DARKEST - 0.1)], Outcome.DARK),
        ([Face(SMALLEST - 1, 0)], Outcome.SMALL),
    ],
)
def test_a_picture_is_good_enough_or_says_why_not(faces: list[Face], why: Outcome | None) -> None:
    assert flaw(faces) is why


def test_two_are_the_same_up_to_the_threshold_and_not_beyond() -> None:
    here = (0.0,) * SIZE
    assert same(here, (MOST_APART, *here[1:]))
    assert not same(here, (math.nextafter(MOST_APART, 1), *here[1:]))


@pytest.mark.slow
@given(NUMBERS, NUMBERS)
def test_a_template_is_packed_without_loss_and_the_middle_lies_between(one, other) -> None:
    assert unpack(pack(one)) == one
    assert len(pack(one)) == 512
    between = middle([one, other])
    assert math.dist(one, between) == pytest.approx(math.dist(one, other) / 2)
    assert same(one, one)
    assert same(one, other) == same(other, one)


def test_whoever_shows_a_face_is_told_what_is_wrong_with_it() -> None:
    assert SAID.keys() == set(Outcome) - {Outcome.SAME, Outcome.NOT_ENROLLED, Outcome.OFF, Outcome.FAILED}


def test_a_template_opens_with_the_key_of_its_tenant_and_for_its_person_only() -> None:
    keyring = Keyring(bytes(range(32)), rng=SeededRng(1))
    template = tuple(n / 256 for n in range(SIZE))
    sealed = seal(keyring, OURS, ADA, template)
    made = {"model": "m", "created": None, "seen": None}
    assert unseal(keyring, TemplateRow(OURS, ADA, sealed, **made)) == template
    assert pack(template)[:16] not in sealed
    for tenant, person in ((THEIRS, ADA), (OURS, BEN)):
        with pytest.raises(SealBroken):
            unseal(keyring, TemplateRow(tenant, person, sealed, **made))
    # It is the key that differs, and not only what it is bound to.
    with pytest.raises(SealBroken):
        keyring.open(f"face/{THEIRS}", ADA.bytes, sealed)


def test_no_face_check_is_on_in_any_installation() -> None:
    """Whoever brings a liveness check changes this test, and `PASSED`, and says in docs/face.md what it stopped."""
    assert installed().liveness is None
    with pytest.raises(Refused) as refused:
        installed().insist()
    assert refused.value.code == "face-check-off"
    assert "printed photograph" in refused.value.detail
    assert "Codes open the doors" in refused.value.detail


def test_without_the_extra_it_is_off_as_well() -> None:
    class Any:
        def alive(self, pictures) -> bool:
            return bool(pictures)

    with pytest.raises(Refused, match=r"cranny\[face\]"):
        FaceCheck(None, Any()).insist()


def test_the_model_that_must_not_be_used_is_named_nowhere_in_the_code() -> None:
    sources = {file.name: file.read_text() for file in ROOM.glob("*.py")}
    assert [name for name, text in sources.items() if ".dat" in text] == ["eyes.py"]
    assert "68_face" not in sources["eyes.py"]
