"""What is told to clients after the fact: logout tokens, from a durable queue."""
