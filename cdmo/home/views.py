"""What waits for me?"""

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from cdmo.accounts.roles import SPONSOR_ROLES
from cdmo.home.work import milestones, work_for
from cdmo.web.links import page


class Home(TemplateView):
    """Work waiting for this person, by role. A sponsor's person is sent to the portal.

    Somebody without any role is told so, here: there is nothing else for them to see.
    """

    template_name = "home/home.html"

    def get(self, request, *args, **kwargs):
        if request.user.roles & SPONSOR_ROLES:
            return HttpResponseRedirect(reverse("portal:home"))
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        at, user = timezone.now(), self.request.user
        lists = [(work, self.address(work)) for work in work_for(user, at=at)]
        return super().get_context_data(
            lists=[{"work": work, "url": url} for work, url in lists if work.items],
            clear=[work.title for work, _ in lists if not work.items],
            milestones=milestones(user, at=at) if user.roles else [],
            **kwargs,
        )

    def address(self, work) -> str:
        url = page(work.more) if work.more else ""
        return f"{url}?{work.query}" if url and work.query else url
