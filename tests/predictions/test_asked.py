"""What is asked in each case at the smoke tier: the example is scored, labels stay here, and what is wrong is named."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from harness.core.errors import UserError
from harness.core.predictions import InOrder
from harness.core.task import Problem, Score
from harness.formats.vectors import read_vectors
from harness.predictions.exporting import inputs_of, write_files
from harness.predictions.scoring import Question, measured, question
from harness.registry.find import find

REGISTRY = find()
CASES = [(task, case) for task, card in REGISTRY.tasks.items() for case in card.tiers["smoke"].cases]
REFUSED = {
    ("control", "replay_500"),
    ("entity_linking", "index"),
    ("entity_linking", "speed"),
    ("generation", "mixture"),
    ("image_classification", "cost"),
    ("long_range", "approximation"),
    ("long_range", "scaling"),
    ("mlm", "collocations"),
    ("word_similarity", "cost"),
}


class Asked(NamedTuple):
    """A case with its problem, and the folder of what is asked, the example among it."""

    question: Question
    problem: Problem
    folder: Path

    @property
    def example(self) -> Path:
        (path,) = self.folder.glob("example*")
        return path

    def scores(self, path: Path, *, allow_missing: bool = False) -> list[Score]:
        """The scores of predictions."""
        asked = self.question
        replay = asked.format.read(path, self.problem, allow_missing=allow_missing)
        return measured(asked.task, asked.format, replay, asked.run(0), path)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Asked]]:
    """Asks a case, once in this module."""
    made: dict[tuple[str, str], Asked] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.mktemp("cache")))

        def asked(task: str, case: str) -> Asked:
            if (task, case) not in made:
                folder = tmp_path_factory.mktemp(f"{task}-{case}") / "asked"
                found = question(REGISTRY, task, "smoke", case)
                write_files(folder, dict(inputs_of(found, 0, "The page.")))
                made[task, case] = Asked(found, found.problem(found.run(0)), folder)
            return made[task, case]

        yield asked


Ask = Callable[[str, str], Asked]


@pytest.mark.parametrize(("task", "case"), CASES)
def test_the_example_of_every_case_is_scored_or_the_case_says_why_there_is_none(task: str, case: str, ask: Ask) -> None:
    if (task, case) in REFUSED:
        with pytest.raises(UserError, match=f"there are no predictions for {task}, case {case}: it "):
            ask(task, case)
        return
    asked = ask(task, case)
    primary = asked.question.resolved.primary
    scores = [score for score in asked.scores(asked.example) if score.metric == primary]
    assert scores
    assert all(score.n_used for score in scores)
    readme = (asked.folder / "README.md").read_text()
    assert f"--task {task} --tier smoke --case {case} --name mine {asked.example.name}" in readme
    assert readme.endswith("The page.")


@pytest.mark.parametrize(
    ("task", "case", "labels"),
    [
        ("image_classification", "n100", lambda test: test.labels),
        ("long_range", "recall", lambda test: test.labels),
        ("federated", "digits", lambda test: test.labels),
        ("ood_dynamics", "copying", lambda test: test.points[0].items.targets),
    ],
)
def test_no_array_that_is_asked_is_that_of_the_labels(
    task: str, case: str, labels: Callable[..., np.ndarray], ask: Ask
) -> None:
    asked = ask(task, case)
    truth = labels(asked.problem.test)
    for path in asked.folder.glob("[!e]*.npz"):
        with np.load(path) as arrays:
            assert not any(np.array_equal(arrays[name], truth) for name in arrays.files)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refusal(asked: Asked, path: Path) -> str:
    with pytest.raises(UserError) as refused:
        asked.scores(path)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(str(path))
    return line


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric: score for score in scores}


def test_the_items_that_are_there_are_scored_alone_where_the_others_may_be_missing(ask: Ask, tmp_path: Path) -> None:
    asked = ask("retrieval", "atlas")
    lines = gzip.decompress(asked.example.read_bytes()).decode().splitlines(keepends=True)
    part = written(tmp_path, "part.run", "".join(line for line in lines if not line.startswith("q0 ")))
    assert "1 of 81 queries are missing, the first is q0" in refusal(asked, part)
    whole, fewer = (by_name(asked.scores(path, allow_missing=True)) for path in (asked.example, part))
    first = whole["map"].items
    assert first is not None
    assert fewer["map"].value == pytest.approx(first[1:].mean())
    assert (fewer["map"].n_used, fewer["map"].n_expected) == (80, 81)


def test_accuracies_by_client_score_as_the_labels_do_that_they_are_of(ask: Ask, tmp_path: Path) -> None:
    asked = ask("federated", "digits")
    test, rng = asked.problem.test, np.random.default_rng(0)
    labels = np.where(rng.random((4, len(test.labels))) < 0.6, test.labels, (test.labels + 1) % test.classes)
    rounds = np.array([5, 10, 19, 20])
    with (tmp_path / "labels.npz").open("wb") as file:
        np.savez(file, labels=labels[2:], rounds=rounds, labels_by_round=labels)
    lines = ["round,client,accuracy"]
    for number, of_round in zip(rounds, labels, strict=True):
        for client in np.unique(test.clients):
            right = (of_round == test.labels)[test.clients == client]
            lines.append(f"{number},{client},{right.mean():.6f}")
    path = written(tmp_path, "accuracies.csv", "\n".join(lines))
    by_label, by_client = (
        {(score.metric, *score.at.items()): score.value for score in asked.scores(each)}
        for each in (tmp_path / "labels.npz", path)
    )
    assert by_client == pytest.approx(by_label, abs=1e-9)
    assert "client 99999" in refusal(asked, written(tmp_path, "a.csv", f"{lines[0]}\n1,99999,0.5\n"))
    assert "line 2: accuracy 1.5" in refusal(asked, written(tmp_path, "a.csv", f"{lines[0]}\n1,0,1.5\n"))
    assert "missing; expected client" in refusal(asked, written(tmp_path, "a.csv", "\n".join(lines[:-1])))


def test_returns_after_the_most_frames_count(ask: Ask, tmp_path: Path) -> None:
    asked = ask("control", "reach")
    number = asked.problem.test.number
    rows = [f"{frame},{episode},{frame + episode}" for frame in (200, 100) for episode in range(number)]
    path = written(tmp_path, "returns.csv", "\n".join(["frame,episode,return", *rows]))
    assert by_name(asked.scores(path))["return"].value == pytest.approx(200 + (number - 1) / 2)
    assert "1 of" in refusal(asked, written(tmp_path, "a.csv", "\n".join(["frame,episode,return", *rows[1:number]])))
    assert "episode 0 is there twice" in refusal(
        asked, written(tmp_path, "a.csv", "\n".join(["frame,episode,return", *rows[:number], rows[0]]))
    )
    assert "the header 'seed,return'" in refusal(asked, written(tmp_path, "a.csv", "seed,return\n1,2\n"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m0", "'m0' is no JSON; expected a line as"),
        ('{"mention": "m0"}', "expected a line as"),
        ('{"mention": "m0", "entities": "e1"}', "the entities '\"e1\"'"),
        ('{"mention": "m0", "entities": ["e1", "e1"]}', "an entity twice for 'm0'"),
        ('{"mention": "m0", "entities": ["d1"]}', "entity 'd1'; expected e0 to e"),
        ('{"mention": "m99999", "entities": []}', "mention 'm99999' is unknown (in all"),
    ],
)
def test_the_first_wrong_line_of_ranked_entities_is_named(line: str, message: str, ask: Ask, tmp_path: Path) -> None:
    asked = ask("entity_linking", "atlas")
    sound = asked.example.read_text().splitlines()
    text = "\n".join([*sound[1:], line])
    answer = refusal(asked, written(tmp_path, "links.jsonl", text))
    assert f", line {len(sound)}: " in answer
    assert message in answer


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"text": "t0", "start": 5, "end": 5, "entity": "e0"}, "characters 5 to 5 of t0; expected 0 <= start < end"),
        ({"text": "t99999", "start": 0, "end": 5, "entity": "e0"}, "text 't99999'"),
        ({"text": "t0", "start": 0, "end": True, "entity": "e0"}, "the end 'true'"),
    ],
)
def test_the_first_wrong_span_is_named(span: dict[str, object], message: str, ask: Ask, tmp_path: Path) -> None:
    answer = refusal(ask("entity_linking", "atlas_marking"), written(tmp_path, "spans.jsonl", json.dumps(span)))
    assert ", line 1: " in answer
    assert message in answer


def test_pairs_without_vectors_are_left_out_where_words_may_be_missing(ask: Ask, tmp_path: Path) -> None:
    asked = ask("word_similarity", "atlas")
    vectors, vocabulary = read_vectors(asked.example), asked.problem.train.vocabulary
    pairs = asked.problem.test.sets[0]
    gone = pairs.first[0]
    lines = [
        " ".join([word, *map(repr, row.tolist())])
        for number, (word, row) in enumerate(zip(vectors.words, vectors.values, strict=True))
        if number not in (0, 1, gone)  # nobody has vectors of unknown words and of numbers
    ]
    path = written(tmp_path, "vectors.txt", "\n".join([*lines, " ".join(["elsewhere", *["1"] * 8])]))
    assert f"the first is '{vocabulary[gone]}'" in refusal(asked, path)
    whole, part = (by_name(asked.scores(each, allow_missing=True)) for each in (asked.example, path))
    lost = int(((pairs.first == gone) | (pairs.second == gone)).sum())
    assert part["coverage"].n_used == whole["coverage"].n_used - lost
    assert "is there twice" in refusal(asked, written(tmp_path, "a.txt", "\n".join([*lines, lines[0]])))


def test_codes_need_as_many_ones_as_their_file_says(ask: Ask, tmp_path: Path) -> None:
    asked = ask("word_similarity", "atlas")
    vocabulary = asked.problem.train.vocabulary
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "vectors.bin").write_bytes(asked.example.read_bytes())
    codes = np.argsort(np.random.default_rng(0).random((len(vocabulary), 9)), axis=1) < 4
    rows = [" ".join([str(word), *map(str, row.astype(int))]) for word, row in zip(vocabulary, codes, strict=True)]
    (folder / "codes_4.txt").write_text("\n".join(rows))
    metrics = {score.metric for score in asked.scores(folder)}
    assert "code_mean_spearman" in metrics
    assert "bits_mean_spearman" not in metrics
    (folder / "codes_4.txt").write_text("\n".join([*rows[:-1], f"{vocabulary[-1]} 1 1 1 0 0 0 0 0 0"]))
    with pytest.raises(UserError, match=rf"codes_4.txt, line {len(rows)}: the code of .* expected zeros and 4 ones"):
        asked.scores(folder)


def test_probabilities_that_do_not_sum_to_1_are_named(ask: Ask, tmp_path: Path) -> None:
    asked = ask("mlm", "atlas")
    with np.load(asked.example) as stored:
        arrays = {name: stored[name] for name in stored.files}
    with (tmp_path / "half.npz").open("wb") as file:
        np.savez(file, **{name: array - np.log(2) for name, array in arrays.items()})
    assert "probabilities sum to 0.5 to 0.5, not 1" in refusal(asked, tmp_path / "half.npz")
    with (tmp_path / "some.npz").open("wb") as file:
        np.savez(file, token=arrays["token"])
    assert "there is no array" in refusal(asked, tmp_path / "some.npz")


def test_more_items_than_there_are_predictions_are_not_answered() -> None:
    rows = InOrder(np.arange(5))
    assert rows.take(3).tolist() == [0, 1, 2]
    with pytest.raises(Exception, match="there are predictions for 5 items, but 6 are asked for"):
        rows.take(3)
