from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "cdmo.evaluation"
    label = "evaluation"
