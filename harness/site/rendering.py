"""Pages from templates: text is escaped, links are relative, and no page holds a script or a style of its own."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from harness.site.addresses import COMPARE_SCRIPT, ICON, SCRIPT, STYLE, relative
from harness.tables.markup import templates

_ASSETS = Path(__file__).with_name("assets")


class Link(NamedTuple):
    """A text and the address that it leads to."""

    text: str
    address: str


class Pages:
    """Makes pages, all with the same navigation."""

    def __init__(self, navigation: Sequence[Link]) -> None:
        self._navigation = navigation

    def page(self, template: str, address: str, **content: Any) -> bytes:
        """The page of an address. Its template may ask `to(address)` for a link."""
        shared = {"address": address, "navigation": self._navigation, "to": partial(relative, page=address)}
        return templates("harness.site").get_template(template).render(**shared, **content).encode()


def assets() -> dict[str, bytes]:
    """The style sheet, the scripts and the icon."""
    return {name: (_ASSETS / name).read_bytes() for name in (STYLE, SCRIPT, COMPARE_SCRIPT, ICON)}
