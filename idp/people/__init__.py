"""Who signs in: the directory of people, their passwords, their sessions, and what ends a sign-in."""
