"""Assessment: a recording's measurements and the findings from them."""

from dataclasses import dataclass

from voices.clips.activity import Activity, find_speech
from voices.clips.clip import Clip, Samples
from voices.clips.findings import Finding, judge
from voices.clips.levels import frame_levels
from voices.clips.measurements import Measurements, clipped_samples, measure


@dataclass(frozen=True, eq=False)
class Assessment:
    """A recording with its measurements and findings."""

    name: str
    recording: Clip
    measurements: Measurements
    findings: tuple[Finding, ...]
    """The findings about this recording alone."""
    activity: Activity
    clipped: Samples
    """Share of clipped samples, 0 to 1, in each frame of 20 ms."""


def assess(recording: Clip) -> Assessment:
    """Measure and judge a recording; raises nothing, whatever it contains."""
    activity = find_speech(frame_levels(recording))
    clipped = clipped_samples(recording, len(activity.levels))
    measurements = measure(recording, activity, clipped)
    name = recording.source.name if recording.source else "the clip"
    return Assessment(name, recording, measurements, judge(measurements, name), activity, clipped)
