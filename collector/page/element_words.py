"""What are the parts of formulas called in the visitor's language?"""

import re

from collector.page.energy_charts import BANDS, SEASONS
from collector.page.kpi_page import Say
from collector.page.words import text as _
from kpi.formula import Origin
from kpi.tag_evidence import NotKnown

NAMES = (
    _("produced"), _("good pieces"), _("scrap"), _("rework"), _("inspected"), _("trial"), _("defects"),
    _("first pass yield"), _("energy"), _("fuel"), _("reactive energy"), _("apparent energy"), _("demand"),
    _("mean power"), _("base load"), _("idle energy"), _("idle time"), _("billing demand"), _("power factor item"),
    _("expected"), _("emission factor"), _("lines on time"), _("lines due"), _("orders on time"), _("orders due"),
    _("quantity on time"), _("quantity ordered"), _("lines complete"), _("days late"), _("late lines"),
    _("lines filled at once"), _("quantity delivered"), _("lines by first promise"), _("lines decided"),
    _("lines by request date"), _("value on time"), _("value due"), _("production time"), _("setup time"),
    _("out of service time"), _("planned busy time"), _("planned run time of produced"),
    _("planned run time of good"), _("produced in planned time"), _("failures"), _("repair time"), _("repairs"),
    _("micro-stops"), _("unplanned production time"), _("processing x good run"), _("planned x production"),
    _("running cost a year"), _("investment"),
)  # fmt: skip
"""Elements that are always called the same."""
RULES = (
    _("replaces the sum of the work units"),
    _("replaced by the plant's own tag"),
    _("replaced by the plant's own meter"),
    _("4 x kWh of the quarter hour"),
    _("steps while the work unit was known not to produce"),
    _("known not to produce"),
    _("each reading weighs as long as it held"),
    _("by the baseline's regression"),
    _("left out: not planned, or it lacks what the formula needs"),
    _("scrap + rework of rows that name a reason"),
    _("floor of the contract"),
    _("good - rework"),
    _("good + scrap"),
    _("good + scrap + rework"),
    _("produced - good"),
    _("produced - good - rework"),
    _("produced - scrap"),
    _("produced - scrap - rework"),
)
"""Rules that are always put the same."""
CAUSES = (
    _("it never had a reading"),
    _("before its first reading"),
    _("nothing was heard of it any more"),
    _("readings that are not believed"),
    _("no reading for longer than max_hold_s"),
    _("the collector was not running"),
)
"""Why a tag was not known; what a device said stands as it was said."""
ORIGINS: dict[Origin, str] = {
    Origin.TAG: _("counted or measured"),
    Origin.MANUAL: _("counted by hand"),
    Origin.TAG_AND_MANUAL: _("counted, and by hand"),
    Origin.DERIVED: _("worked out"),
    Origin.PLANT_TAG: _("the plant's own"),
    Origin.STATE: _("machine state"),
    Origin.CALENDAR: _("shift calendar"),
    Origin.ORDERS: _("order lines"),
    Origin.SETTING: _("setting"),
}
KINDS_NOT_KNOWN: dict[NotKnown, str] = {
    NotKnown.GAP: _("gap"),
    NotKnown.BAD: _("bad readings"),
    NotKnown.HELD: _("held too long"),
    NotKnown.BEFORE_FIRST: _("not there yet"),
    NotKnown.AFTER_LAST: _("silent"),
}
STEPS: dict[str, str] = {
    "forward": _("rise over time not known"),
    "rollover": _("rollover"),
    "reset": _("restart from 0"),
    "disorder": _("readings out of order"),
    "changed": _("meter change"),
    "jump": _("too fast, not counted"),
    "unknown_drop": _("drop, not counted"),
}
BLAMED = (_("hand counts"), _("order lines that lack a date or value"))
"""What lowers a coverage beside tags."""
_BAND = re.compile(r"(\w+) (\w+) \((.+)\)")
_PEAK_OF = re.compile(r"peak of ([0-9-]+)")
_SAVED_BY = re.compile(r"saved by (\w+) a year")
_CAUSES_OF_MONEY = {
    "quality": _("quality"),
    "productivity": _("productivity"),
    "demand": _("demand"),
    "delivery": _("delivery"),
    "stock": _("stock"),
}


def element_name(name: str, say: Say) -> str:
    """The name of an element; one that is not known stays as it is.

    >>> element_name("winter light (103.1)", str.upper)
    'LIGHT LOAD, WINTER (103.1)'
    """
    if (found := _BAND.fullmatch(name)) and found[2] in BANDS:
        return f"{say(BANDS[found[2]])}, {say(SEASONS.get(found[1], found[1]))} ({found[3]})"
    if found := _PEAK_OF.fullmatch(name):
        return say(_("peak of {month}")).format(month=found[1])
    if found := _SAVED_BY.fullmatch(name):
        return say(_("saved by {cause} a year")).format(cause=say(_CAUSES_OF_MONEY.get(found[1], found[1])))
    return say("good pieces" if name == "good" else name)  # "good" alone is what a reading is


def rule_text(rule: str, say: Say) -> str:
    """A rule; one that is put together from numbers stays as it is."""
    if found := _PEAK_OF.fullmatch(rule):
        return say(_("peak of {month}")).format(month=found[1])
    return "; ".join(say(part) for part in rule.split("; "))
