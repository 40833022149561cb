"""What a rule looks at, and what it says."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Finding:
    path: PurePosixPath
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.says}"


@dataclass(frozen=True)
class Source:
    """One text file; `path` is relative to the top of the repository."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Empty for a file that is not Python, so that a rule about Python just finds nothing."""
        return ast.parse(self.text if self.path.suffix == ".py" else "")

    def inside(self, folder: str) -> bool:
        return self.path.is_relative_to(folder)

    def finding(self, line: int, says: str) -> Finding:
        return Finding(self.path, line, says)
