"""Where is everything kept? One SQLite file: readings as journal and chunks, orders, gaps, reports."""
