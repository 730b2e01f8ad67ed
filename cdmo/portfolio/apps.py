from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    name = "cdmo.portfolio"
    label = "portfolio"
