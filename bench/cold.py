"""A whole command in a new process each time, as a shell runs it.

python -m bench.cold [--papers 0] [--runs 20] [--write]
"""

import sys

from bench import libraries, table
from bench.questions import ask

COMMAND = [sys.executable, "-c", "from broadsheet.cli import main; main()"]


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--papers", type=int, default=0)
    parser.add_argument("--runs", type=int, default=20)
    chosen = parser.parse_args()
    home = libraries.prepared(chosen.papers)
    questions = ask(libraries.corpus_of(chosen.papers), chosen.runs)["short, 2 or 3 words"]
    result = table.Table("cold", ["command", "median s", "slowest s", "peak memory, MB", "runs"])
    commands = {
        "broadsheet --help": [["--help"]] * chosen.runs,
        "broadsheet search QUESTION": [["--home", str(home), "search", question] for question in questions],
        "broadsheet search QUESTION --json": [["--home", str(home), "search", "--json", q] for q in questions],
    }
    for name, arguments in commands.items():
        table.run([*COMMAND, *arguments[0]])  # the files are in the system's cache from here on
        done = [table.run([*COMMAND, *more]) for more in arguments]
        seconds = sorted(one.seconds for one in done)
        peak = max(one.peak for one in done)
        result.add(name, seconds[len(seconds) // 2], seconds[-1], round(peak / 1e6), len(done))
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
