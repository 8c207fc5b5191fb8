"""The tables of the documents and the figures in them."""

from collections.abc import Sequence
from dataclasses import dataclass

_STREAM, _LENGTHS, _T3 = "stream-2-cores.json", "stream-lengths-2-cores.json", "t3-2-cores.json"
_COLD_START = "coldstart-2-cores.json"
_PER_THOUSAND = 1 / 1000
_PER_1024 = 1 / 1024


@dataclass(frozen=True)
class Cell:
    """One figure of a result: ``ours``, ``stock`` or the ``ratio`` between them."""

    case: str
    metric: str
    side: str = "ours"
    unit: str = ""
    scale: float = 1.0
    file: str | None = None
    """The file of the figure, if it is not the table's."""


Row = tuple[str, Sequence[Cell | str]]
"""A label, and its cells: figures, or words."""


@dataclass(frozen=True)
class Table:
    """A table, the file that its figures come from, and the command that wrote the file."""

    file: str
    command: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]


def _compared(
    label: str, case: str, metric: str, *, unit: str = "", scale: float = 1.0, file: str | None = None
) -> Row:
    """Compare ours with stock, with the ratio."""
    both = [Cell(case, metric, side, unit, scale, file) for side in ("stock", "ours")]
    return label, [*both, Cell(case, metric, "ratio", " times", 1.0, file)]


def _beside(label: str, case: str, metric: str, unit: str) -> Row:
    """Compare ours with stock."""
    return label, [Cell(case, metric, side, unit) for side in ("stock", "ours")]


def _alone(label: str, case: str, metric: str, unit: str) -> Row:
    """Show a figure that stock has no counterpart of."""
    return label, ["-", Cell(case, metric, unit=unit)]


def _listeners(clients: int) -> Row:
    case, firsts = f"load/clients={clients}", ("first_audio_p50_ms", "first_audio_p95_ms")
    return f"{clients}", [
        Cell(case, "listeners_peak"),
        *(Cell(case, metric, unit=" ms") for metric in firsts),
        *(Cell(case, f"worker_{metric}", unit=" ms") for metric in firsts),
        Cell(case, "underruns_per_1000_s"),
        Cell(case, "memory_peak_mb", unit=" MB"),
    ]


def _load(label: str, case: str) -> Row:
    return label, [
        Cell(case, "ttfa_ms", unit=" s", scale=_PER_THOUSAND),
        Cell(case, "audio_s_per_s"),
        Cell(case, "underrun_s", unit=" s"),
        Cell(case, "memory_mb", unit=" GB", scale=_PER_1024),
    ]


def _length(seconds: int) -> Row:
    case = f"stream/n=1/{seconds}s"
    first = [Cell(case, "ttfa_ms", side, " s", _PER_THOUSAND) for side in ("stock", "ours")]
    return f"{seconds} s of speech", [
        *first,
        *(Cell(case, "total_s", side, " s") for side in ("stock", "ours")),
    ]


def _rates(label: str, case: str, side: str = "ours") -> Row:
    return label, [Cell(case.format(n), "tokens_per_s", side) for n in (1, 8, 16)]


def _rounding(precision: str) -> Row:
    case = f"t3/{precision} against float32"
    return f"`{precision}`", [Cell(case, "same_likeliest_token"), Cell(case, "kl_nats")]


def _shares(label: str, case: str) -> Row:
    return label, [Cell(f"decode/{which}/{case}", "share") for which in ("first", "later")]


def _later_share(label: str, case: str) -> Row:
    return label, ["no left context", Cell(f"decode/later/{case}", "share")]


