"""Drive a chain of layers with resets that differ from layer to layer, as stock netx resets them.

The reference resets all layers in the same step. Goldens of lava-dl were recorded with netx, whose layers reset one
step after each other. This driver is the reference's functions in another loop: layer after layer, all steps of a
synapse at once, then the neurons step by step.
"""

import numpy as np

from evsnn_lava.simulation.neurons import DYNAMICS
from evsnn_lava.simulation.synapses import deliver


def drive(layer, source, resets):
    """Run one layer without delays and recurrence.

    Parameters
    ----------
    layer : Layer
        The layer.
    source : numpy.ndarray, shape (steps, *source shape)
        What the layer before sent a step earlier: entry k arrives in step k.
    resets : set of int
        Steps, from 0, before which the states become 0.

    Returns
    -------
    messages : numpy.ndarray, shape (steps, *layer shape)
        What the layer sends.
    states : dict of str to numpy.ndarray, shape (steps, *layer shape)
        States after each step.
    """
    activation = deliver(layer.synapse, lambda _: source)
    time_axis = activation.ndim - len(layer.shape) - 1
    dynamics = DYNAMICS[type(layer.neuron)]
    states = rest = dynamics.rest(1, layer.shape)
    sent, history = [], []
    for step in range(len(source)):
        states = rest if step in resets else states
        arriving = np.take(activation, [step], axis=time_axis)
        states, messages = dynamics.step(layer.neuron, layer.shape, states, arriving)
        sent.append(messages[0])
        history.append({name: value[0] for name, value in states.items()})
    return np.stack(sent), {name: np.stack([entry[name] for entry in history]) for name in rest}


def run_staggered(network, frames, resets):
    """Run a chain of layers from frames.

    Parameters
    ----------
    network : NetworkDescription
        The network.
    frames : numpy.ndarray, shape (steps, C, H, W)
        Frames; entry k arrives in step k.
    resets : list of set of int
        For every layer, the steps before which it is reset.

    Returns
    -------
    list of (messages, states)
        For every layer, as :func:`drive` gives them.
    """
    answers, source = [], frames
    for layer, steps in zip(network.layers, resets, strict=True):
        messages, states = drive(layer, source, steps)
        answers.append((messages, states))
        source = np.concatenate([np.zeros_like(messages[:1]), messages[:-1]])
    return answers
