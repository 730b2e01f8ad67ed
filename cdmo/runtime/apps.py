from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "cdmo.runtime"
    label = "runtime"

    def ready(self):
        # Whoever sends a task, a web process too, must send it to our broker.
        from cdmo import celery  # noqa: F401
