"""The readers: the published counts, the content digest, and one content from every form."""

import io
import json
import lzma
import tarfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.data import digest
from harness.data.catalogue import catalogue
from harness.data.sets import (
    cifar10,
    digits,
    elevant,
    glue,
    gum,
    imdb,
    medic,
    medquad,
    mnist,
    newsgroups,
    pubtator,
    qmnist_writers,
    scifact,
    scws,
    shakespeare,
    squad,
    wic,
    wikipedia,
    wikitext,
    word_pairs,
)


def pack(archive: Path, members: Mapping[str, str | bytes], mode: str) -> Path:
    """Write a tar archive; returns its folder."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, mode) as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            raw = data.encode() if isinstance(data, str) else data
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            tar.addfile(entry, io.BytesIO(raw))
    return archive.parent


def pack_lines(file: Path, rows: list[dict[str, object]]) -> Path:
    """Write JSON lines with xz; returns the folder."""
    file.parent.mkdir(parents=True)
    file.write_bytes(lzma.compress("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()))
    return file.parent


def is_content(name: str, found: str) -> bool:
    return found == catalogue()[name].content


def test_wikipedia_counts(mirror: Path) -> None:
    articles = wikipedia.articles(mirror / "wikipedia")
    assert len(articles) == 35_839
    assert sum(len(article.text.split()) for article in articles) == 9_097_710
    assert min(len(article.text.split()) for article in articles) == 10
    assert is_content("wikipedia", digest.of_rows(articles))


def test_wikipedia_forms_agree(tmp_path: Path) -> None:
    long, title = "word " * 12 + "é.\nSection.\nMore (“text”).", "A title of no fewer than ten words is kept alone"
    packed = pack_lines(
        tmp_path / "packed" / "articles.jsonl.xz",
        [{"id": 7, "title": 'A "B" & C', "text": long}, {"id": 9, "title": title, "text": title}],
    )
    published = tmp_path / "published"
    published.mkdir()
    record = '<doc id="{}" url="?curid={}" title="{}">\n{}\n\n{}\n\n</doc>\n'
    (published / "wiki_00").write_text(record.format(9, 9, title, title, ""), encoding="utf-8")
    short = record.format(8, 8, "Short", "Short", "too few words")
    (published / "wiki_01").write_text(record.format(7, 7, 'A "B" & C', 'A "B" & C', long) + short, encoding="utf-8")
    assert wikipedia.articles(packed) == wikipedia.articles(published)
    assert wikipedia.content(packed) == wikipedia.content(published)


def test_imdb_counts(mirror: Path) -> None:
    reviews = imdb.reviews(mirror / "imdb")
    cells = [(review.split, review.label) for review in reviews]
    assert {cell: cells.count(cell) for cell in set(cells)} == {
        (s, y): 12_500 for s in ("train", "test") for y in (0, 1)
    }
    assert all((review.rating >= 7) == review.label for review in reviews)
    sizes = sorted(len(review.text.encode()) for review in reviews if review.split == "train")
    assert sizes[len(sizes) // 2] == 979
    texts = {split: {review.text for review in reviews if review.split == split} for split in ("train", "test")}
    assert len(texts["train"] & texts["test"]) == 123
    assert is_content("imdb", digest.of_rows(reviews))


def test_imdb_forms_agree(tmp_path: Path) -> None:
    rows = [
        {"split": "test", "label": "neg", "id": 3, "rating": 2, "text": "bad<br />é"},
        {"split": "test", "label": "pos", "id": 0, "rating": 8, "text": "good "},
        {"split": "train", "label": "pos", "id": 10, "rating": 10, "text": "best"},
    ]
    packed = pack_lines(tmp_path / "packed" / "reviews.jsonl.xz", rows)
    members = {"aclImdb/README": "about", "aclImdb/train/unsup/0_0.txt": "no label", "aclImdb/train/urls_pos.txt": "-"}
    for row in reversed(rows):
        members["aclImdb/{split}/{label}/{id}_{rating}.txt".format(**row)] = str(row["text"])
    published = pack(tmp_path / "published" / "aclImdb_v1.tar.gz", members, "w:gz")
    assert len(imdb.reviews(packed)) == 3
    assert imdb.reviews(packed) == imdb.reviews(published)
    assert imdb.content(packed) == imdb.content(published)


def test_newsgroups_counts(mirror: Path) -> None:
    posts = newsgroups.posts(mirror / "newsgroups20")
    splits = [post.split for post in posts]
    assert (splits.count("train"), splits.count("test")) == (11_314, 7_532)
    assert len({post.group for post in posts}) == 20
    assert len({post[:3] for post in posts}) == 18_846
    assert sum(not post.body for post in posts) == 33
    assert is_content("newsgroups20", digest.of_rows(posts))


def test_newsgroups_forms_agree(tmp_path: Path) -> None:
    post = "From: a@b (C)\nSubject: Re: D\n\t\t<1@x>\nLines: 2\n\nFirst line\xff\n\n  \tSecond line.\n"
    plain = {"test/sci.space/61529": post, "train/alt.atheism/54473": post, "train/rec.autos/7": post}
    published = {f"20news-bydate-{name}": text.encode("latin-1") for name, text in plain.items()}
    packed = {name: data.replace(b"\n", b"\t") + b"\n" for name, data in published.items() if "train" in name}
    packed["20news-bydate-train/alt.atheism/54473-o"] = packed["20news-bydate-train/alt.atheism/54473"]
    packed["20news-bydate-train/alt.atheism/54473"] = b"edited"
    packed["20news-bydate-test/sci.space/61529"] = published["20news-bydate-test/sci.space/61529"]
    first = pack(tmp_path / "packed" / "20news-bydate.tar.xz", packed, "w:xz")
    second = pack(tmp_path / "published" / "20news-bydate.tar.gz", published, "w:gz")
    assert newsgroups.posts(first) == newsgroups.posts(second)
    assert newsgroups.content(first) == newsgroups.content(second)
    headers, body = newsgroups.posts(first)[0][3:]
    assert (headers, body) == ("From: a@b (C) Subject: Re: D <1@x> Lines: 2", "First line\xff Second line.")


def test_word_pair_counts(mirror: Path) -> None:
    pairs = word_pairs.pairs(mirror / "word-pairs")
    assert {name: len(one.scores) for name, one in pairs.items()} == {
        "WordSim-353": 353,
        "WordSim-353-SIM": 203,
        "WordSim-353-REL": 252,
        "SimLex-999": 999,
        "MEN": 3_000,
        "RG-65": 65,
        "MC-30": 30,
        "RW": 2_034,
        "MTurk-287": 287,
        "MTurk-771": 771,
        "SimVerb-3500": 3_500,
        "YP-130": 130,
        "VERB-143": 144,
    }
    assert all(len(one.first) == len(one.second) == len(one.scores) for one in pairs.values())
    assert all(np.isfinite(one.scores).all() and one.scores.dtype == np.float64 for one in pairs.values())
    assert pairs["MEN"].first[:2] == ["sun", "automobile"]
    assert pairs["SimVerb-3500"].scores[0] == 6.81
    assert is_content("word-pairs", word_pairs.content(mirror / "word-pairs"))


def test_scws_counts_and_marks(mirror: Path) -> None:
    items = scws.items(mirror / "scws")
    assert len(items) == 2_003
    for item in items:
        assert [tokens[at].lower() for tokens, at in zip(item.contexts, item.at, strict=True)] == [
            word.lower() for word in item.words
        ]
        assert not {"<b>", "</b>"} & {*item.contexts[0], *item.contexts[1]}
        assert len(item.ratings) == 10
    assert items[0].words == ("Brazil", "nut")
    assert items[0].score == pytest.approx(1.1)
    assert is_content("scws", digest.of_rows(items))


def test_wic_counts(mirror: Path) -> None:
    splits = {split: wic.items(split, mirror / "wic") for split in wic.SPLITS}
    assert {split: len(items) for split, items in splits.items()} == {"train": 5_428, "dev": 638, "test": 1_400}
    for items in splits.values():
        assert 2 * sum(item.same for item in items) == len(items)
        assert all(at < len(tokens) for item in items for tokens, at in zip(item.contexts, item.at, strict=True))
    assert is_content("wic", wic.content(mirror / "wic"))


def test_wic_forms_agree(tmp_path: Path) -> None:
    files = {}
    for split in wic.SPLITS:
        files[f"{split}/{split}.data.txt"] = (
            "hook\tV\t0-1\tHook a fish .\tHe hooked it .\nsea\tN\t1-0\tThe sea\tSea .\n"
        )
        files[f"{split}/{split}.gold.txt"] = "T\nF\n"
    (tmp_path / "published").mkdir()
    with zipfile.ZipFile(tmp_path / "published" / "WiC_dataset.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            plain = tmp_path / "plain" / name
            plain.parent.mkdir(parents=True, exist_ok=True)
            plain.write_text(text, encoding="utf-8")
    assert wic.items("dev", tmp_path / "plain") == wic.items("dev", tmp_path / "published")
    assert wic.content(tmp_path / "plain") == wic.content(tmp_path / "published")
    first, second = wic.items("dev", tmp_path / "plain")
    assert (first.word, first.part, first.contexts[1][first.at[1]], first.same) == ("hook", "V", "hooked", True)
    assert not second.same


def test_glue_counts(mirror: Path) -> None:
    sizes = {
        (task, split): len(glue.sentences(task, split, mirror / "glue")) for task in glue.TASKS for split in glue.SPLITS
    }
    assert list(sizes.values()) == [67_349, 872, 8_551, 1_043]
    assert is_content("glue", glue.content(mirror / "glue"))


def test_glue_forms_agree(tmp_path: Path) -> None:
    texts: dict[glue.TaskName, str] = {
        "SST-2": 'sentence\tlabel\na "fine" film \t1\ndull \t0\n',
        "CoLA": "gj04\t1\t\tHe sings.\ngj04\t0\t*\tHim sing.\n",
    }
    published = tmp_path / "published"
    published.mkdir()
    for task, text in texts.items():
        (tmp_path / "packed" / task).mkdir(parents=True)
        with zipfile.ZipFile(published / f"{task}.zip", "w") as archive:
            for split in glue.SPLITS:
                archive.writestr(f"{task}/{split}.tsv", text)
                (tmp_path / "packed" / task / f"{split}.tsv.xz").write_bytes(lzma.compress(text.encode()))
    assert glue.sentences("SST-2", "dev", published) == [('a "fine" film ', 1), ("dull ", 0)]
    assert glue.sentences("CoLA", "train", published) == [("He sings.", 1), ("Him sing.", 0)]
    assert glue.content(published) == glue.content(tmp_path / "packed")
    with pytest.raises(ValueError, match="no split 'test' of 'CoLA'"):
        glue.sentences("CoLA", "test", published)


def test_wikitext_counts(mirror: Path) -> None:
    words = {
        split: sum(len(line.split()) for line in wikitext.lines(split, mirror / "wikitext2-heldout"))
        for split in wikitext.SPLITS
    }
    assert words == {"valid": 213_886, "test": 241_211}
    assert is_content("wikitext2-heldout", wikitext.content(mirror / "wikitext2-heldout"))
    with pytest.raises(ValueError, match="no split 'train' of WikiText-2; there are valid, test"):
        wikitext.lines("train", mirror / "wikitext2-heldout")


def test_medquad_counts(mirror: Path) -> None:
    answers = medquad.answers(mirror / "medquad")
    assert len(answers) == 16_407
    assert len({answer.question for answer in answers}) == 14_979
    assert len({answer.answer for answer in answers}) == 15_809
    assert len({answer.focus for answer in answers}) == 5_126
    assert is_content("medquad", digest.of_rows(answers))


def test_medquad_forms_agree(tmp_path: Path) -> None:
    page = """<?xml version="1.0" encoding="UTF-8"?>
