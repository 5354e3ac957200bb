"""Let stock lava-dl netx stop by itself, and compare with the cutoff of the host.

    python examples/stock_cutoff.py HOST.net ON_CHIP.net [SAMPLES]

`evsnn export HOST.net --cutoff on-chip -o ON_CHIP.net` makes the second file from the first. Test recordings of the
file's data set go through the second one in stock netx, which knows nothing of a cutoff: its first output spike in or
after step `depth` is the decision. Class and exit step are compared with those of the first file's policy. Frame masks
must be open: netx knows none. Exit code: 0 if all agree, 1 if not.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

BLOCK = 10  # samples of one child process
LIMIT_S = 60.0  # for one sample; Lava hangs when one of its processes fails


def first_spikes(path: str, frames: np.ndarray) -> np.ndarray:
    """Exit step and class of every sample by stock netx, shape (N, 2)."""
    from stock_netx import connect_input, load, run  # the script beside this one

    from evsnn_lava.export.netfile.reader import read_net
    from evsnn_lava.network import DirectSynapse

    network, found = read_net(path), []
    first = network.depth - int(isinstance(network.layers[0].synapse, DirectSynapse))  # netx begins at our step 1 then
    silence = np.zeros((*network.input_shape, network.depth), dtype=int)
    for sample in frames.astype(int):
        loaded = load(path, network)
        connect_input(loaded, np.concatenate([sample, silence], axis=-1))
        output = run(loaded, network.max_steps)[-1][:, first:]
        step = int(np.argmax(output.any(axis=0)))
        found.append((step + 1, int(np.argmax(output[:, step]))))
    return np.array(found)


def stock(path: str, frames: np.ndarray, folder: Path) -> np.ndarray:
    """The same, block by block in child processes."""
    found = []
    for start in range(0, len(frames), BLOCK):
        block = frames[start : start + BLOCK]
        np.save(folder / "frames.npy", block)
        command = [sys.executable, __file__, "--here", path, str(folder)]
        subprocess.run(command, check=True, timeout=LIMIT_S * len(block))
        found.append(np.load(folder / "found.npy"))
        print(f"{start + len(block)} of {len(frames)} samples", file=sys.stderr)
    return np.concatenate(found)


def compare(host_path: str, chip_path: str, samples: int) -> int:
    """Run both and print what came out."""
    import tempfile

    from evsnn_lava.data import bin_set, load
    from evsnn_lava.export.netfile.reader import read_net
    from evsnn_lava.simulation import reference

    host = read_net(host_path)
    if not all(mask.all() for mask in host.masks.keep):
        raise SystemExit(f"{host_path} has frame masks, which stock netx does not know; take the plain variant")
    recordings = load(host.recipe.dataset, "test")
    frames = bin_set(recordings, host.recipe, range(min(samples, len(recordings))))
    expected = reference.run(host, frames)
    with tempfile.TemporaryDirectory() as folder:
        found = stock(chip_path, frames, Path(folder))
    steps, classes = (found[:, 0] != expected.exit_step), (found[:, 1] != expected.decision)
    print(
        f"{len(frames)} samples, mean exit step {expected.exit_step.mean():.2f} of {host.masks.stream_steps}: "
        f"{steps.sum()} other exit steps, {classes.sum()} other classes in stock netx"
    )
    return int(steps.any() or classes.any())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        path, folder = sys.argv[2], Path(sys.argv[3])
        np.save(folder / "found.npy", first_spikes(path, np.load(folder / "frames.npy")))
    elif len(sys.argv) < 3:
        raise SystemExit("usage: python examples/stock_cutoff.py HOST.net ON_CHIP.net [SAMPLES]")
    else:
        sys.exit(compare(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 100))
