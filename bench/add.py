"""Adding a corpus to an empty library: seconds and peak memory, by stage and for the whole process.

    python -m bench.add [--papers 0 1000000] [--write]

0 stands for the real corpus. "Store" reads, checks, merges and commits; "index" makes both indexes from the store.
"""

import json
import sys

from bench import table


def child(papers: int) -> None:
    """One corpus, in a process of its own. Prints JSON: papers, [stage, seconds, processor s, peak bytes]s."""
    from bench import libraries
    from broadsheet.library import open_library

    home, corpus = libraries.empty(papers), libraries.corpus_of(papers)
    with open_library(home) as library:
        with table.stage() as storing:
            library.add([corpus], index=False)
        with table.stage() as indexing:
            library.refresh()
        stages = [(name, part.seconds, part.cpu, part.peak) for name, part in (("store", storing), ("index", indexing))]
        state = library.stats()
        if state.behind or state.indexed != state.papers:
            raise SystemExit(f"not indexed whole: {state}")
        libraries.mark(library)
    print(json.dumps([state.papers, stages]))


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--papers", type=int, nargs="+", default=[0, 1_000_000])
    parser.add_argument("--child", type=int, help="for the bench itself")
    chosen = parser.parse_args()
    if chosen.child is not None:
        child(chosen.child)
        return
    result = table.Table("add", ["papers", "stage", "seconds", "processor s", "papers a second", "peak memory, MB"])
    for papers in chosen.papers:
        if papers:  # the corpus is made before the clock starts
            table.run([sys.executable, "-m", "bench.corpus", "--papers", str(papers)])
        done = table.run([sys.executable, "-m", "bench.add", "--child", str(papers)])
        count, stages = json.loads(done.output.splitlines()[-1])
        whole = ("the whole process", done.seconds, done.cpu, max(done.peak, *(stage[-1] for stage in stages)))
        for name, seconds, cpu, peak in (*stages, whole):
            result.add(count, name, seconds, cpu, round(count / seconds), round(peak / 1e6))
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
