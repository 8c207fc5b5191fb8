"""Languages: however they are written, a tag comes out, or a sentence."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voices.errors import InvalidRequest
from voices.languages import language_tag
from voices.voice import Manifest

TAG = re.compile(Manifest.model_fields["language"].metadata[0].pattern)


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"),
        ("EN", "en"),
        (" en ", "en"),
        ("eng", "en"),
        ("en_US", "en-US"),
        ("en-us", "en-US"),
        ("en_GB.UTF-8", "en-GB"),
        ("ca_ES@valencia", "ca-ES"),
        ("en-UK", "en-GB"),
        ("uk", "uk"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("es-419", "es-419"),
        ("sl-rozaj", "sl-rozaj"),
        ("jp", "ja"),
        ("cmn", "zh"),
        ("English", "en"),
        ("ENGLISH", "en"),
        ("english (uk)", "en-GB"),
        ("English, US", "en-US"),
        ("english_us", "en-US"),
        ("English – United States", "en-US"),
        ("British English", "en-GB"),
        ("Portuguese (Brazil)", "pt-BR"),
        ("European Portuguese", "pt-PT"),
        ("European Spanish", "es-ES"),
        ("Latin American Spanish", "es-419"),
        ("Chinese (Traditional)", "zh-Hant"),
        ("Norwegian Bokmål", "nb"),
        ("Irish", "ga"),
        ("Irish English", "en-IE"),
        ("Deutsch", "de"),
        ("français", "fr"),
        ("日本語", "ja"),
        ("हिन्दी", "hi"),
        ("Tiếng Việt", "vi"),
    ],
)
def test_a_language_becomes_its_tag(written, tag):
    assert language_tag(written) == tag
    assert language_tag(tag) == tag


@pytest.mark.parametrize(
    "written", ["", " ", "e", "klingon", "../en", "en-x", "english german", "english mars", "United States"]
)
def test_what_is_no_language_is_refused(written):
    with pytest.raises(InvalidRequest, match="a code such as en") as caught:
        language_tag(written)
    assert caught.value.field == "language"


@given(st.text(max_size=30) | st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", fullmatch=True))
def test_whatever_is_written_a_tag_comes_out_that_a_manifest_may_have(written):
    with suppress(InvalidRequest):
        assert TAG.fullmatch(language_tag(written))
