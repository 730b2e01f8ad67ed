"""`python -m cdmo.runtime.probe readyz|healthz|worker`: a container's health, as an exit code."""

import http.client
import sys

import redis

from cdmo import env

PATIENCE = 6


def web(path: str) -> bool:
    """Ask the web process beside us, under a host name that it accepts."""
    host = env.names("ALLOWED_HOSTS", "127.0.0.1")[0].lstrip(".").replace("*", "127.0.0.1")
    connection = http.client.HTTPConnection("127.0.0.1", env.number("PORT", 8000), timeout=PATIENCE)
    try:
        connection.request("GET", f"/{path}", headers={"Host": host})
        answer = connection.getresponse()
        sys.stdout.write(answer.read(1000).decode(errors="replace") + "\n")
        return answer.status == 200
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"{error}\n")
        return False
    finally:
        connection.close()


def worker() -> bool:
    """Ask Redis whether a worker gave a sign of life lately."""
    from cdmo.runtime.heartbeat import impatient_redis, worker_answers

    try:
        with impatient_redis() as client:
            return worker_answers(client)
    except redis.RedisError as error:
        sys.stdout.write(f"{error}\n")
        return False


if __name__ == "__main__":
    what = sys.argv[1]
    if what == "worker":
        import os

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cdmo.settings")
    sys.exit(0 if (worker() if what == "worker" else web(what)) else 1)
