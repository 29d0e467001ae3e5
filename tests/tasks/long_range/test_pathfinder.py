"""Pathfinder: what the label says is drawn, and nothing but following the curves tells it."""

import numpy as np
import pytest
from scipy.ndimage import label as connected
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harness.tasks.long_range.problems import pathfinder
from harness.tasks.long_range.problems.pathfinder import INK, Pathfinder

ITEMS, TRAINED_ON = 4000, 2400
BOUND = 3 * 0.5 / (ITEMS - TRAINED_ON) ** 0.5
"""Three standard deviations of chance."""


def recipe(seed: int = 0, items: int = 60, side: int = 32, dashes: int = 7, distractors: int = 3) -> Pathfinder:
    return Pathfinder(version=1, seed=seed, items=items, side=side, dashes=dashes, distractors=distractors)


@pytest.fixture(scope="module")
def built() -> dict[str, np.ndarray]:
    return recipe(items=ITEMS).build()


def dots(images: np.ndarray) -> np.ndarray:
    """I64[n 2 2]: the middles of the full blocks of nine pixels."""
    blocks = np.lib.stride_tricks.sliding_window_view(images == INK, (3, 3), axis=(1, 2)).all(axis=(3, 4))
    assert (blocks.sum(axis=(1, 2)) == 2).all()
    return np.argwhere(blocks)[:, 1:].reshape(-1, 2, 2) + 1


def statistics(images: np.ndarray) -> np.ndarray:
    """F64[n 20]: ink, where the dots are and how far apart, ink by stripe, bits of ink, ink around the dots."""
    ink, places = (images == INK).astype(float), dots(images)
    apart = np.linalg.norm(places[:, 0] - places[:, 1], axis=1)
    stripes = [stripe.sum(axis=(1, 2)) for axis in (1, 2) for stripe in np.array_split(ink, 4, axis=axis)]
    bits = [connected(image, np.ones((3, 3)))[1] for image in ink]
    y, x = np.mgrid[: ink.shape[1], : ink.shape[2]]
    near = [
        (ink * (np.maximum(abs(y - places[:, i, :1, None]), abs(x - places[:, i, 1:, None])) <= reach)).sum(axis=(1, 2))
        for i in (0, 1)
        for reach in (3, 6)
    ]
    return np.column_stack([ink.sum(axis=(1, 2)), apart, places.reshape(-1, 4), *stripes, bits, *near])


def accuracy(model: object, inputs: np.ndarray, labels: np.ndarray) -> float:
    model.fit(inputs[:TRAINED_ON], labels[:TRAINED_ON])  # type: ignore[attr-defined]
    return float(model.score(inputs[TRAINED_ON:], labels[TRAINED_ON:]))  # type: ignore[attr-defined]


def test_labels_are_balanced(built: dict[str, np.ndarray]) -> None:
    assert built["images"].shape == (ITEMS, 32, 32)
    assert set(np.unique(built["images"])) == {0, INK}
    assert built["labels"].mean() == 0.5


def test_every_dots_are_drawn_once_on_one_curve_and_once_on_two(built: dict[str, np.ndarray]) -> None:
    places = dots(built["images"])
    assert np.array_equal(places[::2], places[1::2])
    assert (built["labels"][::2] == 1).all()
    assert (built["labels"][1::2] == 0).all()


def test_label_is_whether_a_path_joins_the_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gaps between the dashes, what is joined is connected."""
    places = dots(recipe(items=300).build()["images"])
    monkeypatch.setattr(pathfinder, "_on_dashes", lambda curves: curves)
    solid = recipe(items=300).build()
    for image, ends, joined in zip(solid["images"], places, solid["labels"], strict=True):
        parts, _ = connected(image, np.ones((3, 3)))
        first, second = (parts[y, x] for y, x in ends)
        assert (first == second) == joined


def test_seed_draws_the_images() -> None:
    first, again, other = (recipe(seed).build()["images"] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pixels_alone_do_not_tell(built: dict[str, np.ndarray]) -> None:
    flat = (built["images"] == INK).reshape(ITEMS, -1).astype(float)
    model = LogisticRegression(C=0.01, max_iter=200)
    assert accuracy(model, flat, built["labels"]) == pytest.approx(0.5, abs=BOUND)


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), LogisticRegression()),
        HistGradientBoostingClassifier(max_iter=50, max_depth=3, random_state=0),
    ],
    ids=["linear", "boosted"],
)
def test_simple_statistics_do_not_tell(built: dict[str, np.ndarray], model: object) -> None:
    assert accuracy(model, statistics(built["images"]), built["labels"]) == pytest.approx(0.5, abs=BOUND)


def test_the_tests_above_would_notice_a_shortcut(built: dict[str, np.ndarray]) -> None:
    ink = built["images"].copy()
    ink[built["labels"] == 1, 0, :3] = INK
    model = make_pipeline(StandardScaler(), LogisticRegression())
    assert accuracy(model, statistics(ink), built["labels"]) > 0.5 + 2 * BOUND


def test_small_images_have_room_too() -> None:
    made = recipe(items=32, side=16, dashes=3, distractors=1).build()
    assert made["images"].shape == (32, 16, 16)
    two_dots_and_two_curves = 2 * 9 + 2 * 3
    assert (made["images"] == INK).sum(axis=(1, 2)).min() > two_dots_and_two_curves
