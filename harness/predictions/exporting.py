"""Giving out what is asked of predictions, and the predictions that runs of entrants have kept."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from harness.core.errors import UserError
from harness.core.files import write_whole
from harness.core.predictions import KEPT, NONE
from harness.core.spec import entrant_in
from harness.predictions.scoring import Question
from harness.records.record import Stored
from harness.records.store import Store

README = "README.md"


def inputs_of(asked: Question, seed: int, page: str) -> Iterator[tuple[str, bytes]]:
    """The files that say what is asked for a seed, by name: the inputs without their labels, an example of predictions,
    and a description, which ends with the `page` on the format."""
    run = asked.run(seed)
    problem = asked.problem(run)
    inputs = dict(asked.format.inputs(problem))
    written = asked.format.write(asked.format.guesses(problem), problem)
    example = {(f"example/{name}" if len(written) > 1 else f"example.{name}"): data for name, data in written.items()}
    yield README, _readme(asked, seed, list(inputs), list(example), page).encode()
    yield from inputs.items()
    yield from example.items()


def kept_files(store: Store, task: str, tier: str, case: str, label: str) -> Iterator[tuple[str, bytes]]:
    """The predictions of a row in a case, or in all cases (""), that its runs have kept: names and contents, a file or
    a folder for each seed. A `UserError` says what to do where a run has kept none."""
    found = [record for record in _of_row(store, task, tier, label) if case in ("", record.spec.case)]
    command = f"harness run --task {task} --tier {tier} --entrant {label} --keep-predictions"
    if not found:
        raise UserError(f"no record of {label} in {task} at tier {tier}; make some: {command}")
    reasons, is_any = [], False
    for record in found:
        kept, spec = record.content["kept"], record.spec
        names = [name for name in kept if name.startswith(KEPT)]
        if not names:
            raise UserError(f"{spec.place} has kept no predictions; repeat it: {command}")
        if NONE in names:
            reasons.append(f"{spec.case}: {store.kept(spec.place, NONE, kept[NONE]).decode().strip()}")
            continue
        for name in names:
            own, place = name.removeprefix(KEPT), f"{spec.case}-s{spec.seed}"
            path = f"{place}.{own}" if len(names) == 1 else f"{place}/{own}"
            yield path, store.kept(spec.place, name, kept[name])
            is_any = True
    if not is_any:
        raise UserError(f"{label}: {reasons[0]}")


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, which must be empty or absent (else a `UserError`)."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"--out {folder} is not an empty folder; name another one")
    try:
        for name, data in files.items():
            write_whole(folder / PurePosixPath(name), data)
    except OSError as error:
        raise UserError(f"cannot write {error.filename or folder}: {error.strerror}") from error


def _of_row(store: Store, task: str, tier: str, label: str) -> Iterator[Stored]:
    for place in store.places(tier, {task}):
        if place.split("/")[3] == entrant_in(label):
            stored = store.stored_at(place)
            if stored is not None and stored.spec.label == label:
                yield stored


def _readme(asked: Question, seed: int, inputs: list[str], example: list[str], page: str) -> str:
    task, tier, case = asked.card.task, asked.resolved.tier, asked.resolved.case
    file = example[0].partition("/")[0]
    listed = "\n".join(f"- `{name}`" for name in inputs)
    first = "" if seed == 0 else f" --first-seed {seed}"
    return f"""# What is to be predicted: {task}, case {case.id}, tier {tier}, seed {seed}

{case.about}

{listed}

`{file}` is an example of predictions by somebody who has learned nothing. Score it, or yours, with

```
harness score --task {task} --tier {tier} --case {case.id} --name mine{first} {file}
```

The labels are not in this folder; the command has them. Another seed may have another test split: `--seed` writes its.

{page}"""
