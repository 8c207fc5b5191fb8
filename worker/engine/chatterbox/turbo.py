"""Chatterbox Turbo: upstream's weights, our decode loop, many concurrent streams."""

import gc
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from voices.clips.clip import Clip
from voices.conditionals import Conditionals
from voices.errors import UnknownVoice
from voices.voice import LONGEST_PROMPT_SECONDS
from worker.audio.stages import Stage
from worker.engine.base import Delivery, Engine, Occupancy, Pulse, SpeechOptions, SpeechStream
from worker.engine.chatterbox import conditionals as voice
from worker.engine.chatterbox.chunk_schedule import TOKENS_PER_SECOND, ChunkSchedule
from worker.engine.chatterbox.device_voices import DeviceVoices
from worker.engine.chatterbox.failure import as_failure
from worker.engine.chatterbox.fingerprint import encoders_fingerprint
from worker.engine.chatterbox.loading import ChatterboxModel, load_model
from worker.engine.chatterbox.s3gen.source import SAMPLE_RATE
from worker.engine.chatterbox.speech import Speech, Task
from worker.engine.chatterbox.speech_loop import SpeechLoop
from worker.engine.chatterbox.t3.decoder import Decoder, slot_count
from worker.engine.chatterbox.t3.runaway import token_budget
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.scheduler import TokenScheduler
from worker.engine.chatterbox.t3.utterance import Utterance
from worker.engine.chatterbox.tokenizer import punc_norm
from worker.engine.chatterbox.turbo_settings import TurboSettings
from worker.engine.chatterbox.warm_up import WarmUp
from worker.engine.chatterbox.watermark import Watermark, WatermarkThreads
from worker.engine.checkpoint import BUILT_IN_VOICE_FILE
from worker.engine.cores import leave_the_cores_to_the_model, take_all_cores
from worker.engine.phases import Phases
from worker.errors import EngineFailure, TextTooLong

SLOT_LENGTH = 1600
"""Positions of a slot: 376 for the voice, 200 for the text, and stock's longest speech."""

_LEAST_ROOM = 150
"""Speech tokens that a slot must have room for after the text: 6 s."""

_SEED_BITS = 63

_WARM_UP_TEXT = "One sentence of some length, which nobody hears."


