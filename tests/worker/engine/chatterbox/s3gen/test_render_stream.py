"""Which tokens and which noise a decode sees, however the tokens come; no model takes part."""

import torch
from hypothesis import given
from hypothesis import strategies as some

from worker.engine.chatterbox.s3gen.noise import Kind, PositionalNoise
from worker.engine.chatterbox.s3gen.stream import Prompt, RenderStream

PROMPT = 4


def open_stream(left_tokens, prompt=PROMPT):
    voice = {
        "gen.prompt_token": torch.arange(10)[None],
        "gen.prompt_token_len": torch.tensor([10]),
        "gen.prompt_feat": torch.arange(20.0)[:, None].expand(-1, 80)[None],
    }
    return RenderStream(
        Prompt.of(voice, torch.zeros(80), prompt), seed=5, left_tokens=left_tokens, fade_in=True
    )


@given(sizes=some.lists(some.integers(0, 12), min_size=1, max_size=8), left=some.integers(0, 15))
def test_every_token_is_decoded_once_with_its_context_and_noise(sizes, left):
    stream, decoded, count = open_stream(left), 0, 0
    for index, size in enumerate(sizes):
        final = index == len(sizes) - 1
        window = stream.extend(list(range(count, count + size)), final=final)
        count += size
        if window is None:
            assert count - decoded <= (0 if final else 3)
            continue
        first = max(0, decoded - left)
        row = window.row
        assert row.tokens[PROMPT:].tolist() == list(range(first, count))
        end = count - (0 if final else 3)
        assert window.again == 2 * (decoded - first)
        assert row.frames == 2 * (PROMPT + end - first) == len(row.noise)
        expected = PositionalNoise(5, Kind.FLOW, 80, block=50, device=torch.device("cpu"))
        assert torch.equal(row.noise[2 * PROMPT :], expected.between(2 * first, 2 * end))
        decoded = end
    assert decoded == count


def test_a_shorter_prompt_is_the_end_of_the_longer_one_with_the_same_noise():
    long, short = (open_stream(5, prompt).extend([1] * 8, final=True).row for prompt in (9, 4))
    assert short.tokens[:4].tolist() == [6, 7, 8, 9]
    assert torch.equal(short.prompt_mel, long.prompt_mel[10:])
    assert torch.equal(short.noise, long.noise[10:])


def test_a_mel_frame_beyond_the_last_token_moves_no_other():
    tokens = torch.arange(10)
    voice = {
        "gen.prompt_token": tokens[None],
        "gen.prompt_token_len": torch.tensor([10]),
        "gen.prompt_feat": torch.arange(21.0)[:, None].expand(-1, 80)[None],
    }
    prompt = Prompt.of(voice, torch.zeros(80), 4)
    assert prompt.tokens.tolist() == [6, 7, 8, 9]
    assert prompt.mel[:, 0].tolist() == [12, 13, 14, 15, 16, 17, 18, 19]


@given(first=some.integers(0, 300), lengths=some.lists(some.integers(1, 90), min_size=1, max_size=4))
def test_noise_is_the_same_however_it_is_asked_for(first, lengths):
    noise = PositionalNoise(1, Kind.SOURCE, 3, block=50, device=torch.device("cpu"))
    pieces, begin = [], first
    for length in lengths:
        pieces.append(noise.between(begin, begin + length))
        begin += length
    assert torch.equal(torch.cat(pieces), noise.between(first, begin))


def test_seeds_and_kinds_have_noise_of_their_own():
    def numbers(seed, kind):
        return PositionalNoise(seed, kind, 80, block=50, device=torch.device("cpu")).between(0, 100)

    flow = numbers(1, Kind.FLOW)
    assert abs(flow.mean()) < 0.05
    assert abs(flow.std() - 1) < 0.05
    for other in (numbers(2, Kind.FLOW), numbers(1, Kind.PROMPT)):
        assert abs((flow * other).mean()) < 0.05
    assert abs((flow[:50] * flow[50:]).mean()) < 0.05
