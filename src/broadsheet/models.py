"""Encoders of one library: which there are, learning one from its papers, changing to another."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from broadsheet import embed, settings
from broadsheet.errors import BroadsheetError, Mistake
from broadsheet.library import Library, open_library
from broadsheet.paper import Paper
from broadsheet.sources import files
from broadsheet.watch import Watch


def available(library: Library) -> list[dict[str, Any]]:
    """The general encoder, the library's own, and the one in use, each with its contract or what is wrong with it."""
    names = ["general", *sorted(path.name for path in (library.home / "models").glob("[!.]*") if path.is_dir())]
    if library.settings.encoder not in names:
        names.append(library.settings.encoder)
    rows = []
    for name in names:
        try:
            encoder = embed.load(name, library.home / "models")
        except BroadsheetError as error:
            told = {"dim": 0, "hash": "", "made": f"cannot be used: {error}"}
        else:
            told = {**asdict(encoder.contract), "made": getattr(encoder, "made", "")}
        rows.append(
            {
                "name": name,
                **{key: told[key] for key in ("dim", "hash", "made")},
                "in_use": name == library.settings.encoder,
            }
        )
    return rows


def train(
    library: Library, name: str, *, teacher: Path | None, data: Sequence[str], seed: int, watch: Watch
) -> dict[str, Any]:
    """Learn the encoder *name* from titles and abstracts of the library, or of the files *data*."""
    if not name.replace("-", "").replace("_", "").isalnum() or name == "general":
        raise Mistake(f"a model cannot be called {name!r}; use letters, digits and hyphens, and not 'general'")
    from broadsheet.embed import train as training

    papers = _from_files(data) if data else library.papers()
    texts = ((paper.title, paper.abstract) for paper in papers)  # never all at once: training takes a sample
    report = training.train(
        texts, library.home / "models" / name, teacher=teacher, seed=seed, name=name, progress=_Stages(watch)
    )
    return report.to_dict()


def use(library: Library, name: str, watch: Watch) -> int:
    """Make *name* the library's encoder and index with it. The setting changes only when the index is whole."""
    embed.load(name, library.home / "models")
    if (folder := Path(name).expanduser()).is_dir() and not (library.home / "models" / name).is_dir():
        name = str(folder.resolve())  # a folder elsewhere, wherever the next command is given
    with open_library(library.home, flags={"encoder": name}) as other:
        indexed = other.rebuild(watch)
    settings.store(library.home, "encoder", name)
    return indexed


def _from_files(data: Sequence[str]) -> Iterator[Paper]:
    for file in files.expand(data).files:
        yield from (record for record in file.records() if isinstance(record, Paper))


class _Stages:
    """The trainer's progress (stage, done, total) as a watch."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._stage = stage
            self._watch.stage(stage, total, "steps")
        self._watch.moved(done)
