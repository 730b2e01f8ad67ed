"""What waits for me?"""

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.generic import TemplateView


class Home(TemplateView):
    """Work waiting for this person, by role. A sponsor's person is sent to the portal."""

    template_name = "home/home.html"

    def get(self, request, *args, **kwargs):
        if request.user.is_sponsor_side:
            return HttpResponseRedirect(reverse("portal:home"))
        return super().get(request, *args, **kwargs)
