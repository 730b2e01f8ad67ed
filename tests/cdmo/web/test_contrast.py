"""Text on coloured ground is read by everybody: WCAG 2.2 AA asks for 4.5 to 1, in both themes."""

import re
from pathlib import Path

import pytest
from django.conf import settings

SHEET = (Path(settings.BASE_DIR) / "static/css/app.css").read_text()
NOTICES = {"warning": "amber", "danger": "red", "success": "green", "info": "blue"}
COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")


def theme(name: str) -> dict[str, str]:
    block = re.search(rf'\[data-bs-theme="{name}"\] \{{(.*?)\n\}}', SHEET, re.DOTALL)
    return dict(COLOUR.findall(block[1]))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("notice", sorted(NOTICES))
def test_a_notice_is_legible(name, notice):
    """Tabler mixes half of the page's surface into the ground of a notice: both ends must do."""
    rule = re.search(rf"\.alert-{notice} \{{(.*?)\}}", SHEET)[1]
    used = dict(re.findall(r"--tblr-alert-(color|bg): var\(--([a-z-]+)\)", rule))
    colours = theme(name)

    for ground in (used["bg"], "surface"):
        assert contrast(colours[used["color"]], colours[ground]) >= 4.5
