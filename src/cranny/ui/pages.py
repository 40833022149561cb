"""Templates: one environment for each language, strict about what is undefined, escaping everything.

A page and its fragments include the same macros, so a door looks the same however it arrived.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cranny.ui import models
from cranny.ui.shelf import Shelf
from cranny.ui.words import SOURCE, Words, load

OURS = Path(__file__).parent / "templates"


class Pages:
    """Renders templates from `folders` (a room's own), falling back on the shared ones."""

    def __init__(self, folders: Sequence[Path], shelf: Shelf, words: Mapping[str, Words] | None = None) -> None:
        self.shelf = shelf
        self.words = words or load()
        loader = FileSystemLoader([*folders, OURS])
        self._environments = {language: _environment(loader, shelf, speech) for language, speech in self.words.items()}

    def render(self, template: str, *, language: str = SOURCE, zone: str = "UTC", **values: Any) -> str:
        """The page or fragment. `zone` is where the reader's clock hangs: the bank's time zone."""
        environment = self._environments[language if language in self._environments else SOURCE]
        return environment.get_template(template).render(zone=ZoneInfo(zone), languages=self.words, **values)


def _environment(loader: FileSystemLoader, shelf: Shelf, speech: Words) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
    )
    environment.install_gettext_translations(speech.catalogue, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(
        asset=shelf.url,
        speech=speech,
        direction=speech.direction,
        language=speech.language,
        STATES=models.STATES,
        resolution=timedelta(seconds=1),
    )
    return environment
