"""Prints what happens in one seed: ``python -m safety.replay SEED`` from the folder ``tests``."""

import sys

from .simulation import Simulation


def main() -> int:
    simulation = Simulation(int(sys.argv[1]), keep_trace=True)
    try:
        simulation.run()
    finally:
        print("\n".join(simulation.said or ()))
        print(simulation.trace.hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
