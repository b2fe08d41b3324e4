"""An HTML page as a test reads it: elements with their attributes and text, and its tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import hedging as hg

BOOK = hg.Book([hg.Holding.spot("BTC", 10.0, entry=90.0)])
EPOCH = "1767225600"  # 1 January 2026
VOID = {"meta", "input", "br", "hr", "img", "link", "path", "use", "line"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]  # tags of what it stands in
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        found = [self] if self.tag == tag else []
        return found + [each for child in self.children for each in child.all(tag)]


class Page(HTMLParser):
    """Every element of a page in order, each with all the text below it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(
            tag, {name: value or "" for name, value in attrs}, tuple(each.tag for each in self._open)
        )
        self.elements.append(element)
        if self._open:
            self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in (each.tag for each in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [each for each in self.elements if each.tag == tag]

    def by_id(self, name: str) -> Element:
        (found,) = [each for each in self.elements if each.attributes.get("id") == name]
        return found

    def text_of_captions(self) -> str:
        return " ".join(each.text for each in self.all("caption"))

    def table(self, caption: str) -> list[list[str]]:
        """Cells of the first table whose caption begins so, heads first."""
        for table in self.all("table"):
            head = table.all("caption")
            if head and " ".join(head[0].text.split()).startswith(caption):
                rows = table.all("tr")
                return [
                    [" ".join(cell.text.split()) for cell in row.children if cell.tag in ("th", "td")]
                    for row in rows
                ]
        raise AssertionError(f"no table {caption!r}")


def number(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace(",", "").replace("%", "").replace("\xa0", " ").strip())


RAW = re.compile(
    r"""\d\.\d*[1-9]\d{8,}      # more digits than a limit price has
    |\d[eE][+-]?\d              # 1.75e+06
    |\b(nan|NaN|NaT|None|inf)\b
    |\+00:00|\bdatetime64\b|Timestamp\(|np\.|array\(""",
    re.VERBOSE,
)


def raw(text: str) -> list[str]:
    """Texts of a page that show a value as the machine keeps it; the digests of files are no numbers."""
    told = [each for each in Page(text).elements if each.tag in ("th", "td", "caption", "p", "li")]
    words = [" ".join(each.text.split()) for each in told]
    return [each for each in words if RAW.search(each) and not re.fullmatch(r"[0-9a-f]{64}", each)]
