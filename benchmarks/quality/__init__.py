"""``python -m benchmarks.quality``: the quality of the speech, given real weights.

speaker_similarity     cosine of the checkpoint's voice encoder between the clip and the speech; next to
                       it, as ``clip``, that of the clip's own halves, which is about the upper bound
mel_distance_db        streamed against unstreamed speech with the same seed: root mean square over the
                       80 mel channels, mean over the frames
worst_frame_db         the same for the frame with the largest distance
word_error_rate        if a recogniser is installed
cut                    1 if the worker had to end the speech because it had lost its text
rtf, ttfa_ms           streamed

Speech goes through the whole worker, including PCM, but is not watermarked. With ``--stock`` the stock
library speaks the same texts in the same voice, for similarity, errors and time.
"""
