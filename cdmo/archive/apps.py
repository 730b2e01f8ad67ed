from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "cdmo.archive"
    label = "archive"

    def ready(self):
        from cdmo.archive import verify
        from cdmo.records.verify import register

        register("dossiers", verify.exported)
        register("imported dossiers", verify.imported)
