"""Where the database, Redis and the secret key are: the environment's word, else the embedded ones.

Nothing here starts a server. The embedded servers' addresses follow from the data folder alone, so
that every process (web, worker, a shell) finds what `manage.py up` started.
"""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from cdmo import env

DATABASE = "cdmo"
OWNER = "cdmo"
PORT = 5432  # only part of the socket's name: the embedded server listens on no network address
LONGEST_SOCKET_PATH = 100  # sun_path holds 104 bytes on macOS, 108 on Linux


@dataclass(frozen=True)
class Places:
    """The folders of the embedded servers that belong to one data folder."""

    data: Path
    servers: Path
    sockets: Path

    @property
    def cluster(self) -> Path:
        return self.servers / "postgresql"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def outside(self) -> bool:
        """True when the servers' files cannot be kept below the data folder."""
        return self.servers.parent != self.data


def places(data_dir: Path) -> Places:
    """Return where the embedded servers of a data folder keep their files and sockets.

    PostgreSQL refuses to run as root, so root hands it to another user. Where that user cannot
    reach the data folder (a home of mode 0700), the files go to a folder of root's in /var/lib.
    """
    data_dir = Path(data_dir).resolve()
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    servers = data_dir / "servers"
    if is_root() and not reachable_by_others(data_dir):
        servers = Path("/var/lib/cdmo") / mark
    sockets = servers / "run"
    if len(os.fsencode(sockets / f".s.PGSQL.{PORT}.lock")) > LONGEST_SOCKET_PATH:
        # Not tempfile.gettempdir(): TMPDIR differs between a terminal and a service.
        temporary = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())
        sockets = temporary / f"cdmo-{mark}"
    return Places(data=data_dir, servers=servers, sockets=sockets)


def is_root() -> bool:
    """Return whether this process may, and must, hand PostgreSQL to another user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def reachable_by_others(folder: Path) -> bool:
    """Return whether any user may walk into a folder: every existing ancestor is o+x."""
    return all(
        ancestor.stat().st_mode & 0o001
        for ancestor in (folder, *folder.parents)
        if ancestor.exists()
    )


def database_url(data_dir: Path) -> str:
    """Return DATABASE_URL, else the address of the embedded PostgreSQL."""
    given = env.text("DATABASE_URL", "")
    if given:
        return given
    password = kept_secret(data_dir, "postgresql-password")
    query = urlencode({"host": places(data_dir).sockets, "port": PORT}, quote_via=quote)
    return f"postgresql://{OWNER}:{password}@/{DATABASE}?{query}"


def redis_url(data_dir: Path) -> str:
    """Return REDIS_URL, else the address of the embedded Redis (a Unix socket)."""
    given = env.text("REDIS_URL", "")
    if given:
        return given
    password = kept_secret(data_dir, "redis-password")
    return f"unix://:{password}@{quote(str(places(data_dir).redis_socket))}?db=0"


def broker_url(url: str) -> str:
    """Return a Redis URL in Celery's spelling: it says redis+socket where redis-py says unix."""
    if not url.startswith("unix://"):
        return url
    return "redis+socket://" + url.removeprefix("unix://").replace("?db=", "?virtual_host=")


def secret_key(data_dir: Path) -> str:
    """Return SECRET_KEY, else a random one kept in the data folder."""
    return env.text("SECRET_KEY", "") or kept_secret(data_dir, "secret-key")


def kept_secret(data_dir: Path, name: str) -> str:
    """Return a random secret kept under the data folder, readable by its owner alone.

    Several processes may ask first at the same moment: the first complete file wins, since a hard
    link, unlike a rename, never replaces one that is there.
    """
    folder = Path(data_dir) / "secrets"
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        descriptor, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}-")  # mode 0600
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text(encoding="ascii")
