"""How many copies of the provider, and how large a database, a region needs: measured costs, and a simulated peak.

    .venv/bin/python bench/capacity.py [--measure PEOPLE] [--costs FILE] [--write docs/scale.md] [--validate]

It measures what each request costs on this machine (with --costs FILE: once, and reads it from there afterwards), then
simulates the busiest minute of 110 million people: how many copies keep the 99th percentile of a roam within the bound
with one copy lost, what is used up first as more people come, and what happens when a copy dies, the database is away,
a portal is slow, or everybody comes at once. It prints the tables of docs/scale.md; --write puts them there. The same
seed and costs give the same tables. --validate compares the simulation with the real provider instead (bench/
capacity_validation.py). Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import capacity_tables as tables
from capacity_database import of_database
from capacity_faults import faults
from capacity_planning import Planned, plan_region, sweep
from capacity_validation import markdown, validate
from simulation.costs import Costs, read
from simulation.demand import Demand
from unit_costs import measure

BEGIN, END = "<!-- bench/capacity.py: {} -->", "<!-- end -->"


def main() -> int:
    """Measure, simulate, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--measure", type=int, default=100, metavar="PEOPLE", help="how many take each measured step")
    parser.add_argument("--costs", type=Path, help="where the measured costs are kept, and read from if they are there")
    parser.add_argument("--write", type=Path, help="a document with a place for each table")
    parser.add_argument("--validate", action="store_true", help="compare the simulation with the real provider")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each simulated moment, of each validated rate")
    parser.add_argument("--part", type=float, default=4.0, help="simulate one in so many, for the sweep")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="manyou-bench-") as place:
        if options.validate:
            found: Mapping[str, str] = {
                "validation": markdown(validate(Path(place), options.seconds, options.seed)),
            }
        else:
            costs = _costs(options.costs, Path(place), options.measure)
            found = _capacity(costs, options.seconds, options.part, options.seed)
    for name, table in found.items():
        print(f"\n{name}\n\n{table}", flush=True)
    if options.write:
        options.write.write_text(put(options.write.read_text(encoding="utf-8"), found), encoding="utf-8")
    return 0


def put(document: str, found: Mapping[str, str]) -> str:
    """Return the document with the tables in their places. Raises ValueError where one has no place."""
    for name, table in found.items():
        begin = BEGIN.format(name)
        before, mark, rest = document.partition(begin)
        _, end, after = rest.partition(END)
        if not mark or not end:
            raise ValueError(f"There is no place between {begin} and {END}.")
        document = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return document


def _costs(file: Path | None, place: Path, people: int) -> Costs:
    if file is not None and file.exists():
        return read(file)
    costs = measure(place, people)
    if file is not None:
        costs.keep(file)
    return costs


def _capacity(costs: Costs, seconds: float, part: float, seed: int) -> Mapping[str, str]:
    demand = Demand()
    planned: Planned = plan_region(demand, costs, seconds, part, seed)
    return {
        "costs": tables.of_costs(costs),
        "demand": tables.of_demand(demand, costs),
        "needed": tables.of_plan(planned, demand, costs),
        "sweep": tables.of_sweep(sweep(planned, demand, costs, seconds, part, seed)),
        "faults": tables.of_faults(faults(planned, demand, costs, part, seed)),
        "database": of_database(demand, costs),
        "sensitivity": tables.of_sensitivity(planned, demand, costs),
    }


if __name__ == "__main__":
    sys.exit(main())
