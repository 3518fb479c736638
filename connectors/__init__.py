"""How is a plant read? From the wire or a file to columns of readings; nothing here ever writes to a device."""
