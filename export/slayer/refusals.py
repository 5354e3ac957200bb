"""Blocks that are not compiled, and what to do instead."""

from __future__ import annotations

from typing import Final

_BY_FAMILY: Final = {
    "alif": "an adaptive threshold has no neuron in the description and netx cannot load it; use slayer.block.cuba",
    "adrf": "an adaptive threshold has no neuron in the description and netx loads it as a plain resonator; "
    "use slayer.block.rf",
    "adrf_iz": "an adaptive threshold has no neuron in the description and netx loads it as a plain resonator; "
    "use slayer.block.rf_iz",
}

_BY_NAME: Final = {
    "Affine": "its output is a voltage or a current, which no message carries; end with a Dense block",
    "KWTA": "its feedback weighs spikes with a learnt factor and SLAYER itself fails to run it; use Recurrent",
    "TimeDecimation": "it changes the time scale inside the network; bin the input coarser instead",
}

_BY_PLACE: Final = {
    "rf": "resonators are only compiled as Dense blocks; use slayer.block.rf.Dense",
    "rf_iz": "resonators are only compiled as Dense blocks; use slayer.block.rf_iz.Dense",
}


def refusal_of(kind: type) -> str:
    """Why a type of block is refused.

    Parameters
    ----------
    kind : type
        The block's class.

    Returns
    -------
    str
        Fact and remedy, for a message that names the layer.

    Examples
    --------
    >>> refusal_of(dict)
    'builtins.dict cannot be exported; use Conv or Dense of evsnn_lava.training.blocks or slayer.block.cuba'
    """
    package, _, family = kind.__module__.rpartition(".")
    reason = None
    if package == "lava.lib.dl.slayer.block":
        reason = _BY_FAMILY.get(family) or _BY_NAME.get(kind.__name__) or _BY_PLACE.get(family)
    if reason is not None:
        return f"slayer.block.{family}.{kind.__name__} cannot be exported: {reason}"
    return (
        f"{kind.__module__}.{kind.__name__} cannot be exported; use Conv or Dense of evsnn_lava.training.blocks or "
        "slayer.block.cuba"
    )
