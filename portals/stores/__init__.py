"""What a portal remembers: flows, sessions and accounts, endings, proofs.

In one SQLite file of its own, or in PostgreSQL; any number of its processes may share either. Each store is written
once, on what database.py asks of both.
"""
