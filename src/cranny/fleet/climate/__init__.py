"""What the banks' sensors say: measurements, alarms, and the doors that they speak against."""
