from django.apps import AppConfig


class QcConfig(AppConfig):
    name = "qc"
    label = "qc"

    def ready(self):
        from cdmo.records.verify import register
        from qc.release import verify

        register("release checks", verify.evidence)
        register("certifications", verify.certifications)
