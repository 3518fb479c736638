"""`smartwings status SITE`: is the collector running, and is it well?"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from commands.terminal import Json, SiteFile, faults_reported, say, say_json
from plant.instant import US_PER_S

if TYPE_CHECKING:
    from collector.trouble import Trouble
    from config.site import Site


def status(site: SiteFile, as_json: Json = False) -> None:
    """Whether the collector runs, what is wrong, its devices, disk and clock: what /health says."""
    with faults_reported():
        from collector.control import ask
        from collector.store.store import store_path
        from config.load import load_site

        settings = load_site(site)
        answer = ask(store_path(settings.store.url, site.parent), {"command": "status"})
        state: dict[str, Any] = answer["status"] if answer else {"running": False, "well": False, "devices": []}
        troubles = _troubles(settings, site, answer.get("troubles", [])) if answer and not as_json else []
    if as_json:
        say_json(state)
    elif not state["running"]:
        say(f"not running; start it with: smartwings run {site}")
    else:
        _say_state(state, settings.zone)
        for trouble in troubles:
            say(f"{trouble.what.en}\n  what to do: {trouble.remedy.en}")


def _troubles(settings: "Site", site: Path, told: list[dict[str, Any]]) -> "list[Trouble]":
    """What the daemon told, and what store and files show beside it, worst first: as on the page."""
    from collector.plant_standing import standing
    from collector.plant_trouble import kept_troubles
    from collector.store.store import reading, store_path
    from collector.trouble import Trouble, worst_first
    from connectors.device_health import now_us

    running = [Trouble.from_json(one) for one in told]
    with reading(store_path(settings.store.url, site.parent)) as connection:
        kept = standing(connection, settings, site, None)
    return worst_first([*running, *kept_troubles(kept, running, now_us())])


def _say_state(state: dict[str, Any], zone: ZoneInfo) -> None:
    say(f"running for {state['up_s']:.0f} s, {state['readings_committed']} readings committed")
    say("well" if state["well"] else "\n".join(f"not well: {reason}" for reason in state["reasons"]))
    for device in state["devices"]:
        for line in device_lines(device, zone):
            say(line)
    if state["reports_waiting"] is not None:
        say(f"reports waiting for the programme: {state['reports_waiting']}")
    say(f"disk: {state['disk_free_ratio']:.1%} free; clock stepped by {state['clock_offset_s']} s since the start")
    if (each := state["disk_written_bytes_per_reading"]) is not None:
        say(f"written to disk: {state['disk_written_bytes'] >> 20} MiB since the start, {each} bytes a reading")
    say(f"event loop late by at most {state['loop_late_hour_s']} s in the last hour")


def device_lines(device: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """A device, what it does not answer, and what else is worth saying of it."""
    said = ["connected" if device["connected"] else "silent" if device["is_silent"] else "not connected"]
    said += ["asked rarely"] if device["is_probed"] else []
    said += [f"next attempt {_clock(device['next_try_us'], zone)}"] if device["next_try_us"] else []
    said += [f"{device['readings']} readings", f"{device['reconnects']} reconnects"]
    said += [f"{device['polls_late']} polls late"] if device["polls_late"] else []
    exceptions = device["security_exceptions"]
    said += [f"less than secure: {', '.join(exceptions)}"] if exceptions else []
    now, planned = device["requests_now"], device["requests_planned"]
    said += [f"{now} requests a poll, planned {planned}"] if now != planned else []
    yield f"{device['id']}{_place(device)}: {', '.join(said)}"
    for block in device["bad_blocks"]:
        yield f"  {_bad_block(block, zone)}"
    for note in device["notes"]:
        yield f"  {note}"


def _place(device: Mapping[str, Any]) -> str:
    if device["line"] is None:
        return ""
    others = device["line_devices"] - 1
    return f" (unit {device['unit']} at {device['line']}{f', one of {others + 1}' if others > 0 else ''})"


def _bad_block(block: Mapping[str, Any], zone: ZoneInfo) -> str:
    from connectors.block_health import BlockHealth

    where = BlockHealth(block["table"], block["address"], block["count"], tuple(block["tags"]))
    code = block["exception_code"]
    why = "no answer" if code is None else f"exception {code}, {block['exception']}"
    again = f", next attempt {_clock(block['next_try_us'], zone)}" if block["next_try_us"] else ""
    return f"{where}: {why}, since {_clock(block['bad_since_us'], zone)}{again}"


def _clock(us: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(us / US_PER_S, zone).strftime("%m-%d %H:%M:%S")
