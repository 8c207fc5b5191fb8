"""Reading what a request says."""

import json
from typing import Any

from starlette.requests import Request

from voices.errors import InvalidRequest


async def json_object(request: Request) -> dict[str, Any]:
    """Read a request's body; raises ``InvalidRequest`` unless it is a JSON object."""
    return parse_object(await request.body())


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Read a JSON object, its nulls left out; raises ``InvalidRequest`` for anything else, however malformed.

    Whatever the content type says: half of all clients say none, and curl says that it is a form.
    """
    try:
        value = json.loads(data, strict=False)  # a control character in a string does no harm
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8: send JSON in that encoding.", field="body") from None
    except (ValueError, RecursionError):
        raise InvalidRequest("The body is not JSON: send a JSON object.", field="body") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is JSON, but not an object: send one.", field="body")
    return {name: each for name, each in value.items() if each is not None}


def speech_input(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as a job's input that speaks; raises ``InvalidRequest`` for another action."""
    if body.get("action", "speak") != "speak":
        raise InvalidRequest("action: over HTTP the path says what to do.", field="action")
    return body
