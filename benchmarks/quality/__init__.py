"""``python -m benchmarks.quality``: how good the speech is, for whoever has real weights.

speaker_similarity     cosine of the checkpoint's voice encoder between the clip and the speech; next to
                       it, as ``clip``, that of the clip's own halves: about what can be had
mel_distance_db        streamed speech against the same seed's spoken whole: root mean square over the
                       80 mel channels, mean over the frames
worst_frame_db         the same of the frame where they differ most
word_error_rate        where a recogniser is installed
cut                    1 where the worker had to end the speech, which had lost its text
rtf, ttfa_ms           as streamed

Speech goes through the whole worker, PCM and all, but is not watermarked. With ``--stock`` the stock
library speaks the same texts in the same voice, for similarity, errors and time.
"""
