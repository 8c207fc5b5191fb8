"""Parsers for an EPUB's package document and tables of contents."""

from dataclasses import dataclass, field

from typing_extensions import override

from voices_cli.books.forgiving import ForgivingParser


@dataclass
class Element:
    """A start tag with its attributes and the text directly after it."""

    name: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text, with character references resolved."""
        return "".join(self.parts)


class ElementList(ForgivingParser):
    """An XML document's elements in order; names are in lower case and without namespaces."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.read(document)

    def named(self, name: str) -> list[Element]:
        """Return the elements of that name."""
        return [element for element in self.elements if element.name == name]

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag.rpartition(":")[2], attributes))

    @override
    def handle_data(self, data: str) -> None:
        if self.elements:
            self.elements[-1].parts.append(data)


def ncx_entries(document: str) -> list[tuple[str, str]]:
    """Return target and label of each entry of an EPUB 2's table of contents, without its page list."""
    entries, label, is_contents = [], "", True
    for each in ElementList(document).elements:
        if each.name in {"pagelist", "navlist"}:
            is_contents = False
        elif each.name == "navmap":
            is_contents = True
        elif each.name == "text":
            label = each.text
        elif each.name == "content" and is_contents:  # an entry's label comes before its target
            entries.append((each.attributes.get("src", ""), label))
    return entries


class NavEntries(ForgivingParser):
    """Target and label of each link of an EPUB 3's table of contents, without landmarks and page list."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self._lists: list[tuple[str, list[tuple[str, str]]]] = []
        self._href: str | None = None
        self._label: list[str] = []
        self.read(document)

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Entries of the list marked as table of contents, else of the first unmarked list."""
        named = [links for kind, links in self._lists if "toc" in kind.split()]
        unnamed = [links for kind, links in self._lists if not kind]
        return next(iter([*named, *unnamed]), [])

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "nav":
            role = (attributes.get("role") or "").replace("doc-", "")
            self._lists.append((attributes.get("epub:type") or role, []))
        elif tag == "a":
            self._href, self._label = attributes.get("href") or "", []

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href is not None:
            if not self._lists:
                self._lists.append(("", []))
            self._lists[-1][1].append((self._href, "".join(self._label)))
            self._href = None

    @override
    def handle_data(self, data: str) -> None:
        if self._href is not None:
            self._label.append(data)
