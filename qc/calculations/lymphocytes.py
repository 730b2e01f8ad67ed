"""The mixed lymphocyte reaction: proliferation indices donor by donor, and what may be concluded.

An index divides by the same donor's own response to PHA, never by another's: how strongly cells
answer differs more between people than between conditions.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from scipy.special import stdtr

from qc.calculations.inputs import NUMBER, NUMBERS, entries, number, numbers, one, schema, text
from qc.calculations.registry import BadInput, Calculation
from qc.calculations.statistics import mean, root, variance

CONTROLS = ("negative", "autologous", "pha", "allogeneic")
_PERCENT = {"least": 0, "most": 100}


def mixed_lymphocyte_reaction(donors, alpha, minimum_difference, minimum_pha_percent) -> dict:
    alpha = float(number("alpha", alpha, above=0, below=1))
    difference = number("minimum_difference", minimum_difference, least=0)
    minimum = number("minimum_pha_percent", minimum_pha_percent, **_PERCENT)
    read = [_donor(f"donors[{at}]", d) for at, d in enumerate(entries("donors", donors))]
    names = [donor for donor, _ in read]
    for name in names:
        if names.count(name) > 1:
            raise BadInput("donors", f"Donor {name} stands here twice.")
    judged = [_judged(donor, means, minimum) for donor, means in read]
    valid = [donor["indices"] for donor in judged if donor["valid"]]
    asked = dict.fromkeys(
        ["allogeneic", *(name for _, means in read for name in means if name not in CONTROLS)]
    )
    conditions = {name: _condition(name, valid, alpha, difference) for name in asked}
    return {
        "donors": [
            {**donor, "indices": {name: float(i) for name, i in donor["indices"].items()}}
            for donor in judged
        ],
        "conditions": conditions,
        "conclusion": _conclusion(conditions, len(valid), len(judged)),
    }


def _donor(field: str, given) -> tuple[str, dict[str, Fraction]]:
    """Return the donor's name and the mean of each control's and condition's replicates."""
    if not isinstance(given, Mapping):
        raise BadInput(field, f"{field} must be an object.")
    for name in given:
        if name not in {"donor", "tests", *CONTROLS}:
            raise BadInput(f"{field}.{name}", f"{name} is not part of a donor.", "unknown")
    for name in ("donor", *CONTROLS, "tests"):
        if given.get(name) is None:
            raise BadInput(f"{field}.{name}", f"{field} needs {name}.", "required")
    tests = given["tests"]
    if not isinstance(tests, Mapping):
        raise BadInput(f"{field}.tests", f"{field}.tests must be an object.")
    means = {name: _replicates(f"{field}.{name}", given[name]) for name in CONTROLS}
    for name, replicates in tests.items():
        where = f"{field}.tests.{name}"
        if name in CONTROLS or not text(where, name).strip():
            raise BadInput(where, f"A condition may not be called {name}.")
        means[name] = _replicates(where, replicates)
    return text(f"{field}.donor", given["donor"]), means


def _replicates(field: str, given) -> Fraction:
    return mean(numbers(field, given, **_PERCENT))


def _judged(donor: str, means: Mapping[str, Fraction], minimum: Fraction) -> dict:
    """Judge the donor's controls. An index exists wherever there is a response to divide by."""
    reasons = []
    pha = means["pha"]
    if pha < minimum:
        reasons.append(
            f"PHA control {float(pha):g} % is below the minimum of {float(minimum):g} %."
        )
    if pha <= means["negative"]:
        reasons.append(
            f"PHA control {float(pha):g} % is not above the negative control "
            f"{float(means['negative']):g} %."
        )
    named = {name: value for name, value in means.items() if name not in ("negative", "pha")}
    indices = {name: value / pha for name, value in named.items()} if pha else {}
    return {"donor": donor, "valid": not reasons, "reasons": reasons, "indices": indices}


