from hypothesis import settings
from machine import HISTORY, StoreMachine


class TestStoreMachine(StoreMachine.TestCase):  # type: ignore[name-defined, misc]
    settings = settings(HISTORY, max_examples=30, stateful_step_count=20, derandomize=True)
