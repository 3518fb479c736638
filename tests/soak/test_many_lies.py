"""Does the Modbus reader believe one of 100,000 lies? And how much of a noisy serial line is left?"""

import asyncio
import logging
import os
import sys
from collections import Counter

import pytest
from liar import Liar
from lied_to import GATEWAY, MAPS, RTU, TCP, codes_of_random_settings, devices, impatient, judged, lied_to

LIES = int(os.environ.get("SMARTWINGS_SOAK_LIES", "100000"))
SETTINGS = int(os.environ.get("SMARTWINGS_SOAK_SETTINGS", "100000"))
PATIENCE_S = 0.25


@pytest.fixture(autouse=True)
def _quiet_library(caplog):
    caplog.set_level(logging.CRITICAL, logger="pymodbus.logging")


def say(capsys, line: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")


def told(judges) -> str:
    counts = sum((judge.liar.counts for judge in judges), Counter())
    return (
        f"{sum(judge.liar.lies for judge in judges):,} lies of {len(counts)} kinds, the rarest "
        f"{min(counts.values()):,} times; {sum(judge.values for judge in judges):,} values, "
        f"{sum(judge.true for judge in judges):,} true answers, {sum(judge.late for judge in judges)} of them late"
    )


@pytest.mark.timeout(5400)
@pytest.mark.parametrize(("wire", "share"), [(TCP, 0.6), (GATEWAY, 0.2), (RTU, 0.15)], ids=["tcp", "no ids", "rtu"])
def test_no_lie_becomes_a_value(wire, share, monkeypatch, capsys):
    patience = impatient(monkeypatch, PATIENCE_S)
    liars = devices(wire, 40, PATIENCE_S)
    judges = asyncio.run(lied_to(liars, patience, within_s=5000, lies=round(share * LIES / len(liars))))
    say(capsys, f"{wire}: {told(judges)}")
    judged(judges)


@pytest.mark.timeout(3600)
def test_no_lie_on_a_noisy_serial_line_becomes_a_value(monkeypatch, capsys):
    patience = impatient(monkeypatch, PATIENCE_S)
    liars = devices(RTU, 40, PATIENCE_S, serial=True, noise=0.0005)
    judges = asyncio.run(lied_to(liars, patience, within_s=3500, lies=round(0.05 * LIES / len(liars))))
    say(capsys, f"serial lines: {told(judges)}")
    judged(judges)


@pytest.mark.timeout(600)
def test_a_serial_line_with_noise_keeps_nine_slots_of_ten(monkeypatch, capsys):
    """One bit in 10,000 is turned, either way; ten registers a request, three requests a poll, a poll a second."""
    patience = impatient(monkeypatch, PATIENCE_S)
    maps = len(MAPS)
    liars = [Liar(RTU, seed, PATIENCE_S, serial=True, noise=1e-4, lies_share=0.0) for seed in range(2, 10 * maps, maps)]
    kept = []
    judges = asyncio.run(lied_to(liars, patience, within_s=500, requests=360, poll_s=1.0, kept=kept))
    assert [found for judge in judges for found in judge.wrong + judge.missing] == []
    share = sum(whole for whole, _ in kept) / sum(slots for _, slots in kept)
    damaged, lost = sum(liar.damaged for liar in liars), sum(liar.undetectable for liar in liars)
    say(capsys, f"{share:.1%} of slots kept; {damaged} frames damaged, {lost} of them with a right check sum")
    assert share >= 0.9


@pytest.mark.timeout(3600)
def test_whatever_the_settings_say_only_four_codes_are_sent():
    assert asyncio.run(codes_of_random_settings(SETTINGS, seed=2)) == {1, 2, 3, 4}
