"""A gigabyte of XML in the shape of the ACL Anthology's: speed, and memory that does not grow with the file.

python -m bench.xml [--megabytes 100 1000] [--write]
"""

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from bench import table
from bench.snapshot import words

_VOLUME = 2_000  # papers of one volume


def write(path: Path, size: int) -> None:
    """One collection of at least *size* bytes."""
    draw = random.Random(3)
    said = words(20_000, draw)
    pieces = [" ".join(draw.choices(said, k=120)) for _ in range(2_000)]
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<collection id="2024.bench">\n')
        number = 0
        while file.tell() < size:
            if number % _VOLUME == 0:
                end = "</volume>\n" if number else ""
                meta = "<meta><booktitle>Proceedings</booktitle><year>2024</year><venue>bench</venue></meta>"
                file.write(f'{end}<volume id="{number // _VOLUME}" ingest-date="2024-01-27">{meta}\n')
            number += 1
            names = ((draw.choice(said), draw.choice(said)) for _ in range(4))
            people = "".join(f"<author><first>{given}</first><last>{family}</last></author>" for given, family in names)
            title = f"<fixed-case>{draw.choice(said).upper()}</fixed-case> {pieces[number % 2_000][:60]}"
            name = f"2024.bench-{number // _VOLUME}.{number % _VOLUME + 1}"
            file.write(
                f'<paper id="{number % _VOLUME + 1}"><title>{title}</title>{people}<abstract>{draw.choice(pieces)}, to'
                f" 3<tex-math>\\times</tex-math> more.</abstract><url>{name}</url><doi>10.5555/{name}</doi></paper>\n"
            )
        file.write("</volume></collection>\n")


def child(path: Path) -> None:
    from broadsheet.sources import acl

    started, papers = time.perf_counter(), 0
    with path.open("rb") as stream:
        for _ in acl.parse(stream, source="acl", at="2024-01-01"):
            papers += 1
    print(json.dumps([papers, time.perf_counter() - started]))


def main() -> None:
    parser = table.options(__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[10, 100, 1_000])
    parser.add_argument("--child", type=Path, help="for the bench itself")
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child)
        return
    result = table.Table("xml", ["MB of XML", "papers", "seconds", "MB a second", "papers a second", "peak memory, MB"])
    with tempfile.TemporaryDirectory(prefix="broadsheet-xml-") as folder:
        for size in chosen.megabytes:
            path = Path(folder) / "2024.bench.xml"
            write(path, size * 1_000_000)
            done = table.run([sys.executable, "-m", "bench.xml", "--child", str(path)])
            papers, seconds = json.loads(done.output.splitlines()[-1])
            peak = round(done.peak / 1e6)
            result.add(size, papers, seconds, round(size / seconds, 1), round(papers / seconds), peak)
    table.publish(result, write=chosen.write)


if __name__ == "__main__":
    main()
