"""A process that adds papers to a store, for tests that need several, or one to kill.

store_adds.py WHERE FIRST LAST BATCH: prints the number of papers counted after every commit.
"""

import sys

from broadsheet import ingest
from broadsheet.paper import make
from broadsheet.store import Store


def main(where: str, first: int, last: int, batch: int) -> None:
    papers = [
        make("test", f"Paper number {n} of a test", ids=[f"id:p{n}"], year=2020, authors=["A B"], abstract="word " * 5)
        for n in range(first, last + 1)
    ]
    part = "part" if first == 1 and last > 2000 else f"{first} to {last}"
    with Store.open(where) as store:
        ingest.run(
            store, "test", lambda skip: papers[skip:], part=part, batch=batch,
            progress=lambda summary: print(summary.done, flush=True),
        )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
