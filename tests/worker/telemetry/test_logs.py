"""The log: a line a record, in either form, each record once."""

import json
import logging
import re
import subprocess
import sys
import threading

import pytest

from worker.engine.base import Delivery, SpeechOptions
from worker.telemetry.logs import JsonFormatter, TextFormatter, fields, named_request

pytestmark = pytest.mark.process


def _record(message="made %d of %s", arguments=(3, "them"), error=None, **named):
    exc_info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("worker.x", logging.INFO, "x.py", 1, message, arguments, exc_info)
    record.__dict__.update(fields(**named))
    return record


def test_a_json_record_is_one_line_with_its_fields():
    line = JsonFormatter().format(_record("two\nlines", (), voice_id="anna", rtf=0.25, code=None))
    assert "\n" not in line
    told = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    assert told == {
        "level": "INFO",
        "logger": "worker.x",
        "message": "two\nlines",
        "voice_id": "anna",
        "rtf": 0.25,
    }


def test_a_traceback_stays_on_the_json_line():
    try:
        int("a word")
    except ValueError as error:
        line = JsonFormatter().format(_record(error=error))
    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


def test_a_text_record_reads_as_a_sentence_with_its_fields():
    with named_request("r7"):
        line = TextFormatter().format(_record(voice_id="anna", error_text="no such thing", empty=""))
    assert line.split(" ", 1)[1] == (
        'INFO worker.x: made 3 of them request_id=r7 voice_id=anna error_text="no such thing" empty=""'
    )


def test_the_request_is_named_inside_alone():
    def request_id():
        return json.loads(JsonFormatter().format(_record())).get("request_id")

    with named_request("outer"):
        with named_request("inner"):
            assert request_id() == "inner"
        assert request_id() == "outer"
    assert request_id() is None


SCRIPT = """
import logging, sys, warnings
import worker.handler  # the SDK installs a handler of its own
from worker.telemetry.logs import set_up_logging
set_up_logging("INFO", sys.argv[1])
logging.getLogger("worker.x").info("hello")
logging.getLogger("worker.x").debug("not this")
logging.getLogger("uvicorn.error").warning("from uvicorn")
warnings.warn("careful")
"""


@pytest.mark.parametrize(("log_format", "is_json"), [("auto", True), ("json", True), ("text", False)])
def test_beside_the_sdk_each_record_is_written_once_in_the_form_that_was_asked_for(log_format, is_json):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, log_format], capture_output=True, text=True, check=True, timeout=120
    )
    lines = ran.stderr.splitlines()
    assert sum("hello" in line for line in lines) == 1
    assert sum("from uvicorn" in line for line in lines) == 1
    assert any("careful" in line for line in lines)
    assert "not this" not in ran.stderr
    if is_json:
        assert [json.loads(line)["logger"] for line in lines] == ["worker.x", "uvicorn.error", "py.warnings"]


def test_a_failure_on_the_models_thread_is_logged_under_its_requests_id(log_lines):
    from voices.conditionals import Conditionals
    from worker.engine.chatterbox.speech import Speech

    with log_lines() as lines:
        with named_request("r42"):
            speech = Speech("Hello.", Conditionals("x", {}), SpeechOptions(), Delivery())
        thread = threading.Thread(target=speech.finish, args=(RuntimeError("CUDA error"),))
        thread.start()
        thread.join()
    assert [(line["level"], line["request_id"]) for line in lines] == [("ERROR", "r42")]
    assert "CUDA error" in lines[0]["exception"]
