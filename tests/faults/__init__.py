"""Faults that really happen: processes killed, stopped and overrun, disks full, clocks wrong; and what is not lost."""
