"""One paper: which copies, of whatever source and version, are one work; why; and how to undo it."""

from broadsheet.merge.decide import Decision, Joined, Kin, apart, clash, decide, distinctive, same_work
from broadsheet.merge.plan import Plan
from broadsheet.merge.undo import Split, join, undo

__all__ = [
    "Decision",
    "Joined",
    "Kin",
    "Plan",
    "Split",
    "apart",
    "clash",
    "decide",
    "distinctive",
    "join",
    "same_work",
    "undo",
]
