"""Law: a signature keeps the sentence that was read before it. It is written once, in `states`."""

import ast
import inspect
import textwrap
from pathlib import Path

import pytest

from cdmo.records.signatures import sign
from cdmo.web.views import VerbView
from tests.architecture.test_doors import PAGES, view_class
from tests.architecture.test_services import files, ids
from tests.cast import proof_of

# Dialogs that ask for the password and keep no signature.
ASKED_ONLY = {"cdmo.web.pages.house.NewToken": "a token is made for oneself; nothing is signed"}


def name_of(view) -> str:
    return f"{view.__module__}.{view.__qualname__}"


SIGNED = sorted(
    {
        view
        for _, _, callback in PAGES
        if (view := view_class(callback)) is not None and issubclass(view, VerbView) and view.signed
    },
    key=name_of,
)


def words_in(node: ast.AST) -> list[str]:
    """Return the text that an expression spells out itself, less what it only looks up by."""
    looked_up = {id(n.slice) for n in ast.walk(node) if isinstance(n, ast.Subscript)}
    found = []
    for part in ast.walk(node):
        if (
            isinstance(part, ast.Constant)
            and isinstance(part.value, str)
            and id(part) not in looked_up
        ):
            found.append(part.value)
    return [text for text in found if text.strip()]


def sentences_of(view) -> list[ast.AST]:
    """Return what a dialog shows as its sentence, as it is written in the nearest class."""
    for owner in view.__mro__:
        if owner is VerbView:
            return []
        (defined,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        found = []
        for node in defined.body:
            if isinstance(node, ast.Assign) and node.targets[0].id in {"meaning", "meanings"}:
                found.append(node.value)
            if isinstance(node, ast.FunctionDef) and node.name in {"meaning", "meanings"}:
                found += [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
        if found:
            return found
    return []


def test_no_excuse_is_stale():
    assert set(ASKED_ONLY) <= {name_of(view) for view in SIGNED}


@pytest.mark.statement("P-21")
@pytest.mark.parametrize("view", [v for v in SIGNED if name_of(v) not in ASKED_ONLY], ids=name_of)
def test_every_signed_dialog_says_what_is_signed_in_words_written_elsewhere(view):
    shown = sentences_of(view)

    assert shown, "nothing tells what the signature stands for"
    assert [text for node in shown for text in words_in(node)] == []


@pytest.mark.parametrize("path", files("services"), ids=ids)
def test_no_service_signs_words_of_its_own(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg == "meaning":
                assert words_in(keyword.value) == [], f"line {node.lineno}"
        if getattr(node.func, "id", "") in {"_sign_move", "_sign_decision"}:
            assert words_in(node.args[2]) == [], f"line {node.lineno}"


@pytest.mark.statement("P-21")
def test_a_sentence_that_did_not_stand_in_the_dialog_is_not_signed(cast):
    from dataclasses import replace

    from tests.builders.manufacture import a_planned_batch

    batch = a_planned_batch(cast)
    proof = replace(proof_of(cast.qa), says=("I read this.",))

    with pytest.raises(ValueError, match="The dialog said"):
        sign(
            record=batch,
            verb="issue",
            meaning="I read something else.",
            by=cast.qa,
            at=proof.at,
            proof=proof,
            content={},
        )
