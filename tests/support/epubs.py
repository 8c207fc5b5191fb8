"""Builds EPUB files from pages, for tests."""

import zipfile

CONTAINER = '<?xml version="1.0"?><container><rootfile full-path="OEBPS/p.opf"/></container>'


def make_epub(path, pages, *, nav=None, ncx=None, more=None, without=()):
    """Write an EPUB; ``pages`` are its documents' bodies or whole documents in order, by name."""
    manifest = [
        f'<item id="i{at}" href="{name}" media-type="application/xhtml+xml"/>'
        for at, name in enumerate(pages)
    ]
    files = {"META-INF/container.xml": CONTAINER}
    if nav is not None:
        manifest.append(
            '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        )
        files["OEBPS/nav.xhtml"] = nav
    if ncx is not None:
        manifest.append('<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>')
        files["OEBPS/toc.ncx"] = ncx
    spine = "".join(f'<itemref idref="i{at}"/>' for at in range(len(pages)))
    files["OEBPS/p.opf"] = (
        "<package><metadata><dc:title>The Book</dc:title><dc:creator>Somebody</dc:creator></metadata>"
        f"<manifest>{''.join(manifest)}</manifest><spine>{spine}</spine></package>"
    )
    for name, page in pages.items():
        is_whole = isinstance(page, bytes) or page.startswith(("<?xml", "<html"))
        files[f"OEBPS/{name}"] = page if is_whole else f"<html><body>{page}</body></html>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, **(more or {})}.items():
            if name not in without:
                archive.writestr(name, data)
    return path


def contents(*links):
    """Return an EPUB 3's table of contents of (target, title), beside its landmarks and pages."""
    items = "".join(f'<li><a href="{href}">{title}</a></li>' for href, title in links)
    return (
        '<nav epub:type="landmarks"><a href="p0.xhtml">Start</a></nav>'
        f'<nav epub:type="toc"><ol>{items}</ol></nav>'
        '<nav epub:type="page-list"><a href="p0.xhtml#p1">1</a></nav>'
    )