def _condition(
    name: str, valid: Sequence[Mapping[str, Fraction]], alpha: float, minimum: Fraction
) -> dict:
    """Compare a condition with the same donors' autologous control, one-sided and paired."""
    differences = [donor[name] - donor["autologous"] for donor in valid if name in donor]
    if not differences:
        return {"mean_difference": None, "p_value": None, "allogeneic_response": None, "n": 0}
    middle = mean(differences)
    p_value = _paired(differences, middle)
    return {
        "mean_difference": float(middle),
        "p_value": p_value,
        "allogeneic_response": (
            None if p_value is None else bool(p_value < alpha and middle >= minimum)
        ),
        "n": len(differences),
    }


def _paired(differences: Sequence[Fraction], middle: Fraction) -> float | None:
    """Return p of the one-sided paired t test, or None where there is none to be had.

    Donors that agree to the last digit leave no error to test against: that is no proof.
    """
    if len(differences) < 2:
        return None
    error = root(variance(differences) / len(differences))
    if not error:
        return None
    return float(stdtr(len(differences) - 1, -float(middle) / error))


def _conclusion(conditions: Mapping[str, dict], n: int, given: int) -> str:
    donors = f"n = {n} valid donor{'' if n == 1 else 's'} of {given}"
    if n < 2:
        return f"No conclusion can be drawn: {donors}, and at least two are needed."
    said = [_sentence(name, found) for name, found in conditions.items() if name != "allogeneic"]
    control = conditions["allogeneic"]
    if not control["allogeneic_response"]:
        said.append(
            "The allogeneic control itself gave no response, so the absence of one elsewhere "
            "shows nothing."
        )
    return f"From {donors}: " + (" ".join(said) or "no condition was tested.")


def _sentence(name: str, found: Mapping) -> str:
    if found["p_value"] is None:
        return f"{name}: no conclusion can be drawn (n = {found['n']})."
    numbers = (
        f"mean difference {found['mean_difference']:.4f}, one-sided p = {found['p_value']:.4f}, "
        f"n = {found['n']}"
    )
    if found["allogeneic_response"]:
        return f"{name} shows an allogeneic response ({numbers})."
    return f"{name} shows no allogeneic response ({numbers})."


_REPLICATES = {**NUMBERS, "minItems": 1, "description": "proliferating cells, percent"}
_EXAMPLE = {
    "donors": [
        {
            "donor": donor,
            "negative": [1],
            "autologous": [autologous],
            "pha": [80],
            "allogeneic": [allogeneic],
            "tests": {"DS": [tested]},
        }
        for donor, autologous, allogeneic, tested in (
            ("D1", 2, 40, 3),
            ("D2", 3, 44, 3),
            ("D3", 2, 38, 2),
        )
    ],
    "alpha": "0.05",
    "minimum_difference": "0.05",
    "minimum_pha_percent": 50,
}

CALCULATIONS = (
    Calculation(
        name="mixed-lymphocyte-reaction",
        version="1",
        formula=(
            "index = mean of replicates / mean PHA of the same donor; difference = index − "
            "autologous index; an allogeneic response needs p < alpha in a one-sided paired t "
            "test over valid donors and a mean difference of at least minimum_difference"
        ),
        source="one-way mixed lymphocyte reaction, proliferation by dye dilution",
        inputs=schema(
            ["donors", "alpha", "minimum_difference", "minimum_pha_percent"],
            donors={
                "type": "array",
                "minItems": 1,
                "items": one(
                    ["donor", *CONTROLS, "tests"],
                    donor={"type": "string"},
                    **dict.fromkeys(CONTROLS, _REPLICATES),
                    tests={"type": "object", "additionalProperties": _REPLICATES},
                ),
            },
            alpha={**NUMBER, "description": "above 0, below 1"},
            minimum_difference={**NUMBER, "description": "0 or more, of indices"},
            minimum_pha_percent={**NUMBER, "description": "0 to 100"},
        ),
        example={"inputs": _EXAMPLE, "output": mixed_lymphocyte_reaction(**_EXAMPLE)},
        function=mixed_lymphocyte_reaction,
    ),
)
__all__ = ["CALCULATIONS", "CONTROLS"]
