"""The program as a shell runs it: a process, its exit code, standard output and standard error apart."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = (sys.executable, "-m", "broadsheet")


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADSHEET_")}
    return {**kept, "BROADSHEET_HOME": str(home), "PYTHONWARNINGS": "error", **more}


def broadsheet(home: Path, *words: str | Path, code: int = 0, **env: str) -> Said:
    """One run; its exit code must be *code*, and no traceback may ever be shown."""
    done = subprocess.run(
        [*PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=120, env=environment(home, **env),
        cwd=home.parent, check=False, encoding="utf-8", errors="surrogateescape",
    )  # fmt: skip
    said = Said(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in said.err, said.err
    assert said.code == code, said
    return said


def start(home: Path, *words: str | Path) -> "subprocess.Popen[str]":
    """A run to be interrupted."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(home),
        cwd=home.parent,
    )  # fmt: skip
