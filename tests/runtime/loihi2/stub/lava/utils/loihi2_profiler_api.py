"""Stand-in for style B."""

import numpy as np

RAILS = (0.252728, 0.422127, 0.004379)


class Loihi2HWProfiler:
    def __init__(self, run_cfg):
        self.run_cfg, self.probed = run_cfg, []

    def execution_time_probe(self, num_steps):
        self.execution_time = np.full(num_steps, 152.8e-6)

    def energy_probe(self, num_steps):
        self.power, self.static_power, self.num_alloc_chips = np.full(num_steps, 0.679234), 0.232078, 1
        self.vdd_power, self.vddm_power, self.vddio_power = (
            np.full(num_steps, w) for w in (0.252728, 0.422127, 0.004379)
        )
