"""What do readings, quantities and orders amount to? Pure arithmetic, from counter steps to KPI values."""
