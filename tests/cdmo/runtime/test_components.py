"""Components: listed, assessed, asked about; and keys in the sources."""

import json
import re
import subprocess
from datetime import date

import jsonschema
import pytest
from referencing import Registry, Resource

from cdmo.runtime import audit, sbom, secretscan
from cdmo.runtime.sbom import ROOT

pytestmark = pytest.mark.statement("P-44")
ROW = re.compile(r"^\| (\S+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| (high|middle|low) \|$", re.M)
FILES = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-allotropy.txt",
    "requirements-audit.txt",
)


def assessed() -> dict[str, tuple]:
    text = (ROOT / "docs/components.md").read_text(encoding="utf-8")
    return {sbom.normal(row[0]) if row[0][0] != "@" else row[0]: row for row in ROW.findall(text)}


def test_every_pinned_component_is_assessed_and_no_other():
    package = json.loads((ROOT / "package.json").read_text())
    pins = {name for file in FILES for name in sbom.pinned(file)}
    pins |= {name if name[0] == "@" else sbom.normal(name) for name in package["dependencies"]}
    pins |= {sbom.normal(name) for name in package["devDependencies"]}

    assert set(assessed()) == pins
    assert all(all(cell.strip() for cell in row) for row in assessed().values())


@pytest.fixture(scope="module")
def bill():
    return sbom.bill()


def schema(name):
    (place,) = (ROOT / ".venv-audit").glob(f"lib/*/site-packages/cyclonedx/schema/_res/{name}")
    return json.loads(place.read_text(encoding="utf-8"))


def test_the_bill_of_materials_follows_its_schema(bill):
    main = schema("bom-1.6.SNAPSHOT.schema.json")
    names = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    store = Registry().with_resources(
        (f"http://cyclonedx.org/schema/{name}", Resource.from_contents(schema(name)))
        for name in names
    )

    jsonschema.Draft7Validator(main, registry=store).validate(bill)


def test_the_bill_names_every_pinned_component_with_its_licence(bill):
    named = {sbom.normal(part["name"]) for part in bill["components"]}
    scopes = {sbom.normal(part["name"]): part["scope"] for part in bill["components"]}

    assert set(sbom.pinned("requirements.txt")) <= named
    assert set(sbom.pinned("requirements-dev.txt")) <= named
    assert {"htmx.org".replace(".", "-"), "axe-core"} <= named
    assert scopes["django"] == "required"
    assert scopes["sqlparse"] == "required"  # nobody pins it: Django leans on it
    assert scopes["pytest"] == "excluded"
    assert all(part["licenses"] for part in bill["components"])
    assert len({part["bom-ref"] for part in bill["components"]}) == len(bill["components"])


def test_the_bill_tells_nothing_of_the_machine(bill):
    text = json.dumps(bill)

    assert str(ROOT) not in text
    assert "file://" not in text
    assert not subprocess.run(
        ["git", "check-ignore", "-q", sbom.TARGET], cwd=ROOT, check=False
    ).returncode


FOUND = audit.Weakness("django", "5.2.0", "GHSA-x", ("CVE-2026-1",))
EXCUSE = {
    "component": "django",
    "id": "CVE-2026-1",
    "reason": "Not used",
    "until": date(2026, 12, 1),
}


def test_a_weakness_counts_unless_somebody_thought_about_it_not_too_long_ago():
    assert audit.objections([FOUND], [], today=date(2026, 11, 1)) == ["django 5.2.0: GHSA-x"]
    assert audit.objections([FOUND], [EXCUSE], today=date(2026, 12, 1)) == []
    (told,) = audit.objections([FOUND], [EXCUSE], today=date(2026, 12, 2))
    assert "accepted until 2026-12-01: Not used" in told
    other = {**EXCUSE, "component": "celery"}
    assert audit.objections([FOUND], [other], today=date(2026, 11, 1))


def test_what_could_not_be_looked_up_is_not_called_clean(monkeypatch, capsys):
    unknown = {"name": "django", "skip_reason": "Dependency not found"}
    assert audit.read_pip(json.dumps({"dependencies": [unknown]})) == audit.Looked(unseen=1)
    assert audit.read_pip("Connection refused") == audit.Looked()
    assert audit.read_npm('{"error": {"code": "ENETUNREACH"}}') == audit.Looked()
    monkeypatch.setattr(audit, "look", lambda: {"Python": audit.Looked(unseen=1)})

    assert audit.main() == 0
    assert "could not be looked up" in capsys.readouterr().out


def test_an_answer_of_either_list_is_read(monkeypatch, capsys):
    vulnerable = {"name": "django", "version": "5.2.0", "vulns": [{"id": "GHSA-x", "aliases": []}]}
    looked = audit.read_pip(json.dumps({"dependencies": [vulnerable]}))
    assert looked.found[0].id == "GHSA-x"
    npm = {
        "metadata": {"dependencies": {"total": 9}},
        "vulnerabilities": {"htmx.org": {"range": "<2", "via": [{"url": "GHSA-y"}, "other"]}},
    }
    assert [one.id for one in audit.read_npm(json.dumps(npm)).found] == ["GHSA-y"]
    monkeypatch.setattr(audit, "look", lambda: {"Python": looked})

    assert audit.main() == 1
    assert "django 5.2.0: GHSA-x" in capsys.readouterr().out


def test_what_was_accepted_has_a_reason_and_an_end():
    text = audit.ACCEPTED.read_text(encoding="utf-8")
    audit.accepted(text)
    assert all(reason.strip() for reason in secretscan.accepted(text).values())
    with pytest.raises(ValueError, match="reason and until"):
        audit.accepted('[[weakness]]\ncomponent = "django"\nid = "CVE-1"\n')


def test_a_key_is_found_in_what_was_ever_added_and_nothing_in_prose():
    key = "AKIA" + "IOSFODNN7ABCDEFG"  # apart, or this file would be found itself
    diff = f"commit 0123456789abcdef\n+++ b/x.py\n+key = '{key}'\n+an ordinary line\n-gone\n"
    lines = list(secretscan.added(diff))
    found = secretscan.secrets_in(lines)

    assert lines == [("0123456789 x.py", f"key = '{key}'"), ("0123456789 x.py", "an ordinary line")]
    assert found == {secretscan.digest(key): ("AWS Access Key", "0123456789 x.py")}
    private = "-----BEGIN RSA " + "PRIVATE KEY-----"
    assert secretscan.secrets_in([("x", private)])
    assert not secretscan.secrets_in([("x", "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4'")])
