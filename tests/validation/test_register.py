"""The register says nothing that is not there, and tests name nothing that it does not have."""

import ast
from pathlib import Path

import pytest

from qc.release import rules
from validation import guards, register

pytestmark = pytest.mark.statement("P-01")
TESTS = Path(__file__).resolve().parents[1]
NOT_YET = {"P-12", "P-13", "P-40", "RC-40"}  # printed as not met until a test names them
GOOD = """
[[statement]]
id = "P-27"
text = "A failed proof leaves no signature."
clauses = ["21 CFR 11.300(d)"]
risk = { severity = "high", probability = "low", detectability = "low", reason = "It hurts." }
kind = "operator"
duty = "docs/guide/duties.md#p-27-look-at-it"
"""


def named() -> dict[str, set[str]]:
    """Return every id that a marker in the tests names, with the files that do."""
    found: dict[str, set[str]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.statement":
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        found.setdefault(argument.value, set()).add(path.name)
    return found


def test_forty_eight_statements_and_every_release_rule_are_registered():
    statements = register.read()

    assert [f"P-{n:02}" for n in range(1, 49)] == [s for s in statements if s.startswith("P-")]
    assert {rule.id for rule in rules.CATALOGUE} == {s for s in statements if s.startswith("RC-")}


def test_tests_name_known_statements_only():
    unknown = {name: files for name, files in named().items() if name not in register.read()}

    assert unknown == {}


def test_every_statement_that_tests_prove_is_named_by_one():
    # test_a_rule_comes_to_its_outcome names its rule by a parameter.
    judged_by_rule = {rule.id for rule in rules.CATALOGUE}
    wanting = {s.id for s in register.read().values() if s.by_tests}

    assert wanting - named().keys() - judged_by_rule == set()


def test_every_guard_and_its_test_still_stand_where_the_list_says():
    entries = guards.read()

    assert list(guards.faults(entries).values()) == []
    assert {entry["statement"] for entry in entries} <= register.read().keys()


@pytest.fixture
def house(tmp_path):
    """A checkout with one page of duties and one register."""
    (tmp_path / "docs/guide").mkdir(parents=True)
    (tmp_path / "docs/guide/duties.md").write_text("# Duties\n\n## P-27 Look at it!\n")

    def read(text):
        (tmp_path / "register.toml").write_text(text)
        return register.read(tmp_path / "register.toml", root=tmp_path)

    return read


def test_a_duty_has_its_heading_in_the_guide(house):
    assert house(GOOD)["P-27"].duty.endswith("#p-27-look-at-it")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('id = "P-27"', 'id = "Q-27"', "Q-27: its id is none."),
        ("look-at-it", "look-away", "is no heading of a page"),
        ("duties.md", "others.md", "is no heading of a page"),
        ('severity = "high"', 'severity = "huge"', "a risk is one of"),
        ('reason = "It hurts."', 'reason = ""', "its risk is incomplete"),
        ('kind = "operator"', 'kind = "nobody"', "its kind is none"),
        ('kind = "operator"', 'kind = "product"', "a duty, and no kind for it"),
        ("clauses", "causes", "unknown fields causes"),
        ('text = "A failed proof leaves no signature."', 'text = ""', "it says nothing"),
    ],
)
def test_a_register_that_is_wrong_is_refused_in_words(house, old, new, told):
    with pytest.raises(register.BadRegister, match=told):
        house(GOOD.replace(old, new))


def test_an_id_stands_once(house):
    with pytest.raises(register.BadRegister, match=r"P-27: stands there twice\."):
        house(GOOD + GOOD)