<Document id="1" source="S"><Focus>Some {} Disease</Focus><QAPairs>
<QAPair pid="1"><Question qid="1-1" qtype="information">What is it ?</Question><Answer>It is&apos;nt

      known.</Answer></QAPair>
<QAPair pid="2"><Question qid="1-2" qtype="outlook">And then ?</Question><Answer> </Answer></QAPair>
</QAPairs></Document>"""
    pages = {"2_B/0000002.xml": page.format("B"), "1_A/0000001.xml": page.format("A"), "LICENSE.txt": "free"}
    packed = pack(tmp_path / "packed" / "medquad.tar.gz", pages, "w:gz")
    members = {f"MedQuAD-577bd37/{name}": text for name, text in reversed(pages.items())}
    members["MedQuAD-577bd37/10_C/3.xml"] = page.replace("It is&apos;nt\n\n      known.", "")
    published = pack(tmp_path / "published" / "577bd37.tar.gz", members, "w:gz")
    assert medquad.answers(packed) == medquad.answers(published)
    assert medquad.content(packed) == medquad.content(published)
    assert medquad.answers(packed)[0] == (
        "1_A/0000001",
        "Some A Disease",
        "information",
        "What is it ?",
        "It is'nt known.",
    )


def test_scifact_counts(mirror: Path) -> None:
    folder = mirror / "scifact"
    abstracts = {abstract.id: abstract for abstract in scifact.abstracts(folder)}
    train, validation = (scifact.claims(split, folder) for split in scifact.SPLITS)
    assert (len(abstracts), len(train), len(validation)) == (5_183, 809, 300)
    assert sum(len(claim.cited) for claim in validation) == 339
    for claim in train + validation:
        assert {doc for doc, _ in claim.evidence} <= set(claim.cited) <= abstracts.keys()
    assert abstracts[4983].sentences[0].endswith("functional disabilities.")
    assert abstracts[4983].text.startswith("Alterations of the architecture")
    assert is_content("scifact", scifact.content(folder))


def test_scifact_forms_agree(tmp_path: Path) -> None:
    sentences = ['It\'s "so".', "It isn't.", "A \\ and a\ttab…", "d"]
    packed = tmp_path / "packed"
    packed.mkdir()
    cell = np.array2string(np.array(sentences, dtype=object)).replace('"', '""')
    tables = {
        "corpus_train.csv": f'doc_id,title,abstract,structured\n4,"T, u","{cell}",True\n',
        "claims_train.csv": "id,claim,evidence_doc_id,evidence_label,evidence_sentences,cited_doc_ids\n"
        "1,One.,4,SUPPORT,[0 1],[ 4 17]\n1,One.,4,SUPPORT,[2],[ 4 17]\n2,Two.,,,[],[17]\n",
        "claims_validation.csv": "id,claim,evidence_doc_id,evidence_label,evidence_sentences,cited_doc_ids\n"
        "3,Three.,4,CONTRADICT,[0],[4 4]\n",
    }
    with zipfile.ZipFile(packed / "scifact.zip", "w") as archive:
        for name, table in tables.items():
            archive.writestr(name, table)
    support = [{"sentences": [0, 1], "label": "SUPPORT"}, {"sentences": [2], "label": "SUPPORT"}]
    against = [{"sentences": [0], "label": "CONTRADICT"}]
    lines = {
        "corpus": [{"doc_id": 4, "title": "T, u", "abstract": sentences, "structured": True}],
        "claims_train": [
            {"id": 1, "claim": "One.", "evidence": {"4": support}, "cited_doc_ids": [4, 17]},
            {"id": 2, "claim": "Two.", "evidence": {}, "cited_doc_ids": [17]},
        ],
        "claims_dev": [{"id": 3, "claim": "Three.", "evidence": {"4": against}, "cited_doc_ids": [4, 4]}],
    }
    members = {f"data/{name}.jsonl": "".join(json.dumps(row) + "\n" for row in rows) for name, rows in lines.items()}
    published = pack(tmp_path / "published" / "data.tar.gz", members, "w:gz")
    assert scifact.abstracts(packed) == scifact.abstracts(published)
    assert scifact.abstracts(packed)[0].sentences == sentences
    assert scifact.claims("train", packed) == scifact.claims("train", published)
    assert scifact.claims("validation", published)[0] == (3, "Three.", [4], [(4, False)])
    assert scifact.content(packed) == scifact.content(published)


@pytest.mark.parametrize(
    ("name", "counts", "articles"),
    [
        ("squad11-dev", {"dev": (2_067, 10_570)}, 48),
        (
            "squadshifts",
            {"new_wiki": (1_581, 7_938), "reddit": (2_035, 9_803), "amazon_reviews": (2_050, 9_885)},
            48 + 1 + 413,
        ),
    ],
)
def test_squad_counts(name: str, counts: dict[str, tuple[int, int]], articles: int, mirror: Path) -> None:
    paragraphs = squad.paragraphs(name, mirror / name)
    found: dict[str, tuple[int, int]] = {}
    for paragraph in paragraphs:
        texts, asked = found.get(paragraph.source, (0, 0))
        found[paragraph.source] = texts + 1, asked + len(paragraph.questions)
        for question in paragraph.questions:
            assert question.answers
            assert all(answer in paragraph.text for answer in question.answers)
    assert found == counts
    assert len({(paragraph.source, paragraph.article) for paragraph in paragraphs}) == articles
    assert is_content(name, squad.content(mirror / name))


def test_squad_forms_agree(tmp_path: Path) -> None:
    text, other = "It began in  1973.\nIt ended in 1974.", "A  word."
    answers = [{"text": "1974", "answer_start": 30}, {"text": "in 1974", "answer_start": 27}] * 2
    asked = [
        {"id": "b", "question": " When did it end?", "answers": answers},
        {"id": "a", "question": "When?", "answers": []},
    ]
    article = [{"context": text, "qas": asked}, {"context": other, "qas": []}]
    published = tmp_path / "published"
    published.mkdir()
    (published / "dev-v1.1.json").write_text(
        json.dumps({"version": "1.1", "data": [{"title": "T", "paragraphs": article}]})
    )
    plain = [{**row, "answers": sorted({answer["text"] for answer in row["answers"]})} for row in asked]
    packed = pack_lines(
        tmp_path / "packed" / "paragraphs.jsonl.xz",
        [
            {"article": "T", "paragraph": other, "questions": []},
            {"article": "T", "paragraph": text, "questions": plain},
        ],
    )
    assert squad.paragraphs("squad11-dev", packed) == squad.paragraphs("squad11-dev", published)
    assert squad.content(packed) == squad.content(published)
    word, began = squad.paragraphs("squad11-dev", packed)
    assert (word.source, word.article, word.text, word.questions) == ("dev", "T", "A word.", [])
    assert began.text == "It began in 1973. It ended in 1974."
    assert began.questions == [("a", "When?", []), ("b", "When did it end?", ["1974", "in 1974"])]


def test_squadshifts_is_read_compressed_and_as_published(tmp_path: Path) -> None:
    for form, suffix in (("packed", ".xz"), ("published", "")):
        (tmp_path / form).mkdir()
        for source in ("reddit", "new_wiki"):
            entry = {"context": source, "qas": [{"id": "1", "question": "Who?", "answers": [{"text": source}]}]}
            raw = json.dumps({"data": [{"title": "T", "paragraphs": [entry]}]}).encode()
            file = tmp_path / form / f"{source}_v1.0.json{suffix}"
            file.write_bytes(lzma.compress(raw) if suffix else raw)
    found = squad.paragraphs("squadshifts", tmp_path / "packed")
    assert found == squad.paragraphs("squadshifts", tmp_path / "published")
    assert [paragraph.source for paragraph in found] == ["new_wiki", "reddit"]
    with pytest.raises(ValueError, match="no set 'squad' of SQuAD's form; there are squad11-dev, squadshifts"):
        squad.paragraphs("squad")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_image_counts(name: str, mirror: Path) -> None:
    parts: list[NDArray[np.uint8]] = []
    for split, size in (("train", 60_000), ("test", 10_000)):
        images = mnist.images(split, name, mirror / name)
        assert images.images.shape == (size, 28, 28)
        assert images.images.dtype == images.labels.dtype == np.uint8
        assert np.unique(images.labels).tolist() == list(range(10))
        parts += images
    assert is_content(name, digest.of_arrays(*parts))


def cifar_archive(folder: Path, order: list[int]) -> tuple[Path, NDArray[np.uint8]]:
    """An archive of the published form with two images a file, in some order; and all of its images, by number."""
    drawn = np.random.default_rng(0).integers(256, size=(12, 32, 32, 3), dtype=np.uint8)
    rows = [bytes([i % 10]) + drawn[i].transpose(2, 0, 1).tobytes() for i in order]
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    members: dict[str, str | bytes] = {"cifar-10-batches-bin/batches.meta.txt": "airplane\n"}
    for i, name in enumerate(names):
        members[f"cifar-10-batches-bin/{name}"] = b"".join(rows[2 * i : 2 * i + 2])
    return pack(folder / "cifar-10-binary.tar.gz", members, "w:gz"), drawn


def test_cifar_images_are_rows_columns_and_colours(tmp_path: Path) -> None:
    folder, drawn = cifar_archive(tmp_path / "published", list(range(12)))
    for split, numbers in (("train", range(10)), ("test", range(10, 12))):
        found = cifar10.images(split, folder)
        assert found.images.shape == (len(numbers), 32, 32, 3)
        assert found.images.dtype == found.labels.dtype == np.uint8
        want = {drawn[i].tobytes(): i % 10 for i in numbers}
        assert {image.tobytes(): label for image, label in zip(*found, strict=True)} == want


def test_cifar_order_and_content_depend_on_the_images_alone(tmp_path: Path) -> None:
    first, _ = cifar_archive(tmp_path / "first", list(range(12)))
    other, _ = cifar_archive(tmp_path / "other", [*range(9, -1, -1), 11, 10])
    moved, _ = cifar_archive(tmp_path / "moved", [*range(1, 11), 0, 11])
    assert all(
        np.array_equal(*pair) for pair in zip(*(cifar10.images("train", one) for one in (first, other)), strict=True)
    )
    assert cifar10.content(first) == cifar10.content(other) != cifar10.content(moved)


def test_cifar_content_is_made_of_the_published_digests_of_its_splits() -> None:
    published = [
        ["train", "1bfc07133540c0f75b30d4288f9236001091c26c9886b9f37d46a8bc66fdcc6c"],
        ["test", "af1227671396612a0e2c37fb8b7aa96c0301f0463487e1afc591a17a607e58b2"],
    ]
    assert is_content("cifar-10", digest.of_rows(published))


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    want, found = load_digits(), digits.digits()
    assert np.array_equal(found.images, want.images)
    assert np.array_equal(found.labels, want.target)
    assert is_content("digits", digest.of_arrays(*found))


def test_readers_find_the_mirror_by_themselves(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    assert len(scws.items()) == 2_003


@pytest.mark.parametrize("reader", [wic.items, scifact.claims, mnist.images, cifar10.images])
def test_unknown_split_names_the_splits(reader: object) -> None:
    with pytest.raises(ValueError, match=r"no split 'nope' in .*; there are train, "):
        reader("nope")  # type: ignore[operator]


def test_qmnist_writers_counts(mirror: Path) -> None:
    train, test = (qmnist_writers.writers(split, mirror / "qmnist-writers") for split in ("train", "test"))
    assert (len(train), len(test)) == (60_000, 10_000)
    drawn = np.unique(train, return_counts=True)[1]
    assert (len(drawn), drawn.min(), np.median(drawn), drawn.max()) == (539, 19, 116, 131)
    assert len(np.unique(test)) == 297
    assert not np.intersect1d(train, test).size
    assert is_content("qmnist-writers", qmnist_writers.content(mirror / "qmnist-writers"))


def test_qmnist_writers_rows_are_in_the_order_of_mnist(mirror: Path) -> None:
    for split in ("train", "test"):
        classes = qmnist_writers.labels(split, mirror / "qmnist-writers")[:, 0]
        assert (classes == mnist.images(split, folder=mirror / "mnist").labels).all()


def test_shakespeare_counts(mirror: Path) -> None:
    found = shakespeare.speeches(mirror / "shakespeare")
    assert len({speech.play for speech in found}) == 37
    roles = Counter((speech.play, speech.role) for speech in found)
    assert (len(found), len(roles), sum(number >= 2 for number in roles.values())) == (30_876, 1_393, 1_114)
    assert is_content("shakespeare", shakespeare.content(mirror / "shakespeare"))


def test_shakespeare_forms_agree(tmp_path: Path) -> None:
    page = (
        "<h3>SCENE I.</h3><i>Enter GHOST</i>"
        "<A NAME=speech1><b>GHOST</b></a>\n<blockquote>\n<A NAME=1.1.1>  Mark   me.</A><br>\n</blockquote>"
        "<A NAME=speech2><b>HAMLET</b></a>\n<blockquote><p><i>Aside</i></p><A NAME=1.1.2>I will.</A><br>\n"
        "<A NAME=1.1.3>Soci\xe9t\xe9</A><br></blockquote>"
    ).encode("latin-1")
    packed = pack(tmp_path / "packed" / "plays.tar.xz", {"shakespeare/hamlet/full.html": page}, "w:xz")
    published = tmp_path / "published"
    (published / "hamlet").mkdir(parents=True)
    (published / "hamlet" / "full.html").write_bytes(page)
    said = [("hamlet", "GHOST", "Mark me."), ("hamlet", "HAMLET", "I will.\nSoci\xe9t\xe9")]
    assert [tuple(speech) for speech in shakespeare.speeches(packed)] == said
    assert shakespeare.content(packed) == shakespeare.content(published)


def test_ncbi_disease_counts(mirror: Path) -> None:
    documents = pubtator.documents("ncbi-disease", mirror / "ncbi-disease")
    assert Counter(document.split for document in documents) == {"train": 593, "valid": 100, "test": 100}
    mentions = [(document.split, mention) for document in documents for mention in document.mentions]
    assert Counter(split for split, _ in mentions) == {"train": 5145, "valid": 787, "test": 960}
    assert sum("|" in mention.identifier or "+" in mention.identifier for _, mention in mentions) == 160
    assert is_content("ncbi-disease", pubtator.content(mirror / "ncbi-disease"))


def test_bc5cdr_counts(mirror: Path) -> None:
    documents = pubtator.documents("bc5cdr", mirror / "bc5cdr")
    assert Counter(document.split for document in documents) == {"train": 500, "valid": 500, "test": 500}
    diseases = [d.split for d in documents for mention in d.mentions if mention.kind == "Disease"]
    assert Counter(diseases) == {"train": 4182, "valid": 4244, "test": 4424}
    assert is_content("bc5cdr", pubtator.content(mirror / "bc5cdr"))


def test_bc5cdr_forms_agree(tmp_path: Path) -> None:
    """The published archive repeats the documents for validation in the file for training."""
    abstract = "{0}|t|Gout of {0}.\n{0}|a|An old disease.\n{0}\t0\t4\tGout\tDisease\tD006073\n{0}\tCID\tD1\tD2\n\n"
    names = pubtator.FILES["bc5cdr"]
    texts = {names[split]: abstract.format(i) for i, split in enumerate(names)}
    packed = tmp_path / "packed"
    packed.mkdir()
    for name, text in texts.items():
        (packed / name).write_text(text)
    published = tmp_path / "published"
    published.mkdir()
    with zipfile.ZipFile(published / "CDR_Data.zip", "w") as archive:
        texts[names["train"]] += texts[names["valid"]]
        for name, text in texts.items():
            archive.writestr(f"CDR_Data/CDR.Corpus.v010516/{name}", text)
    documents = pubtator.documents("bc5cdr", packed)
    assert documents == pubtator.documents("bc5cdr", published)
    assert pubtator.content(packed) == pubtator.content(published)
    (mention,) = documents[0].mentions
    assert documents[0].text[mention.start : mention.stop] == "Gout"
    assert mention.identifier == "D006073"


def test_medic_counts(mirror: Path) -> None:
    diseases = medic.diseases(mirror / "medic")
    assert len({disease.id for disease in diseases}) == len(diseases) == 11_915
    assert sum(len(disease.names) for disease in diseases) == 76_239
    assert is_content("medic", medic.content(mirror / "medic"))


def test_gum_counts(mirror: Path) -> None:
    documents = gum.documents(mirror / "gum")
    mentions = [(d.split, m, d.text[m.start : m.stop]) for d in documents for m in d.mentions]
    assert Counter(split for split, _, _ in mentions) == {"train": 8086, "valid": 1110, "test": 1323}
    assert len({document.id for document in documents}) == len(documents) == 217
    assert len({mention.title for _, mention, _ in mentions}) == 2609
    assert ("test", "Lord_Byron", "Byron") not in {(split, m.title, text) for split, m, text in mentions}
    assert ("valid", "Lord_Byron", "Byron") in {(split, m.title, text) for split, m, text in mentions}
    assert all(text == text.strip() and text for _, _, text in mentions)
    assert is_content("gum", digest.of_rows(documents))


def test_gum_reads_nested_mentions_keeps_splits_apart_and_forms_agree(tmp_path: Path) -> None:
    sentence = (
        "# text = Lake Zug (Zug)\n"
        "1\tLake\tlake\tNOUN\tNN\t_\t0\troot\t_\tEntity=(1-place-new-nnnnn-cf1-1-sgl-Lake_Zug\n"
        "2\tZug\tZug\tPROPN\tNNP\t_\t1\tflat\t_\tEntity=(2-place-new-nnnnn-cf2-1-coref-Zug)1)\n"
        "3-4\t(Zug\t_\t_\t_\t_\t_\t_\t_\t_\n"
        "3\t(\t(\tPUNCT\t-LRB-\t_\t1\tpunct\t_\tSpaceAfter=No\n"
        "4\tZug\tZug\tPROPN\tNNP\t_\t1\tappos\t_\tEntity=(2-place-giv-nnnnn-cf2-1-coref-Zug)|SpaceAfter=No\n"
        "5\t)\t)\tPUNCT\t-RRB-\t_\t1\tpunct\t_\tEntity=(3-time-new-nnnnn-cf2-1-sgl)\n"
    )
    members = {"file-lists/files.train": "B\nA\nreddit", "file-lists/files.dev": "B", "file-lists/files.test": ""}
    members |= {"sources/A.conllu": sentence + "\n" + sentence, "sources/B.conllu": sentence}
    packed = pack(tmp_path / "packed" / "gum.tar.xz", {f"gum/{name}": text for name, text in members.items()}, "w:xz")
    inside = "UD_English-GUM-afb41/not-to-release"
    published = pack(tmp_path / "published" / "afb41.tar.gz", {f"{inside}/{n}": t for n, t in members.items()}, "w:gz")
    documents = gum.documents(packed)
    assert documents == gum.documents(published)
    assert [(document.split, document.id) for document in documents] == [("train", "A"), ("valid", "B")]
    found = [(documents[0].text[m.start : m.stop], m.title) for m in documents[0].mentions]
    assert found == [("Lake Zug", "Lake_Zug"), ("Zug", "Zug"), ("Zug", "Zug")] * 2


def test_elevant_counts(mirror: Path) -> None:
    texts = elevant.texts(mirror / "elevant")
    mentions = Counter(text.benchmark for text in texts for _ in text.mentions)
    assert len(mentions) == 15
    assert (mentions["kore50"], mentions["msnbc"], mentions["oke-2015-eval"]) == (144, 755, 664)
    assert is_content("elevant", digest.of_rows(texts))


def test_elevant_forms_agree(tmp_path: Path) -> None:
    label = {"id": 0, "span": [0, 5], "entity_id": "Q1", "name": "Steve Jobs", "type": "Q5"}
    row = {"id": 3, "title": "", "text": "Steve left.", "evaluation_span": [0, 11], "labels": [label]}
    lines = json.dumps(row) + "\n"
    members = {"elevant/kore50.benchmark.jsonl": lines, "elevant/kore50.metadata.json": "{}"}
    packed = pack(tmp_path / "packed" / "benchmarks.tar.xz", members, "w:xz")
    published = tmp_path / "published"
    published.mkdir()
    (published / "kore50.benchmark.jsonl").write_text(lines)
    assert elevant.texts(packed) == elevant.texts(published)
    (text,) = elevant.texts(packed)
    assert (text.benchmark, text.mentions) == ("kore50", [elevant.Mention(0, 5, "Q1", "Steve Jobs")])
