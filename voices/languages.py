"""Language tags from the forms people and programs write: ``en_US``, ``EN``, ``eng``, ``English (UK)``."""

import re

from voices.errors import InvalidRequest

_TAG = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*", re.IGNORECASE)
_LOCALE_ENDING = re.compile(r"[.@].*")
"""As in ``de_DE.UTF-8`` and ``ca_ES@valencia``."""
_BETWEEN_WORDS = re.compile(r"[\s_,()\-\u2013\u2014]+")

_LANGUAGES = {
    "af": ("afrikaans", "afr"),
    "ar": ("arabic", "ara", "العربية"),
    "bg": ("bulgarian", "bul", "български"),
    "bn": ("bengali", "bangla", "ben", "বাংলা"),
    "ca": ("catalan", "cat", "català"),
    "cs": ("czech", "ces", "cze", "cz", "čeština"),
    "cy": ("welsh", "cym", "wel", "cymraeg"),
    "da": ("danish", "dan", "dk", "dansk"),
    "de": ("german", "deu", "ger", "deutsch"),
    "el": ("greek", "ell", "gre", "gr", "ελληνικά"),
    "en": ("english", "eng"),
    "es": ("spanish", "spa", "castilian", "español", "castellano"),
    "es-ES": ("european spanish", "castilian spanish"),
    "et": ("estonian", "est", "eesti"),
    "eu": ("basque", "eus", "baq", "euskara"),
    "fa": ("persian", "farsi", "fas", "per", "فارسی"),
    "fi": ("finnish", "fin", "suomi"),
    "fr": ("french", "fra", "fre", "français"),
    "ga": ("irish", "gle", "gaeilge"),
    "he": ("hebrew", "heb", "iw", "עברית"),
    "hi": ("hindi", "hin", "हिन्दी", "हिंदी"),
    "hr": ("croatian", "hrv", "hrvatski"),
    "hu": ("hungarian", "hun", "magyar"),
    "id": ("indonesian", "ind", "bahasa indonesia"),
    "is": ("icelandic", "isl", "ice", "íslenska"),
    "it": ("italian", "ita", "italiano"),
    "ja": ("japanese", "jpn", "jp", "日本語"),
    "ko": ("korean", "kor", "한국어"),
    "lt": ("lithuanian", "lit", "lietuvių"),
    "lv": ("latvian", "lav", "latviešu"),
    "ms": ("malay", "msa", "may", "bahasa melayu"),
    "nb": ("bokmål", "bokmal", "norwegian bokmål", "norwegian bokmal", "nob"),
    "nl": ("dutch", "nld", "dut", "flemish", "nederlands"),
    "nn": ("nynorsk", "norwegian nynorsk", "nno"),
    "no": ("norwegian", "nor", "norsk"),
    "pl": ("polish", "pol", "polski"),
    "pt": ("portuguese", "por", "português"),
    "pt-PT": ("european portuguese",),
    "ro": ("romanian", "ron", "rum", "română"),
    "ru": ("russian", "rus", "русский"),
    "sk": ("slovak", "slk", "slo", "slovenčina"),
    "sl": ("slovenian", "slovene", "slv", "slovenščina"),
    "sr": ("serbian", "srp", "српски", "srpski"),
    "sv": ("swedish", "swe", "svenska"),
    "sw": ("swahili", "swa", "kiswahili"),
    "ta": ("tamil", "tam", "தமிழ்"),
    "th": ("thai", "tha", "ไทย"),
    "tr": ("turkish", "tur", "türkçe"),
    "uk": ("ukrainian", "ukr", "українська"),
    "ur": ("urdu", "urd", "اردو"),
    "vi": ("vietnamese", "vie", "tiếng việt"),
    "yue": ("cantonese", "粵語", "粤语"),
    "zh": ("chinese", "mandarin", "mandarin chinese", "zho", "chi", "cmn", "cn", "中文", "汉语", "普通话"),
}
"""Each language's aliases: names, ISO 639 three-letter codes, and common wrong two-letter codes."""
_REGIONS = {
    "AT": ("austria", "austrian"),
    "AU": ("australia", "australian"),
    "BE": ("belgium", "belgian"),
    "BR": ("brazil", "brazilian", "brasil", "brasileiro"),
    "CA": ("canada", "canadian"),
    "CH": ("switzerland", "swiss"),
    "CN": ("china", "mainland china", "prc"),
    "DE": ("germany",),
    "ES": ("spain",),
    "FR": ("france",),
    "GB": ("uk", "united kingdom", "great britain", "britain", "british", "england"),
    "HK": ("hong kong",),
    "Hans": ("simplified",),
    "Hant": ("traditional",),
    "IE": ("ireland", "irish"),
    "IN": ("india", "indian"),
    "MX": ("mexico", "mexican"),
    "NZ": ("new zealand",),
    "PT": ("portugal",),
    "SG": ("singapore",),
    "TW": ("taiwan", "taiwanese"),
    "US": ("usa", "united states", "united states of america", "american", "america"),
    "ZA": ("south africa", "south african"),
    "419": ("latin america", "latin american"),
}
"""Regions and scripts by the names that people write."""

_CODES = {_plain: code for code, names in _LANGUAGES.items() for _plain in (code, *names)}
_PLACES = {_plain: code for code, names in _REGIONS.items() for _plain in (code.lower(), *names)}


def language_tag(written: str) -> str:
    """Return a tag such as ``en`` or ``pt-BR``; raises ``InvalidRequest`` for an unknown language."""
    stripped = _LOCALE_ENDING.sub("", written.strip())
    if _TAG.fullmatch(stripped):
        return _tag(stripped)
    words = _BETWEEN_WORDS.split(written.casefold())
    return _named([word for word in words if word])


def _tag(written: str) -> str:
    """Normalise a tag's case and shorten its language code."""
    first, *rest = re.split("[-_]", written.lower())
    return "-".join([_CODES.get(first, first), *map(_subtag, rest)])


def _subtag(part: str) -> str:
    if len(part) == 2:  # noqa: PLR2004  # a country; the United Kingdom's code is GB
        return "GB" if part == "uk" else part.upper()
    return part.title() if len(part) == 4 and part.isalpha() else part  # noqa: PLR2004  # a script


def _named(words: list[str]) -> str:
    """Find a language's name, with an optional region before or after it."""
    for length in range(len(words), 0, -1):
        for name, others in ((words[:length], words[length:]), (words[-length:], words[:-length])):
            code, place = _CODES.get(" ".join(name)), " ".join(others)
            if code is not None and (not place or place in _PLACES):
                return f"{code}-{_PLACES[place]}" if place else code
    raise InvalidRequest(
        "language: use a code such as en or pt-BR, or a name such as English.", field="language"
    )
