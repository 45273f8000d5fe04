"""A simulation of a region's load on copies of the provider and one database, event by event.

Read in this order: clock (what comes next), arrivals (when people come), workers (what serves, and who waits), database
and copies (made of workers), people (what they do, and do again when refused), deliveries (what log-outs cause), run
(all of it for a while). theory holds what the queues must agree with. Times are seconds; the same seed gives the same
outcome.
"""
