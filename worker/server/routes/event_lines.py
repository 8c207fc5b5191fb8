"""The JSON schema of an event's line, made from the events' own classes."""

from typing import Any

from pydantic import TypeAdapter

from worker.events import AudioEvent, EndEvent, Event, StartEvent
from worker.server.openapi import ErrorAnswer


def _line(event: type[Event]) -> dict[str, Any]:
    """Return the schema of ``event.as_json()``: its fields, and its type."""
    schema = _inlined(TypeAdapter(event).json_schema(mode="serialization"))
    properties = {"type": {"const": event.type}, **schema["properties"]}
    if "audio" in properties:
        properties["audio"] = {"type": "string", "contentEncoding": "base64"}
    return {**schema, "properties": properties, "required": ["type", *schema["required"]]}


def _error_line() -> dict[str, Any]:
    schema = _inlined(ErrorAnswer.model_json_schema(mode="serialization"))
    properties = {"type": {"const": "error"}, **schema["properties"]}
    return {**schema, "properties": properties, "required": ["type", *schema["required"]]}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with its definitions where they are used: below a media type it cannot have any."""
    definitions = schema.get("$defs", {})

    def inline(part: Any) -> Any:
        match part:
            case {"$ref": str(reference)}:
                return inline(definitions[reference.rpartition("/")[2]])
            case dict():
                return {name: inline(each) for name, each in part.items() if name != "$defs"}
            case list():
                return [inline(each) for each in part]
        return part

    inlined: dict[str, Any] = inline(schema)
    return inlined


EVENT_LINE: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "oneOf": [*(_line(event) for event in (StartEvent, AudioEvent, EndEvent)), _error_line()],
}
"""A line of an answer in ``application/x-ndjson``; an error may be the last."""
