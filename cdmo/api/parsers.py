"""JSON, read strictly: exact decimals, no NaN, no duplicate names, nothing PostgreSQL refuses."""

import json
from decimal import Decimal, InvalidOperation

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} is not a number that can be used") from None


def _whole(text: str) -> int:
    if len(text) > 100:
        raise ValueError(f"{text[:20]}… is too large a number")
    return int(text)


def _no_constant(name: str):
    raise ValueError(f"{name} is not a value")


def _unique(pairs):
    found = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"“{name}” is given twice")
        found[name] = value
    return found


def _refuse_unstorable(value) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("text may not contain a NUL character")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("text may not contain half a surrogate pair")
    elif isinstance(value, dict):
        for name, item in value.items():
            _refuse_unstorable(name)
            _refuse_unstorable(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_unstorable(item)


def read_json(data: bytes):
    """Return parsed JSON; raises ValueError with a plain sentence."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_float=_decimal,
            parse_int=_whole,
            parse_constant=_no_constant,
            object_pairs_hook=_unique,
        )
        _refuse_unstorable(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    return value


class StrictJSONParser(JSONParser):
    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream, media_type=None, parser_context=None):
        try:
            return read_json(stream.read())
        except ValueError as error:
            raise ParseError(f"The body is not JSON that can be read: {error}.") from None
