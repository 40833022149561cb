"""What the Modbus driver is made of: the line, the map of a board, and a bench with pymodbus's own server."""
