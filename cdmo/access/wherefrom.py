"""From where a request comes, in words that a person recognises as their own device."""

from allauth.core.internal.httpkit import get_client_ip

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def where(request) -> dict[str, str]:
    """Return `address` and `device` of a request; empty where there is none."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    address = get_client_ip(request) if request.META.get("REMOTE_ADDR") else ""
    return {"address": (address or "")[:45], "device": device(agent)}


def device(agent: str) -> str:
    """Return a browser and a system by name: Firefox on Windows; else what it calls itself."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    if not browser and "Safari/" in agent:
        browser = "Safari"
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return " on ".join(part for part in (browser, system) if part) or agent[:80]
