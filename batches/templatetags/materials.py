"""Small pictures of stock."""

from django import template

register = template.Library()


@register.simple_tag
def stock_bar(lot) -> dict:
    """Return what is left of a lot (annotated with `available`): number, per cent, colour."""
    percent = 100 * lot.available / lot.quantity
    colour = "green" if percent > 20 else "amber" if percent > 0 else "red"
    return {"left": f"{lot.available:f}", "percent": f"{percent:.2f}", "colour": colour}
