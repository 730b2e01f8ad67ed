"""docs/security/asvs.md says what is so: every requirement, by a test that exists or a reason.

And the laws that only a look at the sources shows: no SQL, command, template or markup is put
together from what comes in, and nothing is fetched.
"""

import ast
import re

import pytest
from django.conf import settings

ROOT = settings.BASE_DIR
OURS = ("cdmo", "batches", "qc", "techtransfer")
PAGE = ROOT / "docs/security/asvs.md"
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \|([^|]*)\| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
# ASVS 5.0: {section: requirements of levels 1 and 2}. Those of level 3 are left out.
WANTED = {
    **{"1.1": (1, 2), "1.2": range(1, 10), "1.3": range(1, 12), "1.4": (1, 2, 3), "1.5": (1, 2)},
    **{"2.1": (1, 2, 3), "2.2": (1, 2, 3), "2.3": (1, 2, 3, 4), "2.4": (1,)},
    **{"3.2": (1, 2), "3.3": (1, 2, 3, 4), "3.4": range(1, 7), "3.5": range(1, 6), "3.7": (1, 2)},
    **{"4.1": (1, 2, 3), "4.2": (1,), "4.3": (1, 2), "4.4": (1, 2, 3, 4)},
    **{"5.1": (1,), "5.2": (1, 2, 3), "5.3": (1, 2), "5.4": (1, 2, 3)},
    **{"7.1": (1, 2, 3), "7.2": (1, 2, 3, 4), "7.3": (1, 2), "7.4": (1, 2, 3, 4, 5)},
    **{"7.5": (1, 2), "7.6": (1, 2), "8.1": (1, 2), "8.2": (1, 2, 3), "8.3": (1,), "8.4": (1,)},
    **{"12.1": (1, 2, 3), "12.2": (1, 2), "12.3": (1, 2, 3, 4)},
}
ROWS = {row[0]: row for row in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def test_every_requirement_is_on_the_page_once():
    wanted = [f"{section}.{number}" for section, numbers in WANTED.items() for number in numbers]

    assert [row[0] for row in ROW.findall(PAGE.read_text(encoding="utf-8"))] == wanted


@pytest.mark.parametrize("number", ROWS)
def test_a_requirement_has_a_test_that_exists_or_a_reason(number):
    *_, proof = ROWS[number]
    if proof.startswith("Reason: "):
        assert len(proof) > len("Reason: ") + 5
        return
    (found,) = TEST.findall(proof)
    source = (ROOT / found[0]).read_text(encoding="utf-8")
    assert not found[1] or f"def {found[1]}(" in source, proof


def sources():
    for app in OURS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls():
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield str(path.relative_to(ROOT)), node, ast.unparse(node.func)


# Who puts names of tables or columns into a statement: our own models', never what was sent.
STATEMENTS = {
    "batches/materials/tracing.py": "one of two directions, each a constant",
    "cdmo/records/seals/exporting.py": "names of tables",
    "qc/release/evidence/queries.py": "constants of the same file",
    "cdmo/accounts/isolation.py": "names of tables and the role",
    "cdmo/records/acting.py": "names of settings",
    "cdmo/records/seals/making.py": "names of tables",
    "cdmo/records/services.py": "names of tables",
    "cdmo/records/verify/guards.py": "names of tables",
    "cdmo/records/verify/histories.py": "names of tables",
    "cdmo/records/verify/sealed.py": "names of tables",
    "cdmo/runtime/backup.py": "names of tables in the catalogue",
    "cdmo/runtime/restore.py": "names of tables in the catalogue",
    "qc/release/services/checking.py": "names of tables",
    "qc/release/services/queueing.py": "names of tables",
}


def test_no_statement_is_put_together_from_what_comes_in():
    found = set()
    for path, node, name in calls():
        assert not name.endswith((".raw", ".extra", "RawSQL")), (path, node.lineno)
        if name.endswith(".execute") and node.args and not isinstance(node.args[0], ast.Constant):
            found.add(path)
    assert found <= set(STATEMENTS), "is it built from what somebody sent?"
    doors = ("views", "api.py", "forms.py", "filters.py")
    assert not [path for path in found if any(door in path for door in doors)]


def test_nothing_runs_through_a_shell_or_is_evaluated():
    refused = ("eval", "exec", "compile", "os.system", "os.popen", "pickle.loads", "pickle.load")
    refused += ("yaml.load", "marshal.loads", "Template", "mark_safe", "SafeString")
    for path, node, name in calls():
        assert name not in refused, (path, node.lineno)
        for word in node.keywords:
            shell = word.arg == "shell" and getattr(word.value, "value", True) is not False
            assert not shell, (path, node.lineno)


# Programs that talk to servers of our own, named in the settings.
FETCHERS = {"cdmo/runtime/probe.py": "asks this very process"}


def test_nothing_is_fetched_from_an_address_that_was_typed():
    clients = {"requests", "httpx", "urllib.request", "urllib3", "aiohttp", "http.client", "socket"}
    found = set()
    for path, tree in sources():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if clients & set(names):
                found.add(str(path.relative_to(ROOT)))
    # What runs no request of anybody: starting the servers of a laptop, and fetching packages.
    found = {path for path in found if not path.startswith("cdmo/runtime/") or path in FETCHERS}
    assert found <= set(FETCHERS)


# Markup of our own pages, which the server has escaped, and none that was put together here.
MARKUP = {"app.js": "a dialog", "idle.js": "a constant", "steps.js": "a blank step of the page"}


def test_our_scripts_put_no_text_into_pages_as_markup():
    refused = re.compile(
        r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    for path in sorted((ROOT / "static/js").glob("*.js")):
        found = refused.findall(path.read_text(encoding="utf-8"))
        assert len(found) == (path.name in MARKUP), (path.name, found)
