"""Medical questions and their answers from public health websites (Ben Abacha and Demner-Fushman, 2019)."""

import tarfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from harness.data import digest
from harness.data.fetch import locate


class Answer(NamedTuple):
    """An answered question. `focus` is the entity that question and answer are about, empty where the page names none;
    `kind` is the question's type (information, symptoms, ...). Runs of white space are replaced by one space."""

    document: str
    focus: str
    kind: str
    question: str
    answer: str


def answers(folder: Path | None = None) -> list[Answer]:
    """The 16,407 questions that have an answer, sorted by document (folder and file name).

    They contain 14,979 distinct questions, 15,809 distinct answers and 5,126 entities.
    """
    folder = folder or locate("medquad")
    packed = folder / "medquad.tar.gz"
    archive = packed if packed.exists() else next(folder.glob("*.tar.gz"))
    pages = {}
    with tarfile.open(archive, "r|gz") as members:
        for member in members:
            if member.name.endswith(".xml") and (stream := members.extractfile(member)):
                pages["/".join(member.name.removesuffix(".xml").split("/")[-2:])] = stream.read()
    return [answer for document, page in sorted(pages.items()) for answer in _answers(document, page)]


def _answers(document: str, page: bytes) -> list[Answer]:
    root = ElementTree.fromstring(page)
    focus = _text(root, "Focus")
    pairs = []
    for pair in root.iter("QAPair"):
        question = pair.find("Question")
        kind = "" if question is None else question.get("qtype", "")
        pairs.append(Answer(document, focus, kind, _text(pair, "Question"), _text(pair, "Answer")))
    return [answer for answer in pairs if answer.answer]


def _text(element: ElementTree.Element, child: str) -> str:
    return " ".join((element.findtext(child) or "").split())


def content(folder: Path) -> str:
    """The content digest: rows of document, focus, kind, question, answer."""
    return digest.of_rows(answers(folder))
