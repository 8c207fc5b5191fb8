"""A lock a key."""

import threading

from worker.speech.keyed_locks import KeyedLocks


def test_one_thread_at_a_time_works_on_a_key():
    locks, inside, most = KeyedLocks(), [], []

    def work():
        for _ in range(200):
            with locks.of("anna"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1


def test_another_key_is_not_waited_for():
    locks = KeyedLocks()
    with locks.of("anna"), locks.of("bob"):
        pass


def test_nothing_is_kept_of_a_key_that_nobody_holds():
    locks = KeyedLocks()
    for number in range(100):
        with locks.of(f"voice-{number}"):
            pass
    assert len(locks._locks) == 0
