"""Computes figures from each text's speech."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import typer

from benchmarks.fresh_process import in_fresh_process
from benchmarks.quality.likeness import SpeakerSimilarity, mel_distance
from benchmarks.quality.speech import OurSpeech, Spoken, speak_with_stock
from benchmarks.quality.words import Transcribe, heard_error_rate
from benchmarks.report import Result
from voices.clips.clip import Clip
from voices.clips.preparation import PreparedClip


def judge(
    checkpoint: Path,
    prepared: PreparedClip,
    texts: Sequence[str],
    transcribe: Transcribe | None,
    *,
    seed: int,
    beside_stock: bool,
) -> list[Result]:
    """Speak the texts and measure; one case for each text, and ``quality/all`` with the means."""
    similarity = SpeakerSimilarity(checkpoint)
    clip = prepared.clip
    stock: Sequence[Spoken | None] = [None] * len(texts)
    if beside_stock:
        typer.echo("stock speaks", err=True)
        stock = in_fresh_process(speak_with_stock, checkpoint, prepared, list(texts), seed)
    results = [Result("quality/clip", "speaker_similarity", round(_own_similarity(similarity, clip), 4))]

    with OurSpeech.of(checkpoint, prepared, seed) as speech:
        for number, (text, beside) in enumerate(zip(texts, stock, strict=True), 1):
            typer.echo(f"ours: text {number} of {len(texts)}", err=True)
            streamed, whole = speech.speak(text, stream=True), speech.speak(text, stream=False)
            case = f"quality/text={number}"
            ours = _figures(similarity, clip, streamed, text, transcribe)
            theirs = _figures(similarity, clip, beside, text, transcribe) if beside else {}
            results += [Result(case, metric, value, theirs.get(metric)) for metric, value in ours.items()]
            results += [Result(case, "cut", float(streamed.cut)), *_distances(case, streamed, whole)]
    return results + _means(results)


def _figures(
    similarity: SpeakerSimilarity, clip: Clip, spoken: Spoken, text: str, transcribe: Transcribe | None
) -> dict[str, float]:
    """Measure the figures that need only one rendering of a text."""
    figures = {
        "speaker_similarity": similarity.between(clip, spoken.clip),
        "rtf": spoken.rtf,
        "ttfa_ms": spoken.ttfa_ms,
    }
    if transcribe is not None:
        figures["word_error_rate"] = heard_error_rate(transcribe, spoken.clip, text)
    return {metric: round(value, 4) for metric, value in figures.items()}


def _own_similarity(similarity: SpeakerSimilarity, clip: Clip) -> float:
    """Compare a clip's halves: the similarity of the same voice with other words."""
    middle = len(clip.samples) // 2
    halves = (clip.samples[:middle], clip.samples[middle:])
    return similarity.between(*(Clip(half, clip.sample_rate) for half in halves))


def _distances(case: str, streamed: Spoken, whole: Spoken) -> list[Result]:
    distance = mel_distance(streamed.clip.samples, whole.clip.samples)
    if distance is None:
        typer.echo(
            f"{case}: streamed and unstreamed speech differ in length, so their mels are not compared",
            err=True,
        )
        return []
    return [
        Result(case, "mel_distance_db", round(distance.mean_db, 3)),
        Result(case, "worst_frame_db", round(distance.worst_db, 3)),
        Result(case, "worst_frame_at_s", round(distance.worst_at_s, 2)),
    ]


def _means(results: Sequence[Result]) -> list[Result]:
    texts = [each for each in results if each.case.startswith("quality/text=")]
    means = []
    for metric in dict.fromkeys(each.metric for each in texts if each.metric != "worst_frame_at_s"):
        of_metric = [each for each in texts if each.metric == metric]
        stock = [each.stock for each in of_metric if each.stock is not None]
        means.append(
            Result(
                "quality/all",
                metric,
                round(mean(each.ours for each in of_metric), 4),
                round(mean(stock), 4) if stock else None,
            )
        )
    return means
