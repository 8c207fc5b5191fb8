"""Decoding: any container, within bounds."""

import time

import numpy as np
import pytest
from clips import beside, encoded, garbled, resized, riff, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voices.clips.clip import Clip
from voices.clips.decoding import DecodeLimits, decode_clip
from voices.errors import InvalidClip

CONTAINERS = [
    ("clip.wav", "pcm_s16le", 44_100, "stereo"),
    ("clip.mp3", "libmp3lame", 44_100, "stereo"),
    ("clip.m4a", "aac", 48_000, "stereo"),
    ("clip.ogg", "libopus", 16_000, "mono"),
    ("clip.opus", "libopus", 48_000, "mono"),
    ("clip.flac", "flac", 16_000, "mono"),
    ("clip.webm", "libopus", 48_000, "stereo"),
    ("ulaw.wav", "pcm_mulaw", 8_000, "mono"),
]


@pytest.mark.parametrize(("name", "codec", "rate", "layout"), CONTAINERS)
def test_decodes_every_common_container_to_mono_24_khz(encode_clip, speech, name, codec, rate, layout):
    decoded = decode_clip(encode_clip(speech, name, codec, rate, layout))
    assert decoded.sample_rate == 24_000
    assert decoded.seconds == pytest.approx(speech.seconds, abs=0.1)
    assert np.abs(decoded.samples).max() > 0.3


def test_flac_gives_back_exactly_what_was_quantised(prepared):
    assert np.array_equal(decode_clip(prepared.clip.to_flac()).samples, prepared.clip.samples)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(InvalidClip, match="empty"):
        decode_clip(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidClip, match="no clip"):
        decode_clip(tmp_path / "nowhere.wav")


def test_what_is_not_audio_is_refused(tmp_path):
    path = tmp_path / "notes.wav"
    path.write_text("These are notes, not audio. " * 100)
    with pytest.raises(InvalidClip, match="not an audio file"):
        decode_clip(path)


def test_a_playlist_opens_nothing(tmp_path, clip_file):
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:10,\n{clip_file}\n#EXT-X-ENDLIST\n")
    with pytest.raises(InvalidClip):
        decode_clip(playlist)


def test_a_truncated_container_is_refused(encode_clip, speech):
    path = encode_clip(speech, "clip.m4a", "aac")
    with pytest.raises(InvalidClip):
        decode_clip(path.read_bytes()[: path.stat().st_size // 2])


def test_an_hour_is_refused_while_it_is_decoded(monkeypatch, speech):
    hour = Clip(np.zeros(3600 * 8_000, np.float32), 8_000)
    with pytest.raises(InvalidClip, match="10 minutes"):
        decode_clip(hour.to_flac())


def test_too_large_a_file_is_refused_unread(clip_file):
    with pytest.raises(InvalidClip, match="larger than"):
        decode_clip(clip_file, limits=DecodeLimits(file_bytes=1000))


def test_an_mp4_without_its_index_is_refused_with_the_reason(encode_clip, speech):
    path = encode_clip(speech, "clip.m4a", "aac")
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(InvalidClip, match=r"cut short: the index .* \(moov\) is missing"):
        decode_clip(path)


def test_of_two_sounds_in_a_file_the_first_is_taken(speech):
    spoken = resized(speech, 6)
    alone = decode_clip(encoded(spoken, "mp4", "aac", 48_000))
    assert np.array_equal(decode_clip(beside(spoken, "mp4", "aac", second=0 * spoken)).samples, alone.samples)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_never_do_more_than_be_refused(speech, data):
    damaged = bytearray(speech.to_flac()[:20_000])
    for _ in range(data.draw(st.integers(1, 30))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_clip(bytes(damaged))
    except InvalidClip:
        return
    assert np.isfinite(decoded.samples).all()


@pytest.fixture(scope="module")
def whole_files(speech):
    spoken = resized(speech, 2)
    return [
        beside(spoken, "mp3", "libmp3lame", cover=True) + encoded(spoken, "mp3", "libmp3lame", 22_050),
        written(spoken),
        encoded(spoken, "mp4", "aac", 48_000),
        encoded(spoken, "ogg", "libopus", 48_000),
        encoded(spoken, "matroska", "libopus", 48_000),
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 4), at=st.floats(0, 0.99), share=st.floats(0, 0.5), cut=st.floats(0, 1))
def test_any_container_garbled_and_cut_is_decoded_or_refused(whole_files, which, at, share, cut):
    damaged = garbled(whole_files[which], at, share)
    try:
        decoded = decode_clip(damaged[: int(cut * len(damaged))])
    except InvalidClip:
        return
    assert np.isfinite(decoded.samples).all()
    assert np.isfinite(decoded.source.lost_seconds)
    assert decoded.source.lost_seconds >= 0


class TestLimits:
    def test_decoding_stops_when_its_time_is_up(self, speech):
        ticks = iter(range(1_000_000))
        with pytest.raises(InvalidClip, match="longer than 5 s to decode") as refused:
            decode_clip(
                speech.to_flac(), limits=DecodeLimits(decode_seconds=5), clock=lambda: float(next(ticks))
            )
        assert refused.value.reason == "too_slow"
        assert next(ticks) < 10

    def test_a_bomb_costs_neither_time_nor_memory(self):
        bomb = written(np.zeros(6 * 3600 * 8_000, np.int16), 8_000, container="FLAC")
        assert len(bomb) < 600_000
        started = time.monotonic()
        with pytest.raises(InvalidClip, match="10 minutes"):
            decode_clip(bomb)
        assert time.monotonic() - started < 10

    @pytest.mark.parametrize(("rate", "channels"), [(1, 1), (100, 1), (2_000_000, 1), (24_000, 17)])
    def test_what_no_recorder_makes_is_refused(self, rate, channels):
        with pytest.raises(InvalidClip) as refused:
            decode_clip(riff(rate, channels, 10_000))
        assert refused.value.reason == "not_audio"

    def test_a_claim_of_four_gigabytes_is_not_believed(self):
        assert decode_clip(riff(24_000, 1, 24_000, claimed_bytes=2**32 - 1)).seconds == pytest.approx(
            1, abs=0.01
        )


class TestChannels:
    @pytest.fixture
    def tone(self):
        return (0.5 * np.sin(np.arange(48_000) / 20)).astype(np.float32)

    def _level(self, *channels):
        samples = decode_clip(written(np.stack(channels, axis=1))).samples
        return float(np.abs(samples[5_000:-5_000]).max())

    def test_equal_channels_are_averaged(self, tone):
        assert self._level(tone, tone) == pytest.approx(0.5, abs=0.01)

    def test_channels_that_cancel_each_other_leave_the_louder(self, tone):
        assert self._level(-0.8 * tone, tone) == pytest.approx(0.5, abs=0.01)

    def test_an_empty_channel_takes_nothing_from_the_other(self, tone):
        assert self._level(0 * tone, tone) == pytest.approx(0.5, abs=0.01)

    def test_of_surround_sound_the_centre_is_taken(self, tone):
        nothing = 0 * tone
        assert self._level(nothing, nothing, tone, nothing, nothing, nothing) == pytest.approx(0.5, abs=0.01)


def test_floating_point_beyond_full_scale_is_made_quieter_not_clipped(speech):
    loud = written(3 * speech.samples / np.abs(speech.samples).max(), 24_000, subtype="FLOAT")
    decoded = decode_clip(loud)
    assert np.abs(decoded.samples).max() == pytest.approx(1.0)
    assert decoded.source.peak == pytest.approx(3.0)
    assert not decoded.source.clipped.any()
