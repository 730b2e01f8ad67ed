"""Small pictures in a line of text: where each part stands. SVG draws them, since the policy allows
no style attributes; the tags of the same names are their doors.
"""

from decimal import Decimal, InvalidOperation


def readiness_bar(passed=0, waiting=0, failed=None, label=""):
    """Draw a row of checks. Without `failed` nothing is said of failing (a sponsor's view)."""
    tells_failed = failed is not None
    passed, waiting, failed = (int(n or 0) for n in (passed, waiting, failed))
    total = passed + waiting + failed
    parts, x = [], 0.0
    for colour, n in (("red", failed), ("grey", waiting), ("green", passed)):
        if n:
            width = 100 * n / total
            parts.append({"colour": colour, "x": f"{x:.2f}", "width": f"{width:.2f}"})
            x += width
    return {
        "passed": passed,
        "waiting": waiting,
        "failed": failed,
        "tells_failed": tells_failed,
        "total": total,
        "parts": parts,
        "label": label,
    }


def band(value, lower=None, upper=None, unit=""):
    """Draw limits as a band with the value's place in it; nothing where there is no limit."""
    try:
        numbers = [None if n in (None, "") else Decimal(str(n)) for n in (value, lower, upper)]
    except InvalidOperation:
        return {"drawn": False}
    at, low, high = numbers
    if low is None and high is None:
        return {"drawn": False}
    known = [n for n in numbers if n is not None]
    start, end = min(known), max(known)
    pad = (end - start) / 4 or abs(end) / 4 or Decimal(1)
    start, end = start - pad, end + pad

    def place(n):
        return float((n - start) / (end - start) * 200)

    left = place(low) if low is not None else 0.0
    right = place(high) if high is not None else 200.0
    inside = at is None or ((low is None or at >= low) and (high is None or at <= high))
    return {
        "drawn": True,
        "left": f"{left:.1f}",
        "width": f"{max(right - left, 1):.1f}",
        "at": f"{place(at):.1f}" if at is not None else "",
        "inside": inside,
        "value": at,
        "lower": low,
        "upper": high,
        "unit": unit,
    }


def sparkline(values, lower=None, upper=None, label=""):
    """Draw a series of numbers, last one marked; limits as lines."""
    series = [float(v) for v in values or () if v is not None]
    if len(series) < 2:
        return {"drawn": False}
    limits = [float(n) for n in (lower, upper) if n is not None]
    low, high = min(series + limits), max(series + limits)
    spread = (high - low) or 1.0

    def y(n):
        return f"{22 - 20 * (n - low) / spread:.1f}"

    step = 96 / (len(series) - 1)
    points = [(f"{2 + i * step:.1f}", y(v)) for i, v in enumerate(series)]
    return {
        "drawn": True,
        "points": " ".join(f"{a},{b}" for a, b in points),
        "last": points[-1],
        "limits": [y(n) for n in limits],
        "label": label or f"{len(series)} values, last {series[-1]:g}",
    }
