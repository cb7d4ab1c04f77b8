"""What becomes of an edition, in words alone."""

from broadsheet.editions import verdicts
from broadsheet.store import Edition

DAY, NOW, HOUR = 20261120, 1_795_000_000, 3_600


def test_an_edition_made_after_its_time_has_as_long_as_any() -> None:
    late = Edition(1, 1, DAY, "ready", "", NOW - 30 * HOUR, 0, 0, 0, b"", None, NOW, None)
    assert verdicts.overtaken(late, NOW + 19 * HOUR, newer=False) is None
    assert verdicts.overtaken(late, NOW + 21 * HOUR, newer=False) is not None
