from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "cdmo.vault"
    label = "vault"
