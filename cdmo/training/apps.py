from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "cdmo.training"
    label = "training"
