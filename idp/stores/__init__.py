"""What the provider remembers: protocols.py says what, sqlite/ keeps it in one file."""
