"""Reading what a request says."""

import json
from typing import Any

from starlette.requests import Request

from voices.errors import InvalidRequest


async def json_object(request: Request) -> dict[str, Any]:
    """Read a request's body; raises ``InvalidRequest`` unless it is a JSON object."""
    return parse_object(await request.body())


def parse_object(data: bytes | str) -> dict[str, Any]:
    """Read a JSON object; raises ``InvalidRequest`` for anything else, however malformed."""
    try:
        value = json.loads(data, strict=False)  # a control character in a string does no harm
    except (ValueError, RecursionError):  # of which bytes that are not UTF-8 are one kind
        raise InvalidRequest("The body is not JSON.", field="body") from None
    if not isinstance(value, dict):
        raise InvalidRequest('The body must be a JSON object such as {"text": "Hello."}.', field="body")
    return value


def speech_input(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as a job's input that speaks; raises ``InvalidRequest`` for another action."""
    if body.get("action", "speak") != "speak":
        raise InvalidRequest("action: over HTTP the path says what to do.", field="action")
    return body
