"""Films: what a run kept is shown pixel by pixel, evenly chosen, and told from what another run kept."""

import base64
import io
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness.core.errors import UserError
from harness.figures.drawing.frame import draw, settings
from harness.figures.files import check, render, write
from harness.figures.film import FilmStrips
from harness.figures.rasters import by_pixels
from harness.records.record import Record
from harness.records.store import Store
from harness.tables.formats import to_json

Make = Callable[..., Record]
Films = Callable[..., FilmStrips]
Keep = Callable[..., list[Record]]

FILM = {"kind": "film", "file": "rollout.npz"}


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def video(frames: int = 4, videos: int = 1, shape: tuple[int, ...] = (5, 6)) -> np.ndarray:
    """U8[videos frames *shape], every frame of its own grey: 10 times the video and its number."""
    greys = 100 * np.arange(videos)[:, None] + np.arange(frames)
    return np.broadcast_to(greys.reshape(videos, frames, *(1,) * len(shape)), (videos, frames, *shape)).astype(np.uint8)


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Stores records of which each kept a file, and gives them as they are stored."""

    def stored(*records: Record, data: bytes, name: str = "rollout.npz") -> list[Record]:
        store = Store(tmp_path / "results")
        for record in records:
            store.write(record, kept={name: data} if record.status == "ok" else {})
        return list(store.all())

    return stored


def rasters(svg: bytes) -> list[Image.Image]:
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", svg.decode())
    return [Image.open(io.BytesIO(base64.b64decode(raster))) for raster in found]


class TestStrips:
    def test_an_array_is_a_strip_and_an_entrant_a_block(self, record: Make, keep: Keep, film: Films) -> None:
        made = keep(record("gru", 0), record("rim", 0, kind="method"), data=npz(truth=video(), predicted=video()))
        figure = film(made)
        assert [(block.title, [strip.name for strip in block.strips]) for block in figure.blocks] == [
            ("rim", ["truth", "predicted"]),
            ("gru", ["truth", "predicted"]),
        ]
        assert figure.blocks[0].strips[0].numbers == (0, 1, 2, 3)

    def test_too_many_frames_are_evenly_chosen_and_numbered(self, record: Make, keep: Keep, film: Films) -> None:
        (block,) = film(keep(record("rim", 0), data=npz(truth=video(31))), frames=4).blocks
        (strip,) = block.strips
        assert strip.numbers == (0, 10, 20, 30)
        assert strip.pictures[:, 0, 0].tolist() == [0, 10, 20, 30]

    def test_only_the_first_seed_is_shown_and_said(self, record: Make, keep: Keep, film: Films) -> None:
        figure = film(keep(record("rim", 1), record("rim", 0), data=npz(truth=video())))
        assert (len(figure.blocks), figure.made.seeds) == (1, (0,))
        assert figure.reading == "Frames, by number, of the first videos that seed 0 kept in rollout.npz."

    def test_cases_are_told_apart(self, record: Make, keep: Keep, film: Films) -> None:
        made = keep(record("rim", 0, case="hard"), record("rim", 0), data=npz(truth=video()))
        assert [block.title for block in film(made).blocks] == ["rim, plain", "rim, hard"]
        assert [block.title for block in film(made, cases=["hard"]).blocks] == ["rim"]

    def test_further_videos_are_further_strips(self, record: Make, keep: Keep, film: Films) -> None:
        (block,) = film(keep(record("rim", 0), data=npz(a=video(videos=3), b=video(videos=3))), strips=2).blocks
        assert [strip.name for strip in block.strips] == ["a, video 0", "b, video 0", "a, video 1", "b, video 1"]
        assert block.strips[2].pictures[1, 0, 0] == 101

    @pytest.mark.parametrize("shape", [(), (3,)])
    def test_samples_are_rows_without_numbers(
        self, record: Make, keep: Keep, film: Films, shape: tuple[int, ...]
    ) -> None:
        samples = video(25, shape=(4, 4, *shape))[0]
        (block,) = film(keep(record("gan", 0), data=npz(samples=samples)), strips=2).blocks
        assert [(strip.name, len(strip.pictures), strip.numbers) for strip in block.strips] == [
            ("samples", 10, ()),
            ("", 10, ()),
        ]
        assert block.strips[1].pictures[0].flat[0] == 10

    def test_named_arrays_are_shown_in_their_order(self, record: Make, keep: Keep, film: Films) -> None:
        made = keep(record("rim", 0), data=npz(a=video(), b=video(), labels=np.arange(3)))
        (block,) = film(made, arrays=["b", "a"]).blocks
        assert [strip.name for strip in block.strips] == ["b", "a"]


class TestLosses:
    def test_who_failed_and_who_kept_nothing_are_named(
        self, record: Make, keep: Keep, film: Films, tmp_path: Path
    ) -> None:
        keep(record("rim", 0), record("gru", 0, status="timeout"), data=npz(truth=video()))
        figure = film(keep(record("mlp", 0), data=b"other", name="other.npz"))
        assert [block.label for block in figure.blocks] == ["rim"]
        assert figure.notes[0].startswith("timeout: gru, case plain, seed 0")
        assert "kept no rollout.npz: mlp" in figure.notes

    def test_where_nothing_was_kept_the_figure_is_skipped(self, record: Make, outcome: Any) -> None:
        skipped = outcome([record("rim", 0)], **FILM, cases=["plain"])
        assert skipped.why == ("no record keeps rollout.npz; `harness run --task toy --tier small --case plain`")

    def test_where_the_first_seed_was_lost_it_says_so(self, record: Make, keep: Keep, outcome: Any) -> None:
        made = keep(record("rim", 0, status="oom"), record("rim", 1), data=npz(truth=video()))
        assert outcome(made, **FILM).why.startswith("no record of seed 0 keeps rollout.npz: oom: rim")

    def test_what_tables_refuse_films_refuse(self, record: Make, keep: Keep, film: Films) -> None:
        made = keep(record("rim", 0), record("gru", 0, settings={"width": 3}), data=npz(truth=video()))
        with pytest.raises(UserError, match="differ in settings"):
            film(made)

    def test_an_edited_file_is_refused(self, record: Make, keep: Keep, film: Films, tmp_path: Path) -> None:
        made = keep(record("rim", 0), data=npz(truth=video()))
        (path,) = tmp_path.rglob("rollout.npz")
        path.write_bytes(npz(truth=video(5)))
        with pytest.raises(UserError, match=r"kept file .*rollout.npz is missing or edited; `harness run` repeats"):
            film(made)

    @pytest.mark.parametrize(
        ("data", "entries", "says"),
        [
            (b"text", {}, "is no npz"),
            (npy(video()), {}, "is no npz"),
            (npz(truth=video())[:-30], {}, "is no npz"),
            (npz(truth=np.array([{}], dtype=object)), {}, "array that is not plain: Object arrays cannot be loaded"),
            (npz(truth=video().astype(np.float32)), {}, "array 'truth' is float32[1, 4, 5, 6]; allowed are uint8"),
            (npz(truth=video(shape=(5, 6, 4))), {}, "array 'truth' is uint8[1, 4, 5, 6, 4]; allowed are"),
            (npz(truth=video()[:, :0]), {}, "array 'truth' is empty"),
            (npz(truth=video()), {"arrays": ["truht"]}, "unknown array 'truht'; did you mean truth?"),
        ],
    )
    def test_a_file_that_holds_no_pictures_is_one_clear_line(
        self, record: Make, keep: Keep, film: Films, data: bytes, entries: dict[str, Any], says: str
    ) -> None:
        with pytest.raises(UserError) as error:
            film(keep(record("rim", 0), data=data), **entries)
        assert says in str(error.value)
        assert str(error.value).startswith("figure 'figure': rollout.npz of toy/small/plain/rim/")
        assert "\n" not in str(error.value)


class TestDrawing:
    def test_pixels_are_drawn_as_they_were_kept(self, record: Make, keep: Keep, film: Films) -> None:
        pictures = np.random.default_rng(0).integers(0, 256, (1, 3, 20, 20), dtype=np.uint8)
        (raster,) = rasters(render(film(keep(record("rim", 0), data=npz(a=pictures))), ("svg",))["svg"])
        drawn = np.asarray(raster)
        assert (drawn.dtype, drawn.shape) == (np.uint8, (20, 62))
        np.testing.assert_array_equal(drawn[:, [*range(20), *range(21, 41), *range(42, 62)]], np.hstack(pictures[0]))

    def test_colours_are_drawn_as_they_were_kept(self, record: Make, keep: Keep, film: Films) -> None:
        pictures = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
        (raster,) = rasters(render(film(keep(record("gan", 0), data=npz(a=pictures))), ("svg",))["svg"])
        np.testing.assert_array_equal(np.asarray(raster)[:, 9:], pictures[1])

    def test_a_film_takes_little_room(self, record: Make, keep: Keep, film: Films) -> None:
        made = keep(*(record(f"e{i}", 0) for i in range(6)), data=npz(truth=video(50), predicted=video(50)))
        assert len(render(film(made), ("svg",))["svg"]) < 60_000

    def test_no_text_lies_on_another_or_outside(
        self, record: Make, keep: Keep, film: Films, clashes: Callable[..., list[Any]]
    ) -> None:
        for frames in (2, 40):
            figure = film(keep(record("e", 0), data=npz(truth=video(400), predicted=video(300))), frames=frames)
            with settings(figure):
                assert clashes(draw(figure)) == []

    def test_strips_do_not_overlap(self, record: Make, keep: Keep, film: Films) -> None:
        made = keep(record("a", 0), record("b", 0), data=npz(wide=video(), tall=video(7, shape=(30, 6))))
        figure = film(made)
        with settings(figure):
            boxes = [axes.get_window_extent() for axes in draw(figure).axes]
        assert len(boxes) == 4
        assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))

    def test_machines_are_told_shapes_not_pixels(self, record: Make, keep: Keep, film: Films) -> None:
        assert '"shape"' in to_json(film(keep(record("rim", 0), data=npz(truth=video()))))


class TestChecking:
    def test_a_figure_of_another_kept_file_is_stale(
        self, record: Make, keep: Keep, film: Films, tmp_path: Path
    ) -> None:
        old = film(keep(record("rim", 0), data=npz(truth=video())))
        folder = tmp_path / "report"
        write(folder, old, render(old))
        assert list(check(folder, old, render(old, ("svg",))["svg"])) == []
        new = film(keep(record("rim", 0), data=npz(truth=video() + np.uint8(1))))
        assert old.made.digest != new.made.digest
        assert all("is stale" in line for line in check(folder, new, render(new, ("svg",))["svg"]))

    def test_other_pixels_are_told_and_another_compression_is_not(
        self, record: Make, keep: Keep, film: Films, tmp_path: Path
    ) -> None:
        figure = film(keep(record("rim", 0), data=npz(truth=video())))
        svg = render(figure, ("svg",))["svg"]
        (raster,) = rasters(svg)

        def replaced(image: Image.Image) -> bytes:
            buffer = io.BytesIO()
            image.save(buffer, "PNG", compress_level=0)
            encoded = base64.b64encode(buffer.getvalue())
            return re.sub(rb"(?<=base64,)[A-Za-z0-9+/=]+", encoded, svg)

        assert replaced(raster) != svg
        (path,) = write(tmp_path, figure, {"svg": replaced(raster)})
        assert list(check(tmp_path, figure, svg, ("svg",))) == []
        path.write_bytes(replaced(raster.point(lambda grey: 255 - grey)))
        assert [line for line in check(tmp_path, figure, svg, ("svg",)) if "was edited" in line]
        assert by_pixels(svg.decode()) != by_pixels(path.read_text())
