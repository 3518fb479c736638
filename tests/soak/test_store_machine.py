"""Ten thousand histories of a store, drawn anew each time."""

import os

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import HISTORY, StoreMachine

HISTORIES = int(os.environ.get("SMARTWINGS_SOAK_HISTORIES", "10000"))
AT_ONCE = 250


@pytest.mark.parametrize("first", range(0, HISTORIES, AT_ONCE))
def test_a_store_holds_what_the_model_says_after_any_history(first: int) -> None:
    count = min(AT_ONCE, HISTORIES - first)
    # Not made smaller, which takes minutes: the blob that is printed can be run again by itself.
    how = settings(HISTORY, max_examples=count, stateful_step_count=30, phases=[Phase.generate])
    run_state_machine_as_test(StoreMachine, settings=how)
