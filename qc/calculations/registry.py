"""The calculations that the house offers by name, each with formula, source and worked example.

A calculation takes the inputs object and returns the outputs object; nonsense is `BadInput`, with
the field and a plain sentence. Numbers come in as text (exact), as whole numbers or as Decimal.
To add one: write it into a module's `CALCULATIONS`, and name a new module in `_MODULES`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import Any

_MODULES = (
    "qc.calculations.judging",
    "qc.calculations.counting",
    "qc.calculations.lymphocytes",
    "qc.calculations.vectors",
    "qc.calculations.dosing",
    "qc.calculations.charts",
    "qc.calculations.intervals",
    "qc.calculations.shelf_life",
    "qc.calculations.curves",
    "qc.calculations.identifiers",
)


class BadInput(ValueError):
    """An input that cannot be calculated with. `field` is empty when it is the whole object."""

    def __init__(self, field: str, message: str, code: str = "invalid"):
        self.field, self.message, self.code = field, message, code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Calculation:
    """One function with what a reader needs to check it by hand. `inputs` is a JSON Schema."""

    name: str
    version: str
    formula: str
    source: str
    inputs: Mapping[str, Any]
    example: Mapping[str, Any]
    function: Callable[..., dict]

    def __call__(self, given: Any) -> dict:
        """Return the outputs, or raise BadInput. Unknown, missing and empty fields are refused."""
        if not isinstance(given, Mapping):
            raise BadInput("", "The inputs must be one object.")
        fields = self.inputs["properties"]
        for name in given:
            if name not in fields:
                raise BadInput(str(name), f"{name} is not an input of {self.name}.", "unknown")
        for name in self.inputs["required"]:
            if given.get(name) is None:
                raise BadInput(name, f"{name} is needed.", "required")
        try:
            output = self.function(**{n: value for n, value in given.items() if value is not None})
        except OverflowError:
            output = {"": math.inf}
        if not _finite(output):
            raise BadInput("", "The result is beyond what a double can hold.")
        return output

    def as_json(self) -> dict:
        """Return what a list of calculations says about this one."""
        return {
            "name": self.name,
            "version": self.version,
            "formula": self.formula,
            "source": self.source,
            "inputs": self.inputs,
            "example": self.example,
        }


def _finite(output: Any) -> bool:
    """Whether there is an answer without NaN or Infinity in it, which JSON could not carry."""
    if isinstance(output, Mapping):
        return all(_finite(value) for value in output.values())
    if isinstance(output, list):
        return all(_finite(value) for value in output)
    return math.isfinite(output) if isinstance(output, float) else True


def calculations() -> dict[str, Calculation]:
    """Return every calculation by name."""
    return {
        calculation.name: calculation
        for module in _MODULES
        for calculation in import_module(module).CALCULATIONS
    }


def number_text(field: str, value: Any) -> str:
    """Return a number or text as text, digit for digit. Truth values and floats are refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        # A number in JSON may have thousands of digits, and str() of such an int raises.
        if isinstance(value, int) and abs(value) >= 10**60:
            raise BadInput(field, f"{field} is beyond anything that can be measured.")
        return str(value)
    raise BadInput(field, f"{field} must be a number or text.")
