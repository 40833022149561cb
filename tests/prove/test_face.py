"""Real eyes (dlib, the five-point model) on photographs of two people, both free and out of wheels: Eileen Collins
(NASA) and Grace Hopper (US Navy). They tell one from the other, and neither from a printed photograph of her: which is
why the face check is switched off, and stays so until something stops every print here.
"""

import base64
import math
import zlib
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cranny.core.errors import Refused
from cranny.people import own
from cranny.people.face.checks import FaceCheck, installed
from cranny.people.face.rule import MOST_APART, Outcome
from cranny.people.face.templates import Faces
from cranny.platform.permissions import Role
from cranny.wiring.serving import join
from tests.people import house as home
from tests.people.house import House
from tests.people.test_face import OFF, somebody

NEEDED = ("dlib", "face_recognition_models", "numpy", "PIL", "skimage", "matplotlib")
if missing := [name for name in NEEDED if find_spec(name) is None]:
    pytest.skip(f"no face was looked at: `make faces` installs {', '.join(missing)}", allow_module_level=True)

from PIL import Image, ImageEnhance, ImageFilter, ImageOps  # noqa: E402 - only where it is

from cranny.people.face.eyes import FIVE_POINTS, NETWORK, DlibEyes, models  # noqa: E402
from tests.prove.printing import jpeg, printed, sheets  # noqa: E402

pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("face")]
house = home.house

