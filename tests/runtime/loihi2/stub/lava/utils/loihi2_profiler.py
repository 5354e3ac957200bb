"""Stand-ins for style A: they know what the PilotNet-LIF benchmark of lava-dl printed."""

import numpy as np

RAILS = (0.252728, 0.422127, 0.004379)


class _Callback:
    def __init__(self):
        self.calls = []


class Loihi2Power(_Callback):
    def __init__(self, num_steps):
        super().__init__()
        self.num_steps = num_steps
        self.total_power = np.full(num_steps, 0.679234)
        self.vdd_power, self.vddm_power, self.vddio_power = (
            np.full(num_steps, w) for w in (0.252728, 0.422127, 0.004379)
        )
        self.static_total_power = 0.232078


class Loihi2ExecutionTime(_Callback):
    avg_time_per_step = 152.8


class Loihi2Activity(_Callback):
    core_idx, syn_ops, dendrite_updates, axon_out, spikes_in = ([0], [1], [2], [3], [4])


class Loihi2Memory(_Callback):
    core_idx, total_mpds = ([0], [1])
