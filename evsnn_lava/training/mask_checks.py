"""Refuse frame masks that cannot be trained as they would be deployed, before anything is written."""

from __future__ import annotations

from evsnn_lava.errors import ConfigError
from evsnn_lava.training.config import MasksConfig, RunConfig
from evsnn_lava.training.gates import keep_counts


def check_shares(config: RunConfig) -> None:
    """Refuse shares that do not fit the layers or the method.

    Parameters
    ----------
    config : RunConfig
        The configuration.

    Raises
    ------
    ConfigError
        If there is neither one share nor one per layer, or if the busiest frames of each recording are asked for with
        anything but one share and ``skip``.
    """
    masks, layers = config.masks, len(config.network.layers) + 1
    if masks is None:
        return
    if len(masks.keep) not in (1, layers):
        raise ConfigError(
            f"masks.keep has {len(masks.keep)} shares, the network {layers} layers; give one share or one per layer"
        )
    if masks.method == "energy" and (len(set(masks.keep)) > 1 or masks.semantics != "skip"):
        raise ConfigError(
            'masks.method "energy" chooses frames of each recording before the network; '
            'give one share and semantics = "skip"'
        )


def check_recurrent(config: RunConfig, steps: int) -> None:
    """Refuse masks that would gate what a recurrent layer sends back to itself.

    In the network that is deployed a mask gates the sender, also towards itself; in training it gates what the next
    block receives. The two are the same only while the mask behind a recurrent layer drops none of the frames that run.

    Parameters
    ----------
    config : RunConfig
        The configuration.
    steps : int
        Number of frames T of a recording.

    Raises
    ------
    ConfigError
        If a recurrent layer is followed by a mask that drops frames that run.
    """
    masks = config.masks
    if masks is None or masks.method == "energy":
        return
    counts = keep_counts(masks.keep, len(config.network.layers) + 1, steps)
    for index, layer in enumerate(config.network.layers):
        if layer.type == "recurrent" and counts[index + 1] < _running(masks, counts, steps):
            raise ConfigError(
                f"network.layers[{index}] is recurrent, and the mask behind it drops frames that run: what it sends "
                'back to itself would be gated, too; use masks.semantics = "skip" with one share for all layers'
            )


def _running(masks: MasksConfig, counts: list[int], steps: int) -> int:
    """Frames that run through the network."""
    return counts[0] if masks.semantics == "skip" else steps
