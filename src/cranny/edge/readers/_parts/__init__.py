"""What readers are made of: lines out of signs, signs out of keys, a device that comes and goes."""
