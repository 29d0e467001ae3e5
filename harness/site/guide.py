"""The guide: the Markdown pages of `docs/` as pages of the site."""

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from harness.site.addresses import relative

_GUIDE, _CONTENTS = "guide/", "README.md"
"""Where the guide lies, below `docs/` and in the site; the name of a folder's contents."""
_PACKAGE = Path(__file__).resolve().parents[1]


class GuidePage(NamedTuple):
    """A page of the guide: its address, its title and its text."""

    address: str
    title: str
    text: Markup


def texts() -> dict[str, str]:
    """The Markdown pages of the package, or of the checkout that it is run from, by their path below `docs/`: the
    guide's contents first, then its pages, then the others."""
    packaged, checkout = _PACKAGE / "docs", _PACKAGE.parent / "docs"
    folder = packaged if packaged.is_dir() else checkout
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.md")}
    names = sorted(paths, key=lambda name: (not name.startswith(_GUIDE), name != _GUIDE + _CONTENTS, name))
    return {name: paths[name].read_text(encoding="utf-8") for name in names}


def guide(pages: Mapping[str, str]) -> Iterator[GuidePage]:
    """Markdown pages, by their path, as pages of the site. Links among them stay links; of other relative links, which
    lead to what the site does not have, the text stays."""
    for name, text in pages.items():
        parser = MarkdownIt("commonmark", {"html": False}).enable("table")
        tokens = parser.parse(text)
        title = next((tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"), name)
        for token in tokens:
            _without_style(token)
            if token.children:
                token.children = list(_relinked(token.children, name, pages))
        yield GuidePage(address_of(name), title, Markup(parser.renderer.render(tokens, parser.options, {})))


def address_of(name: str) -> str:
    """The address of the page with a path below `docs/`: what lies in `docs/guide/` has a folder of its own."""
    path = PurePosixPath(name if name.startswith(_GUIDE) else f"docs/{name}")
    return str(path.with_name("index.html") if path.name == _CONTENTS else path.with_suffix(".html"))


def _without_style(token: Token) -> None:
    """Say in a class what the parser says in a style, which pages forbid."""
    style = token.attrs.pop("style", "")
    if style == "text-align:right":
        token.attrSet("class", "number")


def _relinked(tokens: list[Token], name: str, pages: Mapping[str, str]) -> Iterator[Token]:
    """The tokens of a line, their links led to pages of the site."""
    dropped = False
    for token in tokens:
        if token.type == "link_open":
            path, sign, place = str(token.attrGet("href")).partition("#")
            if "://" in path:
                dropped = False
            else:
                target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
                dropped = target not in pages
                token.attrSet("href", relative(f"{address_of(target)}{sign}{place}", address_of(name)))
        if token.type not in ("link_open", "link_close") or not dropped:
            yield token
