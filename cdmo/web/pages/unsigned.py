"""Who has not signed yet is a list, not a guess."""

from django.views.generic import TemplateView

from cdmo.web.awaiting import awaited
from cdmo.web.views import StaffRequired


class UnsignedList(StaffRequired, TemplateView):
    """Every record that waits for a signature, and whose role must give it."""

    template_name = "web/unsigned.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        groups = awaited(user)
        return super().get_context_data(
            groups=groups,
            in_all=sum(group.count for group in groups),
            mine=sum(group.count for group in groups if group.mine),
            **kwargs,
        )
