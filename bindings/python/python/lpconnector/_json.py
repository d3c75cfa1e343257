"""JSON of what callers pass in and of what notifications hold; the native module calls it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dumps(value: object, name: str) -> str:
    """JSON in which everything beyond ASCII stands as it is.

    So a lone surrogate stays one and is found when the text is encoded; its escape would hide it.
    """
    return _dumps(value, name, ensure_ascii=False)


def ascii(value: object, name: str) -> str:
    """JSON in ASCII."""
    return _dumps(value, name, ensure_ascii=True)


def _dumps(value: object, name: str, *, ensure_ascii: bool) -> str:
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii, default=_plain)
    except TypeError as wrong:
        raise TypeError(f"{name}: {wrong}") from None


def loads(text: str) -> Any:
    """What a JSON text says, whatever numbers are in it; ``None`` for what Python cannot read."""
    try:
        return json.loads(text, parse_int=_number)
    except (ValueError, RecursionError):
        # No JSON, or more levels of it than there is a stack for.
        return None


def _number(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:
        # Python reads no whole number of thousands of digits.
        return float(digits)


def _plain(value: object) -> dict[Any, Any]:
    # json.dumps knows dict alone of all mappings.
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
