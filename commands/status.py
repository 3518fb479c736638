"""`smartwings status SITE`: is the collector running, and is it well?"""

from typing import Any

from commands.terminal import Json, SiteFile, faults_reported, say, say_json


def status(site: SiteFile, as_json: Json = False) -> None:
    """Whether the collector runs, what is wrong, its devices, disk and clock: what /health says."""
    with faults_reported():
        from collector.control import ask
        from collector.store.store import store_path
        from config.load import load_site

        settings = load_site(site)
        answer = ask(store_path(settings.store.url, site.parent), {"command": "status"})
        state: dict[str, Any] = answer["status"] if answer else {"running": False, "well": False, "devices": []}
        troubles: list[dict[str, Any]] = answer.get("troubles", []) if answer else []
    if as_json:
        say_json(state)
    elif not state["running"]:
        say(f"not running; start it with: smartwings run {site}")
    else:
        _say_state(state)
        for trouble in troubles:
            say(f"{trouble['what']['en']}\n  what to do: {trouble['remedy']['en']}")


def _say_state(state: dict[str, Any]) -> None:
    say(f"running for {state['up_s']:.0f} s, {state['readings_committed']} readings committed")
    say("well" if state["well"] else "\n".join(f"not well: {reason}" for reason in state["reasons"]))
    for device in state["devices"]:
        link = "connected" if device["connected"] else "not connected"
        late = f", {device['polls_late']} polls late" if device["polls_late"] else ""
        say(f"{device['id']}: {link}, {device['readings']} readings, {device['reconnects']} reconnects{late}")
        for note in device["notes"]:
            say(f"  {note}")
    if state["reports_waiting"] is not None:
        say(f"reports waiting for the programme: {state['reports_waiting']}")
    say(f"disk: {state['disk_free_ratio']:.1%} free; clock stepped by {state['clock_offset_s']} s since the start")
