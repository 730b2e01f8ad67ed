"""The sponsor's pages. They only read, as the sponsors' database role."""

from django.views.generic import TemplateView


class Home(TemplateView):
    """One card a product: how is my product doing?"""

    template_name = "portal/home.html"
