"""Dates as a newspaper writes them. Pure: today is an argument."""

from datetime import date

_MONTHS = (
    "January February March April May June July August September October November December".split()
)  # not the system's locale: a page has one language
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
RECENT = 7  # days that are counted instead of dated


def dateline(day: date) -> str:
    """``Friday 20 November 2026``."""
    return f"{_DAYS[day.weekday()]} {written(day.isoformat())}"


def written(iso: str) -> str:
    """``2024-05-01`` as ``1 May 2024``; a month or a year alone stays one; anything else as it came."""
    parts = iso[:10].split("-")
    if not all(part.isdigit() for part in parts) or not 1 <= len(parts) <= 3:
        return iso
    if len(parts) == 1:
        return iso[:4]
    if not 1 <= int(parts[1]) <= 12:
        return iso
    month = f"{_MONTHS[int(parts[1]) - 1]} {parts[0]}"
    return f"{int(parts[2])} {month}" if len(parts) == 3 else month


def shown(iso: str, today: date) -> str:
    """``today``, ``yesterday``, ``3 days ago``, else the date written out."""
    try:
        days = (today - date.fromisoformat(iso[:10])).days
    except ValueError:
        return written(iso)
    if not 0 <= days <= RECENT:
        return written(iso)
    return ("today", "yesterday")[days] if days < 2 else f"{days} days ago"
