"""The scheduler over a real small T3: whoever comes and goes, each says what it says alone."""

import random
from dataclasses import replace

import pytest
from t3_speech import GREEDY, Join, Spoken, decode_alone

from worker.engine.chatterbox.t3.decoder import Decoder
from worker.engine.chatterbox.t3.model import T3
from worker.engine.chatterbox.t3.sampling import Sampling
from worker.engine.chatterbox.t3.scheduler import TokenScheduler
from worker.engine.chatterbox.t3.utterance import Ending, T3Voice, Utterance

SAMPLINGS = [Sampling(), Sampling(temperature=1.2, top_k=0), Sampling(temperature=0.5, top_k=20), GREEDY]


@pytest.mark.parametrize("lag", [0, 2])
def test_every_utterance_says_what_it_says_alone(t3: T3, lag: int) -> None:
    chance = random.Random(lag)
    spoken = [Spoken.random(seed, prompt=8 + 7 * seed, text=3 + seed) for seed in range(5)]
    voices = [each.join(t3).utterance.voice for each in spoken]
    scheduler = TokenScheduler(Decoder(t3, 4, 160), t3.sizes.stop_token, lag=lag)
    utterances: list[Utterance] = []
    cancelled = set()
    while len(utterances) < 40 or not scheduler.is_idle:
        if len(utterances) < 40 and chance.random() < 0.4:
            number = len(utterances)
            text = Spoken.random(100 + number, text=chance.randint(2, 30)).join(t3).utterance.text
            utterance = Utterance(
                voices[number % 5], text, SAMPLINGS[number % 4], number, chance.choice([12, 60])
            )
            utterances.append(utterance)
            scheduler.submit(utterance)
        if utterances and chance.random() < 0.05:
            cancelled.add(chance.choice(utterances))
            for each in cancelled:
                scheduler.cancel(each)
        scheduler.turn()
    for utterance in utterances:
        whole = replace(utterance, voice=T3Voice(utterance.voice.conditionals))
        alone = decode_alone(t3, Join(0, whole), 60, 160)
        stop = alone.index(t3.sizes.stop_token) if t3.sizes.stop_token in alone else 60
        if utterance.ending is Ending.CANCELLED:
            assert utterance.tokens == alone[: len(utterance.tokens)]
        elif utterance.ending is Ending.STOPPED:
            assert utterance.tokens == alone[:stop]
        else:
            assert utterance.tokens == alone[: utterance.max_tokens]
            assert utterance.max_tokens <= stop
    endings = [utterance.ending for utterance in utterances]
    assert endings.count(Ending.STOPPED) > 5
    assert endings.count(Ending.OVER_BUDGET) > 5
