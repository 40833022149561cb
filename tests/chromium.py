"""The browser of this machine, for tests that need a real one: they are skipped without it, and say so."""

import shutil
from typing import Any, Final

import pytest

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WHY: Final = "no Chromium on this machine: on Debian and Ubuntu install the package chromium"
LAUNCH: Final[dict[str, Any]] = {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
"""For Playwright's `launch`. Under root Chromium has no sandbox of its own."""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=WHY)
