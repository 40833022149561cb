"""Whose screen it is while an operator opens doors: what a running bank tells, said to its stage."""

from typing import Any
from uuid import UUID

from cranny.edge.kiosk.stage import Stage
from cranny.ui.models import Done, Home, Place

from .test_commands import Desk


def test_a_courier_in_the_middle_of_a_visit_keeps_the_screen(live_bank: Any) -> None:
    """While the operator's door opens, stands open and is shut, the courier's stays on the screen; between two of
    their parcels so does what they did last."""

    async def story(bank: Any) -> None:
        stage = Stage(
            lambda label: Place(label=label, index=0, side="left", level="chest"),
            lambda: 90,
            lambda: bank.controller.visiting,
        )

        def shown() -> Any:
            heard, bank.told[:] = list(bank.told), []
            for told in heard:
                stage.hear(told)
            return stage.screen

        desk = await Desk.at(bank)
        answer = await bank.controller.scan((await bank.announce("PARCEL")).tracking[0])
        shown()
        stage.hear(answer)
        first = stage.screen
        afar = "05" if first.place.label != "05" else "04"
        await desk.send(desk.command("open", afar))
        assert shown() == first
        await bank.shut(afar)
        assert shown() == first
        await bank.put(first.place.label)
        await bank.shut(first.place.label)
        between = shown()
        assert isinstance(between, Done)
        await desk.send(desk.command("open", afar))
        await bank.shut(afar)
        assert shown() == between
        stage.hear(bank.controller.done(UUID(between.visit)))
        assert shown() == Home()
        await desk.send(desk.command("open", afar))
        assert (shown().place.label, stage.screen.purpose) == (afar, "inspect")

    live_bank(story)