CHANGED: dict[str, Callable[[Any], Any]] = {
    "mirrored": ImageOps.mirror,
    "turned": lambda image: image.rotate(7, Image.Resampling.BICUBIC),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "flat": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "smaller": lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3)),
    "cropped": lambda image: image.crop((image.width // 12, 0, image.width, image.height * 11 // 12)),
}


class Trusting:
    """Takes every picture for somebody: what a face check without a liveness check is."""

    def alive(self, pictures: Sequence[bytes]) -> bool:
        return bool(pictures)


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> DlibEyes:
    """With the two files that are used and no other of the package beside them."""
    folder = tmp_path_factory.mktemp("weights")
    for name in (FIVE_POINTS, NETWORK):
        (folder / name).symlink_to(models() / name)
    return DlibEyes(folder)


def inside(package: str, path: str) -> Path:
    """A file of a package, which is not run."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / path


@pytest.fixture(scope="module")
def collins() -> Any:
    """Head and shoulders, as large as a kiosk's camera would see them."""
    whole = Image.open(inside("skimage", "data/astronaut.png")).convert("RGB")
    return whole.crop((100, 0, 356, 256)).resize((640, 640), Image.Resampling.LANCZOS)


@pytest.fixture(scope="module")
def hopper() -> Any:
    return Image.open(inside("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")).convert("RGB")


def template(eyes: DlibEyes, image: Any) -> tuple[float, ...]:
    sight = eyes.look(jpeg(image))
    assert sight.flaw is None, sight
    return sight.template


def test_somebody_is_themselves_in_another_light_and_nobody_else(
    eyes: DlibEyes, collins: Any, hopper: Any, record_property: Any
) -> None:
    known = {"collins": template(eyes, collins), "hopper": template(eyes, hopper)}
    own_, others = {}, {}
    for (name, image), (how, change) in (
        (person, one) for person in (("collins", collins), ("hopper", hopper)) for one in CHANGED.items()
    ):
        seen = template(eyes, change(image))
        other = known["hopper" if name == "collins" else "collins"]
        own_[name, how], others[name, how] = math.dist(seen, known[name]), math.dist(seen, other)
    assert {pair: far for pair, far in own_.items() if far > MOST_APART} == {}
    assert {pair: far for pair, far in others.items() if far <= MOST_APART} == {}
    record_property(
        "figure",
        f"face: one person {max(own_.values()):.2f} apart at most, two {min(others.values()):.2f} at least "
        f"({len(own_)} pictures, threshold {MOST_APART})",
    )


def test_what_says_nothing_is_called_so(eyes: DlibEyes, collins: Any, hopper: Any) -> None:
    pair = Image.new("RGB", (1280, 640))
    pair.paste(collins, (0, 0))
    pair.paste(hopper.resize((546, 640)), (680, 0))
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: turn it by a quarter before looking
    pictures = {
        jpeg(pair): Outcome.MANY_FACES,
        jpeg(Image.effect_noise((640, 480), 60).convert("RGB")): Outcome.NO_FACE,
        jpeg(hopper.resize((128, 150))): Outcome.NO_FACE,
        jpeg(hopper.resize((170, 200))): Outcome.SMALL,
        jpeg(ImageEnhance.Brightness(hopper).enhance(0.15)): Outcome.DARK,
        jpeg(hopper)[:900]: Outcome.UNREADABLE,
        b"": Outcome.UNREADABLE,
        b"\xff\xd8\xff\xe0rubbish": Outcome.UNREADABLE,
        gif(hopper): Outcome.UNREADABLE,
        bomb(40_000): Outcome.UNREADABLE,
        bomb(9_000): Outcome.UNREADABLE,
        jpeg(hopper.rotate(90, expand=True), exif=turned): None,
    }
    assert [(eyes.look(picture).flaw, why) for picture, why in pictures.items()] == [
        (why, why) for why in pictures.values()
    ]


def test_a_printed_photograph_is_its_person_to_the_eyes(
    eyes: DlibEyes, collins: Any, hopper: Any, record_property: Any
) -> None:
    """And so a matcher alone must never be switched on."""
    taken, held = 0, 0
    for image in (collins, hopper):
        known = template(eyes, image)
        for sheet in sheets():
            sight = eyes.look(jpeg(printed(image, sheet)))
            held += 1
            taken += sight.flaw is None and math.dist(sight.template, known) <= MOST_APART
    record_property("figure", f"face: {taken} of {held} printed photographs are taken for their person")
    assert taken >= 0.9 * held


def test_it_is_on_only_if_something_stops_every_print_and_no_photograph(collins: Any, hopper: Any) -> None:
    check = installed()
    assert check.eyes is not None, "with the extra, what is missing is the liveness check alone"
    prints = [jpeg(printed(image, sheet)) for image in (collins, hopper) for sheet in sheets()]
    fooled = [one for one in prints if check.liveness is None or check.liveness.alive([one])]
    if fooled:
        with pytest.raises(Refused, match="printed photograph"):
            check.insist()
    else:
        assert check.liveness is not None
        assert all(check.liveness.alive([jpeg(image)]) for image in (collins, hopper))


async def test_from_the_first_picture_to_the_kiosk_with_real_eyes(
    house: House, eyes: DlibEyes, collins: Any, hopper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = FaceCheck(lambda: eyes, Trusting())
    monkeypatch.setattr(own, "installed", lambda: check)
    house.app = join(house.parts)
    darker, print_ = jpeg(CHANGED["darker"](collins)), jpeg(printed(collins, next(sheets())))
    async with somebody(house, "boss", Role.ADMIN) as admin:
        await admin.client.put(OFF, json={"on": True})
        assert (await admin.enrol(jpeg(collins), jpeg(hopper))).json()["flaw"] == "other"
        assert (await admin.enrol(b"no picture")).json()["flaw"] == "unreadable"
        assert (await admin.enrol(jpeg(collins), darker)).status_code == 200
        faces = Faces(house.parts.db, house.parts.keyring, check)
        for picture, outcome in (
            (jpeg(collins), "same"),
            (jpeg(hopper), "other"),
            (print_, "same"),
            (b"", "unreadable"),
        ):
            assert await faces.compare(house.tenant, admin.id, [picture], by="banks/1") == outcome
        text = {"agree": True, "pictures": [base64.b64encode(jpeg(collins)).decode()[:-5]]}
        assert (await admin.client.put(f"/v1/people/{admin.id}/face", json=text)).status_code == 400


def gif(image: Any) -> bytes:
    from io import BytesIO

    into = BytesIO()
    image.save(into, "GIF")
    return into.getvalue()


def bomb(side: int) -> bytes:
    """A PNG that says it is that large, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    head = side.to_bytes(4) * 2 + bytes((8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
