"""What rises, measured anew by a process of its own, as a server has it done: from the store's rows to the board.

    python -m bench.rising [--write]

The library is that of `bench.communities`: 87,243 papers and over a million votes, saves and comments.
"""

import sys

from bench import communities, table
from broadsheet.community import board
from broadsheet.library import open_library

REFRESH = """
import sys
from broadsheet.community import trending
from broadsheet.library import open_library
with open_library(sys.argv[1]) as library:
    trending.refresh(library.home, library.store, library.index, every=0)
"""


def main() -> None:
    chosen = table.options(__doc__).parse_args()
    home = communities.prepared()
    result = table.Table("rising", ["trending refresh", "events", "seconds", "processor s", "peak MB"])
    with open_library(home) as library:
        library.refresh()
        for name in ("the first", "the next", "and the next"):
            done = table.run([sys.executable, "-c", REFRESH, home])
            made = board.Boards(home).current()
            result.add(name, made.events if made else 0, done.seconds, done.cpu, done.peak / 1e6)
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
