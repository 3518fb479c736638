"""What do all plants report? The receiving side: intake, ledger and summary."""
