"""Gathers every sentence that screens and messages speak into their catalogues: `python scripts/words.py`, then
translate what is empty.

A sentence that changed is a new one: nothing is guessed, nothing old is kept.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "src/cranny"
SPOKEN = {
    HOUSE / "ui/locales": [("**/templates/**.html", "jinja2")],
    HOUSE / "outreach/locales": [("outreach/texts.py", "python")],
}
"""Catalogues, and where their sentences stand."""
OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.do", "trimmed": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def gather(methods: list[tuple[str, str]]) -> Catalog:
    """Every sentence that is spoken there, with the files that speak it."""
    catalogue = Catalog(fuzzy=False)
    for file, _, message, comments, context in extract_from_dir(HOUSE, methods, OPTIONS, keywords=KEYWORDS):
        catalogue.add(message, None, [(file, None)], auto_comments=comments, context=context)
    return catalogue


def update(path: Path, gathered: Catalog) -> tuple[int, int]:
    """Bring one catalogue up to date. Returns (sentences, those without a translation)."""
    language = path.parent.parent.name
    with path.open("rb") as source:
        old = read_po(source, locale=language)
    fresh = Catalog(locale=language, project="Cranny", fuzzy=False, charset="utf-8", domain="cranny")
    for message in gathered:
        if message.id:
            known = old.get(message.id, message.context)
            files = sorted({(file, None) for file, _ in message.locations})
            fresh.add(message.id, known.string if known else None, files, context=message.context)
    text = BytesIO()
    write_po(text, fresh, width=110, omit_header=True, sort_by_file=True, include_lineno=False)
    forms = f'"Plural-Forms: {fresh.plural_forms}\\n"'
    head = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n{forms}\n\n'
    path.write_text(head + text.getvalue().decode().lstrip(), "utf-8")
    return len(fresh), sum(1 for m in fresh if m.id and not (all(m.string) if m.pluralizable else m.string))


def main() -> None:
    for locales, methods in SPOKEN.items():
        gathered = gather(methods)
        for path in sorted(locales.glob("*/LC_MESSAGES/cranny.po")):
            sentences, missing = update(path, gathered)
            where = path.parents[1].relative_to(HOUSE)
            print(f"{where}: {sentences} sentences, {missing} without a translation")  # noqa: T201


if __name__ == "__main__":
    main()
