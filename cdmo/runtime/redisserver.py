"""The embedded Redis: a Unix socket, a random password, nothing kept on disk.

Every job is a row in PostgreSQL, so an empty Redis after a restart loses nothing.
"""

import signal
import subprocess
import time
from pathlib import Path

import redis

from cdmo.runtime import leftovers, software
from cdmo.runtime.addresses import kept_secret, places, redis_url
from cdmo.runtime.postgresql import (
    CannotStart,
    hand_over,
    open_log,
    plain_environment,
    prepare_folders,
)

PATIENCE = 20


class RedisServer:
    """The Redis server of one data folder."""

    name = "Redis"

    def __init__(self, data_dir: Path):
        self.places = places(data_dir)
        self.home = self.places.servers / "redis"
        self.log = self.places.data / "logs" / "redis.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the server; return when it answers to the password."""
        prepare_folders(self.places)
        account = software.account_for(self.places.cluster)
        program = software.redis_program(account, self.places.servers / "software")
        self.home.mkdir(exist_ok=True)
        hand_over(self.home, account)
        hand_over(self.places.sockets, account)
        leftovers.end(leftovers.at_home("redis-server", self.home))
        self.places.redis_socket.unlink(missing_ok=True)
        with open_log(self.log) as log:
            self.process = subprocess.Popen(
                [program, "-"],  # the configuration comes by standard input: ps shows no password
                cwd=self.home,
                env=plain_environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=leftovers.die_with_parent(signal.SIGTERM),
                **account.popen(),
            )
            self.process.stdin.write(self.configuration().encode())
            self.process.stdin.close()
        self.wait_until_it_answers()

    def configuration(self) -> str:
        return "\n".join(
            [
                "port 0",
                f'unixsocket "{self.places.redis_socket}"',
                "unixsocketperm 700",
                f"requirepass {kept_secret(self.places.data, 'redis-password')}",
                f'dir "{self.home}"',
                "daemonize no",
                "appendonly no",
                'save ""',
                "maxmemory-policy noeviction",
                "",
            ]
        )

    def wait_until_it_answers(self) -> None:
        client = redis.Redis.from_url(redis_url(self.places.data), retry=None)
        until = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < until:
                try:
                    client.ping()
                except redis.RedisError:
                    pass
                else:
                    return
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        finally:
            client.close()
        self.stop()
        tail = self.log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise CannotStart(f"Redis did not start. The end of {self.log}:\n{tail}")

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stop the server; there is nothing to save."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
