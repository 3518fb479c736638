"""May the OPC UA services that processes of a test run asked for have been asked for? Only those that read."""

import json
from pathlib import Path

import service_recorder

READING = frozenset(
    {
        *("FindServers", "GetEndpoints"),
        *("OpenSecureChannel", "CloseSecureChannel", "CreateSession", "ActivateSession", "CloseSession"),
        *("Read", "HistoryRead", "Browse", "BrowseNext", "TranslateBrowsePathsToNodeIds"),
        *("CreateMonitoredItems", "ModifyMonitoredItems", "SetMonitoringMode", "SetTriggering", "DeleteMonitoredItems"),
        *("CreateSubscription", "ModifySubscription", "SetPublishingMode", "DeleteSubscriptions"),
        *("TransferSubscriptions", "Publish", "Republish"),
    }
)
CLIENTS_THAT_WRITE: dict[str, str] = {}
"""Test -> why the client of its own that it has may ask a server for more."""


def noted(folder: Path) -> list[dict]:
    """What all processes asked for, each service once a test and process."""
    files = sorted(folder.glob(f"*{service_recorder.SUFFIX}"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def forbidden(notes: list[dict]) -> list[dict]:
    """What must never have been asked for."""
    return [note for note in notes if note["service"] not in READING and note["test"] not in CLIENTS_THAT_WRITE]
