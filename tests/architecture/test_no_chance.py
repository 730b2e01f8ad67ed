"""What decides is code without chance: the same evidence gives the same answer, every time."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.statement("P-46")
ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cdmo", "batches", "qc", "techtransfer")
CHANCE = {"random", "secrets", "uuid"}
MODELS = {
    *("torch", "tensorflow", "keras", "jax", "sklearn", "scikit-learn", "xgboost", "lightgbm"),
    *("transformers", "openai", "anthropic", "langchain", "llama-cpp-python", "onnxruntime"),
}


def deciding() -> list[Path]:
    """Every file that decides: rules, states, calculations, evidence."""
    found = []
    for top in ROOMS:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = {*path.parent.parts, path.stem}
            if parts & {"rules", "states", "calculations", "evidence"}:
                found.append(path)
    return found


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_what_decides_draws_no_lots():
    files = deciding()

    assert len(files) > 40
    drawn = {
        str(path.relative_to(ROOT)): found
        for path in files
        if (found := {name for name in imported(path) if name.split(".")[0] in CHANCE})
        or (found := {name for name in imported(path) if name.startswith("numpy.random")})
    }
    assert drawn == {}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-allotropy.txt"])
def test_no_learnt_model_is_installed(file):
    names = {
        line.split("==")[0].split("[")[0].strip().lower()
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith(("#", "-"))
    }

    assert names, file
    assert names & MODELS == set()
