"""Reads a report back: its elements, its text, and everything in it that could lead outside. For tests only."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"meta", "br"}
LEADING = {"src", "href", "xlink:href", "action", "formaction", "poster", "data", "srcset", "background", "ping"}


class Page(HTMLParser):
    """The elements of a page in order, its text, and what is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.styles: list[str] = []
        self.faults: list[str] = []
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"never closed: {self.open}")

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        for name, value in found.items():
            if name in LEADING or name.startswith("on"):
                self.faults.append(f"{tag} {name}={value}")
            if name == "style":
                self.styles.append(value)
            if re.search(r"url\((?!#)", value):
                self.faults.append(f"{tag} {name}={value}")
        if tag in ("script", "link", "iframe", "object", "embed", "img", "base", "form", "a", "use", "image"):
            self.faults.append(f"<{tag}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.styles.append(data)
        else:
            self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}-->")

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def leads_outside(page: Page) -> list[str]:
    """What of the page would load something or run."""
    found = list(page.faults)
    for style in page.styles:
        found += re.findall(r"@import|https?:|url\(|expression\(", style)
    return found
