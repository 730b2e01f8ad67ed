"""`judge` as a calculation that can be listed, shown with its example, and called by name."""

from qc.calculations.judge import NotACriterion, NotAValue, judge
from qc.calculations.registry import BadInput, Calculation, number_text


def calculate(value, criterion, rounding="usp") -> dict:
    text = number_text("value", value)
    for name, given in (("criterion", criterion), ("rounding", rounding)):
        if not isinstance(given, str):
            raise BadInput(name, f"{name} must be text.")
    if rounding != "usp":
        raise BadInput("rounding", f"{rounding} is not a rounding rule. Known: usp.")
    try:
        judgement = judge(text, criterion, rounding)
    except NotAValue as error:
        raise BadInput("value", str(error)) from None
    except NotACriterion as error:
        raise BadInput("criterion", str(error)) from None
    return {"reportable": judgement.reportable, "verdict": judgement.verdict}


JUDGE = Calculation(
    name="judge",
    version="1",
    formula=(
        "round half up, once, to the criterion's decimals; then compare, strict limits too; "
        "a censored value passes only if every value it allows does"
    ),
    source="USP General Notices 7.20; criterion grammar of the specification",
    inputs={
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["value", "criterion"],
        "properties": {
            "value": {
                "type": ["string", "number"],
                "description": "95.0, <1.0, >2e6 or words such as no growth",
            },
            "criterion": {
                "type": "string",
                "description": ">= 98.0, > 70, <= 101.5, < 5, 6.9 - 7.8, = no growth, report",
            },
            "rounding": {"type": "string", "enum": ["usp"], "default": "usp"},
        },
    },
    example={
        "inputs": {"value": "70.4", "criterion": "> 70", "rounding": "usp"},
        "output": {"reportable": "70", "verdict": "fail"},
    },
    function=calculate,
)
CALCULATIONS = (JUDGE,)
