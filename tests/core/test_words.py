"""Foreign text is shown on one line, changes nothing on a terminal, and can be written in UTF-8."""

import pytest

from harness.core.spec import label
from harness.core.words import printable, shortened


@pytest.mark.parametrize("text", ["plain", "größer ± 1 ↑", "[red]markup[/red]", "| * _ <b>", "back\\slash", ""])
def test_text_without_control_characters_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert label("mine", {"mode": text}) == f"mine[mode={text}]"


@pytest.mark.parametrize("sign", ["\0", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\ud800"])
def test_control_characters_are_escaped(sign: str) -> None:
    for shown in (printable(f"a{sign}b"), label("mine", {"mode": f"a{sign}b"})):
        assert shown.isprintable()
        assert sign not in shown
    assert label("mine", {"mode": sign}) != label("mine", {"mode": printable(sign)}), "they are different rows"


def test_a_text_is_shortened_to_a_number_of_characters_that_utf8_can_hold() -> None:
    assert shortened("x" * 10, 10) == "x" * 10
    assert shortened("x" * 11, 10) == "xxxxxxx..."
    assert shortened("\udcff", 10).encode() == b"\\udcff"
