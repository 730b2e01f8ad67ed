"""Where the servers are, and how secrets are kept."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cdmo import env
from cdmo.runtime import addresses


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_the_environment_has_the_first_word(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@c/d")
    monkeypatch.setenv("REDIS_URL", "redis://e/0")
    monkeypatch.setenv("SECRET_KEY", "f")
    assert addresses.database_url(tmp_path) == "postgresql://a:b@c/d"
    assert addresses.redis_url(tmp_path) == "redis://e/0"
    assert addresses.secret_key(tmp_path) == "f"
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_hold_what_a_variable_would(monkeypatch, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("postgresql://a:b@c/d\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(secret))
    assert addresses.database_url(tmp_path) == "postgresql://a:b@c/d"


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    first = addresses.secret_key(tmp_path)
    assert len(first) >= 50
    assert addresses.secret_key(tmp_path) == first
    (kept,) = (tmp_path / "secrets").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_processes_that_ask_at_the_same_moment_get_the_same_secret(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(lambda _: addresses.secret_key(tmp_path), range(200)))
    assert len(answers) == 1


def test_the_database_address_reads_back_as_a_socket_and_a_password(tmp_path):
    given = env.database(addresses.database_url(tmp_path))
    assert given["HOST"] == str(addresses.places(tmp_path).sockets)
    assert (given["USER"], given["NAME"], given["PORT"]) == ("cdmo", "cdmo", "5432")
    assert given["PASSWORD"] == addresses.kept_secret(tmp_path, "postgresql-password")


def test_an_ordinary_redis_address_goes_to_celery_as_it_is():
    assert addresses.broker_url("rediss://:p@h:6380/2") == "rediss://:p@h:6380/2"


def test_sockets_of_a_deep_data_folder_get_a_short_path():
    deep = Path("/tmp") / ("d" * 60) / ("e" * 60)
    where = addresses.places(deep)
    assert len(str(where.redis_socket)) < 100
    assert where.sockets != addresses.places(deep / "other").sockets
