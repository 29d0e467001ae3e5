"""The report of a verification: what was asked of a bundle, what was run again, and what came out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from harness.core.errors import UserError
from harness.core.strict import Strict, first_fault
from harness.core.words import counted, printable
from harness.records.record import Environment
from harness.submissions.examine import Examined
from harness.submissions.rerun import Comparison


class Repeated(Strict):
    """A run that was repeated, and how its record compares: `same` bit for bit, `close` within the tolerance."""

    place: str
    outcome: Literal["same", "close", "differs"]
    differences: tuple[str, ...] = ()


class Report(Strict):
    """A report, as it is written. The sample of `repeated` runs follows from the bundle's `digest` and the `nonce`."""

    form: Literal[1] = 1
    bundle: str
    digest: str
    task: str
    entrant: str
    trained_on: str
    records: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    nonce: str
    repeated: tuple[Repeated, ...]
    environment: Environment

    @property
    def holds(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.faults and all(run.outcome != "differs" for run in self.repeated)

    @property
    def verified(self) -> tuple[str, ...]:
        """The places of the records that a repetition confirmed."""
        return tuple(run.place for run in self.repeated if run.outcome != "differs")

    @property
    def text(self) -> str:
        """The report for people, in Markdown."""
        lines = [f"# {self.entrant} on {self.task}: {self._verdict}", ""]
        lines += [f"- bundle: {self.bundle}, digest {self.digest}", f"- trained on {self.trained_on}"]
        lines += [f"- wrong: {fault}" for fault in self.faults]
        lines += [f"- note: {note}" for note in self.notes]
        if self.repeated:
            lines.append(
                f"- repeated: {len(self.repeated)} of {counted(self.records, 'run')}, drawn with nonce {self.nonce}"
            )
        for run in self.repeated:
            lines.append(f"  - {run.place}: {_OUTCOMES[run.outcome]}")
            lines += [f"    - {difference}" for difference in run.differences]
        here = self.environment
        lines.append(f"- here: Python {here.python}, torch {here.packages.get('torch', '(none)')}, {here.processor}")
        return "".join(f"{printable(line)}\n" for line in lines)

    @property
    def _verdict(self) -> str:
        if not self.holds:
            return "does not hold"
        return (
            f"verified {len(self.verified)} of {self.records}" if self.repeated else "self-reported, nothing repeated"
        )


_OUTCOMES = {"same": "the same bit for bit", "close": "the same within the tolerance", "differs": "differs"}


def report_on(examined: Examined, nonce: str, repeated: Sequence[Comparison], environment: Environment) -> Report:
    """The report on a bundle that was examined and of which a sample was run again."""
    bundle = examined.bundle
    return Report(
        bundle=bundle.path.name,
        digest=bundle.digest,
        task=bundle.manifest.task,
        entrant=bundle.manifest.entrant,
        trained_on=bundle.manifest.trained_on.text,
        records=len(examined.jobs),
        faults=examined.faults,
        notes=examined.notes,
        nonce=nonce,
        repeated=tuple(Repeated(**comparison._asdict()) for comparison in repeated),
        environment=environment,
    )


def read_report(path: Path) -> Report:
    """A report that was written. A file that is none is a `UserError`."""
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise UserError(f"{path} is no report of `harness verify`: {first_fault(error, 'content')}") from error
