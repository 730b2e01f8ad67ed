"""The running values of the installation, without its secrets."""

from django.utils import timezone
from django.views.generic import TemplateView

from cdmo.accounts.roles import Right
from cdmo.records.models import AuditEvent
from cdmo.web.configuration import running
from cdmo.web.history import Readable, exact_values
from cdmo.web.views import StaffRequired


class Configuration(StaffRequired, TemplateView):
    """What this installation runs with, and when that changed."""

    template_name = "web/configuration.html"
    right_to_see = Right.READ_AUDIT

    def get_context_data(self, **kwargs):
        events = AuditEvent.objects.filter(verb="configuration.changed").order_by("-id")
        return super().get_context_data(
            groups=running(),
            lines=Readable(exact_values(events)[:20]).events,
            zone=timezone.get_current_timezone(),
            **kwargs,
        )
