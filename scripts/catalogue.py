"""Makes the catalogue of parcels that the simulated city sends: `python scripts/catalogue.py parcels.parquet`.

The source is olist_products_dataset.csv of github.com/olist/work-at-olist-data (MIT), as a Parquet file with the
columns width_cm, height_cm, length_cm and weight_g. Needs pyarrow, which nothing else of ours does. The same rows make
the same bytes: they are sorted, and the archive holds no date.
"""

import gzip
import sys
from pathlib import Path

import pyarrow.parquet

TARGET = Path(__file__).resolve().parent.parent / "src/cranny/sim/city/catalogue.csv.gz"
COLUMNS = ("width_cm", "height_cm", "length_cm", "weight_g")


def main(source: str) -> None:
    table = pyarrow.parquet.read_table(source, columns=list(COLUMNS)).to_pydict()
    rows = sorted(zip(*(table[column] for column in COLUMNS), strict=True))
    lines = ["width_cm,height_cm,depth_cm,weight_g", *(",".join(map(str, row)) for row in rows)]
    TARGET.write_bytes(gzip.compress("\n".join([*lines, ""]).encode(), compresslevel=9, mtime=0))
    print(f"{len(rows)} parcels, {TARGET.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
