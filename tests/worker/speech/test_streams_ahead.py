"""Text chunks ahead: in order, a few at a time, and none left behind."""

from worker.speech.speaking import ahead


class Stream:
    def __init__(self, order, text):
        self.order, self.text, self.closed = order, text, False

    def close(self):
        self.closed = True


class Begun(list):
    def __call__(self, order, text):
        self.append(Stream(order, text))
        return self[-1]


def test_streams_come_in_the_order_of_the_text():
    read = list(ahead(Begun(), "abcde"))
    assert [text for text, _ in read] == list("abcde")
    assert [(stream.order, stream.text) for _, stream in read] == list(enumerate("abcde"))


def test_two_text_chunks_are_begun_beside_the_current_one():
    begun = Begun()
    streams = ahead(begun, "abcdefgh")
    assert begun == []
    next(streams)
    assert len(begun) == 3
    next(streams)
    assert len(begun) == 4


def test_giving_up_closes_all_that_are_under_way():
    begun = Begun()
    streams = ahead(begun, "abcdefgh")
    next(streams)
    next(streams)
    streams.close()
    assert [stream.closed for stream in begun] == [False, True, True, True]


def test_giving_up_before_the_beginning_is_nothing():
    begun = Begun()
    ahead(begun, "abc").close()
    assert begun == []


def test_a_text_chunk_that_has_not_come_holds_none_up_that_is_under_way():
    begun = Begun()
    streams = ahead(begun, ["a", None, None, "b", "c", None])
    told = [each and each[0] for each in streams]
    assert told == ["a", None, "b", "c"]
    assert [stream.order for stream in begun] == [0, 1, 2]