TABLES = {
    "headline": Table(
        _STREAM,
        "./scripts/bench stream --quick",
        ("", "stock", "ours", ""),
        (
            _compared("first audio, one stream", "stream/n=1/10s", "ttfa_ms", unit=" s", scale=_PER_THOUSAND),
            _compared("whole utterance, one stream", "stream/n=1/10s", "total_s", unit=" s"),
            _compared(
                "8 streams at once, audio a second in all", "stream/n=8/10s", "audio_s_per_s", unit=" s"
            ),
            _compared('the same, `"stream": false`', "whole/n=8/10s", "audio_s_per_s", unit=" s"),
            _compared(
                "speech tokens a second, one stream (`bench t3`)", "t3/batch=1", "tokens_per_s", file=_T3
            ),
            _compared(
                "speech tokens a second, eight streams (`bench t3`)", "t3/batch=8", "tokens_per_s", file=_T3
            ),
            _compared(
                "process start to ready (`bench coldstart`)",
                "coldstart",
                "ready_s",
                unit=" s",
                file=_COLD_START,
            ),
        ),
    ),
    "start": Table(
        _COLD_START,
        "./scripts/bench coldstart",
        ("", "stock", "ours", ""),
        (
            _compared("process start to ready, from a warm disk", "coldstart", "ready_s", unit=" s"),
            _compared(
                "process start to the first request's first audio", "coldstart", "first_audio_s", unit=" s"
            ),
            _compared("memory when ready", "coldstart", "ready_mb", unit=" GB", scale=_PER_1024),
            _compared(
                "private memory, without the mapped file", "coldstart", "own_mb", unit=" GB", scale=_PER_1024
            ),
        ),
    ),
    "streams at once": Table(
        _STREAM,
        "./scripts/bench stream --quick",
        ("", "first audio", "seconds of audio a second", "silence while playing", "memory"),
        (
            _load("1 stream", "stream/n=1/10s"),
            _load("8 streams", "stream/n=8/10s"),
            _load('8 requests, `"stream": false`', "whole/n=8/10s"),
        ),
    ),
    "load": Table(
        "load-preview-2-cores.json",
        "./scripts/bench load --sweep --duration 30",
        (
            "clients",
            "most listeners at once",
            "first audio, median",
            "95th percentile",
            "in the worker, median",
            "95th percentile",
            "silences in 1,000 s",
            "memory",
        ),
        tuple(_listeners(clients) for clients in (1, 8, 32, 64, 112, 120, 128)),
    ),
    "lengths": Table(
        _LENGTHS,
        "./scripts/bench stream",
        ("", "first audio, stock", "ours", "last audio, stock", "ours"),
        (_length(2), _length(10), _length(60)),
    ),
    "precision": Table(
        _T3,
        "./scripts/bench t3",
        ("`T3_PRECISION`", "1 stream", "8 streams", "16 streams"),
        (
            _rates("`int8`", "t3/int8/batch={}"),
            _rates("`bfloat16`", "t3/bfloat16/batch={}"),
            _rates("`float32`", "t3/float32/batch={}"),
            _rates("stock, one stream after another", "t3/batch={}", "stock"),
        ),
    ),
    "rounding": Table(
        _T3,
        "./scripts/bench t3",
        (
            "against `float32`",
            "share of steps with the same likeliest token",
            "divergence of the distributions, nats",
        ),
        (_rounding("int8"), _rounding("bfloat16")),
    ),
    "prompt": Table(
        "s3gen-prompt-2-cores.json",
        "./scripts/bench s3gen_prompt",
        ("", "a request's first chunk", "a later chunk, 2 s of left context"),
        (
            _shares("`PROMPT_SECONDS=10`, `FLOW_STEPS=2`", "prompt_tokens=250"),
            _shares("`PROMPT_SECONDS=5`, or a voice with such a prompt", "prompt_tokens=125"),
            _shares("3", "prompt_tokens=75"),
            _shares("2", "prompt_tokens=50"),
            _shares("1", "prompt_tokens=25"),
            _shares("`FLOW_STEPS=1`", "prompt_tokens=250/flow_steps=1"),
            _shares("`FLOW_STEPS=1` and `PROMPT_SECONDS=5`", "prompt_tokens=125/flow_steps=1"),
            _later_share("`LEFT_CONTEXT_SECONDS=1`, the default", "left_tokens=25"),
            _later_share("`LEFT_CONTEXT_SECONDS=0`", "left_tokens=0"),
        ),
    ),
    "voices": Table(
        "voices-2-cores.json",
        "./scripts/bench voices",
        ("", "stock", "ours"),
        (
            _beside("a precomputed voice's first request, from a warm disk", "voices/load", "ms", " ms"),
            _beside("its later requests", "voices/warm", "ms", " ms"),
            _beside("computing conditionals", "voices/prepare", "ms", " ms"),
            _alone("a worker's scan of 10,000 voices at its start", "voices/scan n=10000", "ms", " ms"),
        ),
    ),
    "watermark": Table(
        "watermark-2-cores.json",
        "./scripts/bench watermark",
        ("", "stock", "ours"),
        (
            _beside("loading", "watermark/load", "ms", " ms"),
            _beside("a second of speech, in blocks of 0.1 s", "watermark/block=0.1s", "per_second_ms", " ms"),
            _beside("the same, in blocks of 0.4 s", "watermark/block=0.4s", "per_second_ms", " ms"),
            _alone("speech that the first audio needs", "watermark/first audio", "needed_ms", " ms"),
            _alone("speech held back later, at most", "watermark/held back at most", "ms", " ms"),
        ),
    ),
    "memory": Table(
        "soak-2-cores.json",
        "./scripts/bench soak",
        ("200 requests in 50 voices, a checkpoint with a small T3", "memory"),
        (
            (
                "at the first measurement, after a warm-up",
                [Cell("soak/requests=200/voices=50", "first_mb", unit=" MB")],
            ),
            ("at the last one", [Cell("soak/requests=200/voices=50", "last_mb", unit=" MB")]),
        ),
    ),
}
