"""A page as the person has it before them: what stands under an id, links to follow, forms to send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


class NotOnPage(LookupError):
    """Something that should be on a page and is not; the text is one sentence."""


@dataclass
class Element:
    """One element of a page: its tag, its attributes, and the texts and elements in it."""

    tag: str
    attributes: Mapping[str, str]
    inside: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Everything written in it, with white space as a reader sees it."""
        return " ".join("".join(self._written()).split())

    def _written(self) -> Iterator[str]:
        for part in self.inside:
            if isinstance(part, str):
                yield part
            else:
                yield from part._written()

    def all(self) -> Iterator[Element]:
        """Yield it and every element in it, in the order of the page."""
        yield self
        for part in self.inside:
            if isinstance(part, Element):
                yield from part.all()

    def has_class(self, name: str) -> bool:
        """Tell whether `name` is one of its classes."""
        return name in self.attributes.get("class", "").split()


@dataclass(frozen=True)
class Form:
    """A form ready to be sent: method, address, and the fields that it has from the start."""

    method: str
    action: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class SeenPage:
    """What a person has before them: address, HTTP status, the page as HTML, and how long all hops to it took."""

    url: str
    status: int
    html: str = field(repr=False)
    milliseconds: float

    @property
    def path(self) -> str:
        """The path of its address."""
        return urlsplit(self.url).path

    @cached_property
    def root(self) -> Element:
        """The whole page."""
        reader = _Reader()
        reader.feed(self.html)
        reader.close()
        return reader.root

    def find(self, identifier: str) -> Element | None:
        """Return the element with this id, or None."""
        return next((one for one in self.root.all() if one.attributes.get("id") == identifier), None)

    def at(self, identifier: str) -> Element:
        """Return the element with this id. Raises NotOnPage."""
        found = self.find(identifier)
        if found is None:
            raise NotOnPage(f"{self.path} (status {self.status}) has nothing with the id {identifier}.")
        return found

    def with_class(self, name: str) -> Element | None:
        """Return the first element of a class, or None."""
        return next((one for one in self.root.all() if one.has_class(name)), None)

    def link(self, identifier: str) -> str:
        """Return where the link with this id leads. Raises NotOnPage."""
        return urljoin(self.url, self.at(identifier).attributes.get("href", ""))

    def form(self, button: str) -> Form:
        """Return the form that the button with this id sends, as it stands. Raises NotOnPage."""
        for one in self.root.all():
            if one.tag == "form" and any(inner.attributes.get("id") == button for inner in one.all()):
                fields = {
                    inner.attributes["name"]: inner.attributes.get("value", "")
                    for inner in one.all()
                    if "name" in inner.attributes and (inner.tag == "input" or inner.attributes.get("id") == button)
                }
                action = urljoin(self.url, one.attributes.get("action", ""))
                return Form(one.attributes.get("method", "get").upper(), action, fields)
        raise NotOnPage(f"{self.path} (status {self.status}) has no form with the button {button}.")


class _Reader(HTMLParser):
    """Builds the tree; an end tag closes what was left open inside it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        depth = next((index for index in range(len(self._open) - 1, 0, -1) if self._open[index].tag == tag), None)
        if depth is not None:
            del self._open[depth:]

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)
