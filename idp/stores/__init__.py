"""What the provider remembers: protocols.py says what, sqlite/ keeps it in one file,
postgres/ in a database that several providers may share, and opening.py chooses between them."""
