"""How do readings become reports? Store, schedule and daemon of the edge PC."""
