"""A process that indexes a library, for tests that kill it or want two of them: index_works.py HOME refresh|rebuild."""

import sys
from pathlib import Path

from broadsheet.library import open_library


class Aloud:
    """Says every step, so that the one who waits knows how far this process is."""

    def stage(self, name: str, total: int, unit: str) -> None:
        print(name, total, unit, flush=True)

    def moved(self, done: int, note: str = "") -> None:
        print(done, flush=True)


def main(home: Path, verb: str) -> None:
    with open_library(home, env={}) as library:
        print("begins", flush=True)
        done = library.rebuild(Aloud()) if verb == "rebuild" else library.refresh(Aloud())
        print("done", done, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
