"""What is carried about."""

from dataclasses import dataclass
from uuid import UUID

from cranny.wire.allocation import Size, fits
from cranny.wire.messages import CompartmentGiven


@dataclass(frozen=True, slots=True)
class Thing:
    """A parcel. `size` is what it really measures; `announced` whether anybody said that it comes."""

    tracking: str
    owner: UUID
    size: Size
    announced: bool = True

    def __str__(self) -> str:
        return self.tracking


def goes_in(thing: Thing, inside: list[Thing], box: CompartmentGiven) -> bool:
    """Whether there is room for it, as somebody at the door would see."""
    room = Size(box.width, box.height, box.depth)
    return fits(thing.size, room) and sum(one.size.volume for one in (*inside, thing)) <= room.volume
