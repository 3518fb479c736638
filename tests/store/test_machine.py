from hypothesis import Phase, settings
from machine import HISTORY, StoreMachine


class TestStoreMachine(StoreMachine.TestCase):  # type: ignore[name-defined, misc]
    # To make a failing history smaller takes minutes: add Phase.shrink for that.
    settings = settings(
        HISTORY, max_examples=20, stateful_step_count=20, derandomize=True, phases=[Phase.explicit, Phase.generate]
    )
