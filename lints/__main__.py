import sys
from pathlib import Path, PurePosixPath

from lints.run import look_at
from lints.source import Source

FOLDERS = ("src", "tests", "lints", "scripts", "bench")
TEXT = {".py", ".sh", ".js", ".css", ".html", ".sql"}
NOT_OURS = {"vendor", "__pycache__", "node_modules"}


def sources(top: Path) -> list[Source]:
    """Every file of ours that a rule may have an opinion on."""
    files = [file for folder in FOLDERS for file in sorted((top / folder).rglob("*")) if file.suffix in TEXT]
    ours = [file for file in files if not NOT_OURS & set(file.parts)]
    return [Source(PurePosixPath(file.relative_to(top)), file.read_text(encoding="utf-8")) for file in ours]


def main() -> int:
    findings = [finding for source in sources(Path.cwd()) for finding in look_at(source)]
    for finding in findings:
        print(finding)
    print(f"{len(findings)} against the house rules" if findings else "The house rules hold.")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
