"""Static files are served from memory under the hash of them all."""

import gzip

import pytest

from cranny.core.errors import Unavailable
from cranny.ui.shelf import Shelf


@pytest.fixture
def root(tmp_path):
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor/htmx.js").write_text("let it = 1;")
    (tmp_path / "vendor/.stamp").write_text("not served")
    (tmp_path / "vendor/font.woff2").write_bytes(b"\0" * 40)
    return tmp_path


def test_a_change_of_any_file_is_a_new_address(root):
    before = Shelf(root)
    (root / "other.css").write_text("a{}")
    after = Shelf(root)
    assert before.url("vendor/htmx.js") != after.url("vendor/htmx.js")
    assert after.url("vendor/htmx.js") == f"/static/{after.version}/vendor/htmx.js"


def test_text_is_packed_and_a_font_is_not(root):
    shelf = Shelf(root)
    script, font = shelf.find("vendor/htmx.js"), shelf.find("vendor/font.woff2")
    assert gzip.decompress(script.packed) == script.body == b"let it = 1;"
    assert script.media_type == "text/javascript; charset=utf-8"
    assert (font.packed, font.media_type) == (None, "font/woff2")


def test_nothing_else_is_served(root):
    shelf = Shelf(root)
    assert shelf.find("vendor/.stamp") is None
    assert shelf.find("../secret") is None
    with pytest.raises(KeyError):
        shelf.url("css/missing.css")


def test_without_the_assets_it_says_what_to_do(tmp_path):
    with pytest.raises(Unavailable, match="make assets"):
        Shelf(tmp_path)
