"""The site's pages are the repository's documents, those of its root included.

A document's links are relative to its own folder, as GitHub reads them. The site has all pages in one folder,
so they are rewritten here. Other files that a page links to (figures, an example) are copied into the site.
"""

import re
from pathlib import Path
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
AT_THE_ROOT = {
    "README.md": "index.md",
    "VOICES.md": "VOICES.md",
    "DEPLOYMENT.md": "DEPLOYMENT.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
}
"""Documents outside ``docs/``, and their pages."""
_LINK = re.compile(r"\]\((?P<file>[^)\s#:]+)(?P<heading>#[^)\s]+)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the root's documents, and the files that any page links to."""
    for source, page in AT_THE_ROOT.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for page in list(files.documentation_pages()):
        folder = _folder(page.src_uri)
        for link in _LINK.finditer(page.content_string):
            source = normpath(f"{folder}/{link['file']}")
            if _page(source) is None and (ROOT / source).is_file() and source not in files.src_uris:
                files.append(File.generated(config, source, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Return the page with links to the site's own addresses."""
    folder = _folder(page.file.src_uri)

    def rewritten(link: re.Match[str]) -> str:
        source = normpath(f"{folder}/{link['file']}")
        return f"]({relpath(_page(source) or source)}{link['heading'] or ''})"

    return _LINK.sub(rewritten, markdown)


def _folder(src_uri: str) -> str:
    """Return the folder of a page's document, from the root of the repository."""
    return "." if src_uri in AT_THE_ROOT.values() else "docs"


def _page(source: str) -> str | None:
    """Return the page that a document of the repository is, if it is one."""
    if source in AT_THE_ROOT:
        return AT_THE_ROOT[source]
    folder, _, name = source.rpartition("/")
    return name if folder == "docs" and name.endswith(".md") else None
