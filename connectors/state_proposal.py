"""Which machine state may a text of an enumeration mean? A proposal for a person; pure."""

from collections.abc import Mapping

from connectors.role_proposal import words_of
from plant.tag import MachineState

_PACKML = """Undefined Clearing Stopped Starting Idle Suspended Execute Stopping Aborting Aborted Holding Held Unholding
Suspending Unsuspending Resetting Completing Complete"""
PACKML_STATES = dict(enumerate(_PACKML.split()))
"""Numbers of StateCurrent where the server gives no texts (ANSI/ISA-TR88.00.02-2015)."""

# OPC 40001-1 MachineryItemState, PackML (OPC 30050), MachineTool ChannelState (OPC 40501-1), and plain words
_MEANT = {
    MachineState.EXECUTING: "executing;execute;running;active;producing;가동",
    MachineState.SETUP: "setup;set up;setting up;changeover;준비",
    MachineState.OUT_OF_SERVICE: "out of service;maintenance;점검",
    MachineState.NOT_EXECUTING: """not executing;idle;stopped;stopping;stop;starting;clearing;aborted;aborting;held;
        holding;unholding;suspended;suspending;unsuspending;resetting;reset;complete;completed;completing;interrupted;
        ready;standby;waiting;paused;error;fault;정지;대기""",
}
_STATES = {words.strip(): state.value for state, several in _MEANT.items() for words in several.split(";")}


def proposed_states(texts: Mapping[int, str]) -> dict[int, str]:
    """Machine states for the texts of an enumeration; a text that means none stays. Empty where none means one.

    >>> proposed_states({0: "NotAvailable", 1: "OutOfService", 3: "Execute", 4: "Held"})
    {0: 'NotAvailable', 1: 'OutOfService', 3: 'Executing', 4: 'NotExecuting'}
    """
    states = {number: _STATES.get(words_of(text)) for number, text in texts.items()}
    if not any(states.values()):
        return {}
    return {number: state or texts[number] for number, state in states.items()}
