"""Lets every Python process that a test starts note which Modbus function codes it sends."""

import os

if os.environ.get("SMARTWINGS_FUNCTION_CODES"):
    import wire_recorder

    wire_recorder.install()