class ChatterboxTurbo(Engine):
    """The engine over a complete checkpoint directory (see ``checkpoint.require_checkpoint``).

    One thread owns the model (``speech_loop.py``); requests' threads submit text chunks to it. Another
    thread prepares voices, one at a time, while the model speaks. Raises ``EngineFailure`` if the
    checkpoint cannot be loaded.
    """

    name = "chatterbox-turbo"
    sample_rate = SAMPLE_RATE
    options = frozenset({"seed", "temperature", "top_p", "top_k", "repetition_penalty"})

    def __init__(
        self, checkpoint: Path, settings: TurboSettings | None = None, phases: Phases | None = None
    ) -> None:
        settings = settings or TurboSettings()
        self.phases = phases or Phases()
        self.watermarks = settings.watermark
        self.pulse = Pulse()
        self._built_in_voice = checkpoint / BUILT_IN_VOICE_FILE
        self._preparing = ThreadPoolExecutor(1, "prepare", leave_the_cores_to_the_model)
        with _failing_as_engine("be loaded"):
            self.fingerprint = encoders_fingerprint(self.name, checkpoint)
            self._watermark = WatermarkThreads(Watermark()) if settings.watermark else None
            self.phases.end("watermark")
            self._model: ChatterboxModel | None = self._start(checkpoint, settings)
        if self._model.device.type == "cuda" and self._built_in_voice.is_file():
            WarmUp(self._speak_unheard, lambda: self._scheduler.is_idle).begin()
            self.phases.end("warm-up")

    def _start(self, checkpoint: Path, settings: TurboSettings) -> ChatterboxModel:
        """Load the model on the thread that will speak with it (``cores.py`` says why)."""
        loaded: Future[ChatterboxModel] = Future()

        def run() -> None:
            try:
                device = _device(settings.device)
                model = load_model(checkpoint, device, settings.t3_precision, settings.s3gen, self.phases)
                self._build(model, settings)
                self.phases.end("slots")
                take_all_cores()
            except Exception as error:  # noqa: BLE001  # raised below, in the waiting thread
                loaded.set_exception(error)
                return
            loaded.set_result(model)
            self._loop.run()

        self._model_thread = threading.Thread(target=run, name="model", daemon=True)
        usual = torch.get_num_threads()
        self._model_thread.start()
        try:
            return loaded.result()
        finally:
            torch.set_num_threads(usual)

    def _build(self, model: ChatterboxModel, settings: TurboSettings) -> None:
        t3 = model.t3

        def embed(tensors: Mapping[str, Tensor]) -> Tensor:
            return t3.embed_conditionals(*voice.t3_inputs(tensors))

        self.capacity = settings.slots or slot_count(t3, SLOT_LENGTH)
        self._tokens = Decoder(t3, self.capacity, SLOT_LENGTH)
        self._s3gen = model.s3gen
        self._voices = DeviceVoices(t3.device, embed, settings.max_voice_bytes)
        # On a GPU one step runs while the host reads the tokens of the previous one.
        self._scheduler = TokenScheduler(
            self._tokens, t3.sizes.stop_token, lag=1 if t3.device.type == "cuda" else 0
        )
        schedule = settings.schedule or ChunkSchedule.for_device(t3.device.type)
        self._loop = SpeechLoop(self._scheduler, self._s3gen, self._begin, schedule, self.pulse)

    def _speak_unheard(self, count: int) -> None:
        """Speak concurrent streams in the built-in voice, and discard them."""
        conditionals = self.default_conditionals()
        streams = [
            self.stream(_WARM_UP_TEXT, conditionals, SpeechOptions(seed=0), Delivery()) for _ in range(count)
        ]
        for stream in streams:
            deque(stream, maxlen=0)

    def prepare(self, clip: Clip, prompt_seconds: float = LONGEST_PROMPT_SECONDS) -> Conditionals:
        """Compute a voice's conditionals; raises ``InvalidClip`` for a clip of 5 s or less."""
        with _failing_as_engine("prepare the voice"):
            tensors = self._preparing.submit(self._prepare, clip).result()
            prompt_tokens = round(prompt_seconds * TOKENS_PER_SECOND)
            return Conditionals(self.fingerprint, voice.with_prompt_of(tensors, prompt_tokens))

    def _prepare(self, clip: Clip) -> dict[str, npt.NDArray[Any]]:
        with self.pulse.beat():
            return self._open_model().preparer.prepare(clip)

    def default_conditionals(self) -> Conditionals:
        """Return the checkpoint's built-in voice; raises ``UnknownVoice`` without one."""
        if not self._built_in_voice.is_file():
            raise UnknownVoice("default")
        with _failing_as_engine(f"read the built-in voice from {self._built_in_voice}"):
            return Conditionals(self.fingerprint, voice.read_built_in_voice(self._built_in_voice))

    def stream(
        self, text: str, conditionals: Conditionals, options: SpeechOptions, delivery: Delivery
    ) -> SpeechStream:
        """Speak one text chunk; T3 starts at once.

        The same seed gives the same tokens, alone or among other requests; without one they differ each
        time. Samples are clipped to [-1, 1] and not watermarked yet.
        """
        self._open_model()
        voice.check_conditionals(conditionals, self.fingerprint)
        speech = Speech(punc_norm(text), conditionals, options, delivery)
        if text.strip():
            self._loop.submit(speech)
        else:
            speech.finish()
        return speech

    def watermark(self) -> Stage | None:
        """Return a stage that adds Perth's watermark to one request's samples; None when it is off."""
        return self._watermark.stage() if self._watermark is not None else None

    def occupancy(self) -> Occupancy | None:
        """Return the number of its text chunks and slots; None once the engine is closed."""
        return self._loop.occupancy(self._tokens.slot_count) if self._model is not None else None

    def close(self) -> None:
        """Release the model's memory; text chunks in progress fail."""
        if self._model is None:
            return
        self._loop.close()
        self._model_thread.join()
        self._preparing.shutdown()
        if self._watermark is not None:
            self._watermark.close()
        self._model = self._watermark = None
        self._voices.clear()
        del self._loop, self._tokens, self._s3gen
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _open_model(self) -> ChatterboxModel:
        if self._model is None:
            raise EngineFailure("The engine was closed: start another one.")
        return self._model

    @torch.inference_mode()
    def _begin(self, speech: Speech) -> Task:
        """Tokenize and embed a text chunk, on the model's thread."""
        model = self._open_model()
        device_voice = self._voices.get(speech.conditionals)
        text_tokens = torch.tensor(model.tokenizer(speech.text), device=model.device)
        room = self._tokens.room(len(device_voice.conditionals), len(text_tokens) + 1)
        if room < _LEAST_ROOM:
            raise TextTooLong(
                f"text: a part without a break has {len(text_tokens)} text tokens, which leave no "
                "room for their speech: send it in shorter sentences."
            )
        seed = speech.options.seed
        seed = secrets.randbits(_SEED_BITS) if seed is None else seed
        utterance = Utterance(
            voice=device_voice,
            text=model.t3.embed_text(text_tokens),
            sampling=Sampling.from_options(speech.options),
            seed=seed,
            max_tokens=min(token_budget(speech.text), room),
            urgency=speech.urgency,
        )
        is_first = speech.delivery.order == 0
        return Task(speech, utterance, self._s3gen.open(device_voice.tensors, seed, fade_in=is_first))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


@contextmanager
def _failing_as_engine(task: str) -> Iterator[None]:
    """Replace the model's errors by errors for the client."""
    try:
        yield
    except Exception as error:
        failure = as_failure(error, task)
        if failure is error:
            raise
        raise failure from error
