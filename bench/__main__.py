"""Every bench, one after the other, each in a process of its own: `python -m bench [--write]`."""

import subprocess
import sys

ALL = (
    "add",
    "latency",
    "query",
    "cold",
    "serve",
    "rising",
    "front",
    "interest",
    "editions",
    "paint",
    "relevance",
    "keyphrases",
    "merge",
    "trending",
    "forecasts",
    "deliveries",
    "snapshot",
    "xml",
)

if __name__ == "__main__":
    for name in ALL:
        subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]], check=True)
