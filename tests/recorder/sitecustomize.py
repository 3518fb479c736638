"""Lets every Python process that a test starts note which Modbus function codes and OPC UA services it sends."""

import os

if os.environ.get("SMARTWINGS_FUNCTION_CODES"):
    import service_recorder
    import wire_recorder

    wire_recorder.install()
    service_recorder.install()
