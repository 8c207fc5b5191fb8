"""Keys and values lie where they were written, each slot's apart."""

import pytest
import torch

from worker.engine.chatterbox.t3.attention import CachedAttention
from worker.engine.chatterbox.t3.kv_cache import KVCache
from worker.engine.chatterbox.t3.model import T3Sizes

SIZES = T3Sizes(layers=2, width=128, heads=2, positions=64, text_vocabulary=9, speech_vocabulary=9)


@pytest.fixture
def cache() -> KVCache:
    return KVCache(SIZES, 3, 16, torch.float32, torch.device("cpu"))


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_a_write_touches_its_positions_only(cache: KVCache) -> None:
    keys, values = random(2, 2, 3, 64), random(2, 2, 3, 64) + 1
    cache.write(1, torch.tensor([2, 0]), torch.tensor([[4, 5, 6], [0, 1, 2]]), keys, values)
    assert torch.equal(cache.keys[1, 2, :, 4:7], keys[0])
    assert torch.equal(cache.values[1, 0, :, :3], values[1])
    assert int((cache.keys != 0).any(-1).sum()) == 2 * 2 * 3
    assert not cache.keys[0].any()


def test_a_prefix_begins_another_slot_and_outlives_its_own(cache: KVCache) -> None:
    cache.keys.copy_(random(*cache.keys.shape))
    cache.values.copy_(random(*cache.keys.shape) + 1)
    prefix = cache.save_prefix(1, 5)
    keys, rest = cache.keys[:, 1, :, :5].clone(), cache.keys[:, 0, :, 5:].clone()
    cache.keys[:, 1] = 0
    cache.load_prefix(0, prefix)
    assert torch.equal(cache.keys[:, 0, :, :5], keys)
    assert torch.equal(cache.keys[:, 0, :, 5:], rest)
    assert prefix.length == 5
    assert prefix.nbytes == 2 * 2 * 2 * 5 * 64 * 4


def test_a_move_copies_what_there_is(cache: KVCache) -> None:
    cache.keys.copy_(random(*cache.keys.shape))
    source, beyond = cache.keys[:, 2, :, :7].clone(), cache.keys[:, 0, :, 7:].clone()
    cache.move(2, 0, 7)
    assert torch.equal(cache.keys[:, 0, :, :7], source)
    assert torch.equal(cache.keys[:, 0, :, 7:], beyond)


def test_a_slots_memory_is_what_it_is_said_to_be(cache: KVCache) -> None:
    allocated = cache.keys.nbytes + cache.values.nbytes
    assert allocated == 3 * KVCache.bytes_per_slot(SIZES, 16, torch.float32)


def test_attention_sees_the_slots_own_positions_up_to_each_querys(cache: KVCache) -> None:
    """Not what lies behind, be it garbage of a padded text or of the slot's last holder."""
    cache.keys.copy_(random(*cache.keys.shape))
    cache.values.copy_(random(*cache.keys.shape))
    queries, keys, values = random(2, 2, 2, 64), random(2, 2, 2, 64) - 1, random(2, 2, 2, 64) + 1
    slots, positions = torch.tensor([2, 0]), torch.tensor([[3, 4], [8, 9]])
    attended = CachedAttention(cache, slots, positions, 12)(0, queries, keys, values)
    for row in range(2):
        for query in range(2):
            until = int(positions[row, query]) + 1
            seen_keys, seen_values = (each[0, slots[row], :, :until] for each in (cache.keys, cache.values))
            weights = torch.softmax(torch.einsum("hd,hnd->hn", queries[row, :, query], seen_keys) / 8, dim=-1)
            expected = torch.einsum("hn,hnd->hd", weights, seen_values)
            torch.testing.assert_close(attended[row, :, query], expected)


def test_the_first_slots_are_read_where_they_lie_with_the_same_result(cache: KVCache) -> None:
    queries, keys, values = random(2, 2, 1, 64), random(2, 2, 1, 64) - 1, random(2, 2, 1, 64) + 1
    slots, positions = torch.tensor([0, 1]), torch.tensor([[3], [7]])
    copied = CachedAttention(cache, slots, positions, 12)(0, queries, keys, values)
    in_place = CachedAttention(cache, slots, positions, 12, first_slots=2)(0, queries, keys, values)
    assert torch.equal(copied, in_place)
