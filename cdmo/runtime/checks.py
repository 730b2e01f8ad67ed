"""`python -m cdmo.runtime.checks`: what `make check` asks of Django itself."""

import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Compare models with migrations and diagrams with states; 0 when all is well."""
    with tempfile.TemporaryDirectory(prefix="cdmo-checks-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user when we are root
        os.environ.update(DATA_DIR=str(folder), DJANGO_SETTINGS_MODULE="cdmo.settings")
        from cdmo import env
        from cdmo.runtime.postgresql import PostgreSQL

        server = None if env.text("DATABASE_URL", "") else PostgreSQL(folder, durable=False)
        try:
            if server:
                server.start()
            return run()
        finally:
            if server:
                server.stop()


def run() -> int:
    import django
    from django.core.management import CommandError, call_command

    django.setup()
    try:
        call_command("check", fail_level="WARNING")
        call_command("makemigrations", check=True, dry_run=True, verbosity=1)
        call_command("state_diagrams", check=True)
    except (CommandError, SystemExit) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
