"""A knock on the workers' door after a change: haste, never necessity. The sweep comes anyway."""

import logging
import time

from cdmo.celery import app

logger = logging.getLogger(__name__)

SWEEPS = (
    "qc.release.tasks.sweep",
    "qc.instruments.tasks.sweep",
    "cdmo.archive.tasks.sweep",
)
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# With Redis away a knock would cost every change its time-out. After a failure nobody knocks for
# this long; the beat's sweep finds the work once Redis is back.
BACK_OFF = 10.0
PATIENCE = 0.05
_QUICK = {
    "socket_connect_timeout": PATIENCE,
    "socket_timeout": PATIENCE,
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
}


class KnockMiddleware:
    """After an unsafe request that succeeded, ask the workers to sweep now.

    Outermost of all: the change is committed when it runs. Best effort: it answers within a tenth
    of a second and says nothing to the person when Redis is away.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        self.quiet_until = 0.0

    def __call__(self, request):
        response = self.get_response(request)
        if request.method in UNSAFE and response.status_code < 400:
            self.knock()
        return response

    def knock(self) -> bool:
        """Send the sweeps. Returns whether somebody may have heard."""
        if time.monotonic() < self.quiet_until:
            return False
        try:
            with app.connection_for_write(
                transport_options={**(app.conf.broker_transport_options or {}), **_QUICK}
            ) as connection:
                for name in SWEEPS:
                    app.send_task(
                        name, connection=connection, retry=False, expires=4, ignore_result=True
                    )
        except Exception as error:  # whatever the broker's client raises, the change stands
            self.quiet_until = time.monotonic() + BACK_OFF
            logger.warning("Nobody hears the knock (%s); the next sweep will.", error)
            return False
        return True
