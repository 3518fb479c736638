"""Soak tests take long: they are collected only where SMARTWINGS_SOAK is set, as `make soak` does."""

import os

collect_ignore_glob = [] if os.environ.get("SMARTWINGS_SOAK") else ["test_*.py"]
