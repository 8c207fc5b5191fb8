"""Detection of an EPUB's digital rights management (DRM)."""

from collections.abc import Callable, Collection

from voices_cli.books.package import ElementList

_ENCRYPTION = "META-INF/encryption.xml"
_RIGHTS = "META-INF/rights.xml"
_FONT_OBFUSCATION = {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#rc"}
"""Obfuscated fonts do not prevent the text from being read."""
_OWNERS = (
    ("barnesandnoble", "Barnes & Noble"),
    ("kobo", "Kobo"),
    ("adept", "Adobe ADEPT"),
    ("adobe", "Adobe ADEPT"),
)


def lock_of(names: Collection[str], read: Callable[[str], str]) -> str | None:
    """Name the DRM scheme that protects the text; None if the text can be read.

    ``read`` returns a document of the archive.
    """
    if "META-INF/license.lcpl" in names:
        return "Readium LCP"
    if "META-INF/sinf.xml" in names:
        return "Apple FairPlay"
    encryption = read(_ENCRYPTION) if _ENCRYPTION in names else ""
    rights = read(_RIGHTS) if _RIGHTS in names else ""
    if "readium.org/2014/01/lcp" in encryption:
        return "Readium LCP"
    if "fairplay" in f"{encryption}{rights}".lower():
        return "Apple FairPlay"
    if rights or _hides_text(encryption):
        return next(
            (name for word, name in _OWNERS if word in f"{rights}{encryption}".lower()), "an unknown scheme"
        )
    return None


def _hides_text(encryption: str) -> bool:
    """Whether any text document is encrypted."""
    algorithm = ""
    for each in ElementList(encryption).elements:
        if each.name == "encryptionmethod":
            algorithm = each.attributes.get("algorithm", "").lower()
        elif each.name == "cipherreference" and algorithm not in _FONT_OBFUSCATION:
            path = each.attributes.get("uri", "").lower()
            if path.endswith((".xhtml", ".html", ".htm", ".xml", ".opf", ".ncx")):
                return True
    return False
