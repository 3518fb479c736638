"""How do other programs ask the plant for its readings, values, reports, devices and gaps? JSON under /api/v1/."""
