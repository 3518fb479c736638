"""How does a correction read in words, and what a meter change does?"""

from typing import Any


def what(one: dict[str, Any]) -> str:
    """What a correction says, in words."""
    match one["kind"]:
        case "meter":
            unit = f" {one['unit']}" if one["unit"] not in ("", "1") else ""
            shown = f"old one ended at {one['old_final']:.15g}{unit}, new one began at {one['new_first']:.15g}{unit}"
            return f"meter {one['tag']} changed at {one['at']}: {shown}"
        case "lot":
            named = "".join(f", {name} {one[name]}" for name in ("lot", "product", "order") if one[name] is not None)
            return f"{one['quantity']:.15g} {one['decision']} of {one['work_unit']} at {one['at']}{named}"
        case "order":
            line = "" if one["line_id"] is None else f" line {one['line_id']}"
            on = "" if one["on"] is None else f" on {one['on']}"
            return f"order {one['order_id']}{line} {one['status'].replace('_', ' ')}{on}"
    return f"correction {one['of']} revoked"


def effect(step: dict[str, Any], unit: str) -> str:
    """What a meter change does to the counter's step around it, in words."""
    before, after, adds = step["before"], step["after"], step["adds"]
    if before is None or after is None:
        return f"it counts once there is a reading {'before' if before is None else 'after'} it"
    between = f"{before['value']:.15g} at {before['time']} and {after['value']:.15g} at {after['time']}"
    if adds is None:
        return f"it does not fit the readings {between}, and changes nothing: are time and values right?"
    unit = f" {unit}" if unit not in ("", "1") else ""
    return f"between the readings {between} the counter counts {adds:.15g}{unit}"
