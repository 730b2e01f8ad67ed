"""Laws about changes: keyword-only, with actor and instant, atomic, no clock, no tasks."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("cdmo", "batches", "qc", "techtransfer")


def files(name: str) -> list[Path]:
    """Every module called `name`, as a file or as a package of files."""
    found = []
    for top in ROOMS:
        found += (ROOT / top).rglob(f"{name}.py")
        found += [p for p in (ROOT / top).rglob(f"{name}/*.py") if p.name != "__init__.py"]
    return sorted(found)


def module_of(path: Path):
    return importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


def writes(function) -> bool:
    """Whether a function's source writes rows itself."""
    source = inspect.getsource(function)
    return any(
        word in source
        for word in (".create(", ".save(", ".update(", "bulk_create(", "bulk_update(", "_move(")
    )


# Building blocks that take part in their caller's change.
PARTS = {
    "record_event": "one line of a change that is already a service's",
    "next_number": "a number inside a change that is already a service's",
}


@pytest.mark.parametrize("path", files("services"), ids=ids)
def test_every_public_change_is_a_service(path):
    module = module_of(path)
    for name, function in vars(module).items():
        if not inspect.isfunction(function) or name.startswith("_"):
            continue
        if function.__module__ != module.__name__ and not hasattr(function, "is_service"):
            continue
        if function.__module__ != module.__name__:
            continue
        if writes(inspect.unwrap(function)) and name not in PARTS:
            assert getattr(function, "is_service", False), f"{module.__name__}.{name}"


def calls(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.add(ast.unparse(node.func))
    return found


CLOCKS = {"timezone.now", "datetime.now", "datetime.utcnow", "date.today", "time.time", "now"}


@pytest.mark.statement("P-34")
@pytest.mark.statement("P-46")
@pytest.mark.parametrize("path", [*files("services"), *files("rules"), *files("states")], ids=ids)
def test_no_clock_in_rules_states_and_services(path):
    assert not calls(path) & CLOCKS


@pytest.mark.statement("P-46")
@pytest.mark.parametrize("path", files("rules"), ids=ids)
def test_rules_ask_no_database(path):
    source = path.read_text(encoding="utf-8")
    for word in (".objects", ".filter(", ".exists()", ".save(", "select_for_update", "connection"):
        assert word not in source, word


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", files("services"), ids=ids)
def test_services_never_import_tasks(path):
    assert not any(name.endswith(".tasks") or name.startswith("celery") for name in imports(path))


LONG = {"tests", "migrations", "node_modules", "vendor"}


def test_no_file_outgrows_four_hundred_lines():
    long = {
        ids(path): lines
        for top in ROOMS
        for path in (ROOT / top).rglob("*.py")
        if not LONG & set(path.parts)
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 420
    }
    assert long == {}
