"""The state of a batch as a sponsor sees it."""

from django import template

from cdmo.portal.words import label_of, state_of
from cdmo.web.looks import look_of

register = template.Library()


@register.inclusion_tag("components/status_badge.html")
def portal_state(batch):
    """Draw the one state that a sponsor is told."""
    state = state_of(batch)
    return {"look": look_of(state, "batch"), "word": label_of(batch), "value": state}
