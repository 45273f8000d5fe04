"""What a portal remembers, in one SQLite file of its own: flows, sessions and accounts, endings.

The methods are async, as they would be over a network; SQLite answers inline, in some 40 microseconds.
"""
