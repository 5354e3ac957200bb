"""The semantics once more, by hand: plain Python integers, one neuron after the other, no numpy in the arithmetic."""

from __future__ import annotations

import numpy as np

from evsnn_lava.network import ComplexSynapse, ConvSynapse, DirectSynapse

LIMIT = 2**23


def word(number):
    """The low 32 bits, signed."""
    return (number + 2**31) % 2**32 - 2**31


def shrunk(number, divisor):
    """Quotient, rounded toward zero."""
    return -(-number // divisor) if number < 0 else number // divisor


def clipped(number):
    return max(1 - LIMIT, min(LIMIT - 1, number))


def decayed(state, amount):
    return shrunk(state * (4096 - amount), 4096)


# neurons: the parameters of one neuron, its states and its input; new states and message ------------------------------


def own(parameter, index, shape):
    """The value of one neuron of a parameter per layer, channel or neuron."""
    if parameter is None or np.ndim(parameter) == 0:
        return 0 if parameter is None else int(parameter)
    parameter = np.asarray(parameter)
    per_channel = int(np.prod(shape)) // shape[0]
    return int(parameter.flat[index] if parameter.shape == shape else parameter[index // per_channel])


def cuba(neuron, index, shape, states, activation):
    u, v = states
    u = word(decayed(u, own(neuron.du, index, shape) + 1) + 64 * activation)
    if u > LIMIT:
        u -= 2 * LIMIT
    elif u <= -LIMIT:
        u += 2 * LIMIT
    bias = own(neuron.bias_mant, index, shape) * 2**neuron.bias_exp
    v = clipped(decayed(v, own(neuron.dv, index, shape)) + u + bias)
    return ((u, 0), 1) if v > 64 * neuron.vth_mant else ((u, v), 0)


def change(neuron, act, before, residue):
    """What a delta modulator sends of the way from `before` to `act`, and what remains."""
    delta = word(act - before + residue)
    vth = neuron.vth_mant * 2 ** (neuron.spike_exp + neuron.state_exp)
    sent = delta if word(abs(delta)) >= vth else 0
    return delta - sent, sent // 2**neuron.state_exp


def delta(neuron, _, __, states, activation):
    act = word(activation * 2 ** (neuron.spike_exp + neuron.state_exp))
    residue, message = change(neuron, act, *states)
    return (act, residue), message


def sigma_delta(neuron, index, shape, states, activation):
    sigma, before, residue = states
    sigma = word(sigma + activation)
    bias = own(neuron.bias_mant, index, shape) * 2 ** (neuron.spike_exp + neuron.state_exp)
    act = word(sigma + bias)
    act = max(act, 0) if neuron.activation == "relu" else act
    residue, message = change(neuron, act, before, residue)
    return (sigma, act, residue), message


def sigma(_, __, ___, states, activation):
    total = word(states[0] + activation)
    return (total,), total


def rotated(neuron, states, activation):
    (real, imag), one = states, 2**neuron.decay_bits
    a, b = (word(part * 2**neuron.state_exp) for part in activation)
    turned = shrunk(neuron.cos_decay * real, one) - shrunk(neuron.sin_decay * imag, one) + a
    return clipped(turned), clipped(shrunk(neuron.sin_decay * real, one) + shrunk(neuron.cos_decay * imag, one) + b)


def rf(neuron, _, __, states, activation):
    real, imag = rotated(neuron, states, activation)
    fires = real >= neuron.vth_mant * 2**neuron.state_exp and states[1] < 0 <= imag
    return (real, imag), int(fires)


def rf_iz(neuron, _, __, states, activation):
    real, imag = rotated(neuron, states, activation)
    vth = neuron.vth_mant * 2**neuron.state_exp
    return ((0, vth - 1), 1) if imag >= vth else ((real, imag), 0)


NEURONS = {
    "CubaNeuron": (("u", "v"), cuba),
    "DeltaNeuron": (("act", "residue"), delta),
    "SigmaDeltaNeuron": (("sigma", "act", "residue"), sigma_delta),
    "SigmaNeuron": (("sigma",), sigma),
    "RfNeuron": (("real", "imag"), rf),
    "RfIzNeuron": (("real", "imag"), rf_iz),
}


# synapses -------------------------------------------------------------------------------------------------------------


def conv_matrix(synapse, input_shape):
    """Weight from every input to every output, by the definition of a convolution."""
    _, height, width = input_shape
    outputs, per_group, rows, columns = synapse.weights.shape
    found = []
    for out, top, left in np.ndindex(synapse.output_shape(input_shape)):
        row = [0] * int(np.prod(input_shape))
        for inner, i, j in np.ndindex(per_group, rows, columns):
            channel = out // (outputs // synapse.groups) * per_group + inner
            y = top * synapse.stride[0] - synapse.padding[0] + i * synapse.dilation[0]
            x = left * synapse.stride[1] - synapse.padding[1] + j * synapse.dilation[1]
            if 0 <= y < height and 0 <= x < width:
                row[(channel * height + y) * width + x] += int(synapse.weights[out, inner, i, j])
        found.append(row)
    return found


def matrices(synapse, input_shape):
    """Weights from every input to every output: one matrix, two for a complex synapse, none for a direct one."""
    if isinstance(synapse, DirectSynapse):
        return []
    if isinstance(synapse, ConvSynapse):
        return [conv_matrix(synapse, input_shape)]
    parts = (synapse.real, synapse.imag) if isinstance(synapse, ComplexSynapse) else (synapse,)
    return [[[int(weight) for weight in row] for row in part.weights] for part in parts]


def scaled(number, weight_exp):
    return number * 2**weight_exp if weight_exp >= 0 else number // 2**-weight_exp


def dense_input(synapse, weights, delays, sent):
    """What one neuron gets: `sent(ago)` are the messages of the source, one list a step."""
    if delays is None:
        total = sum(weight * message for weight, message in zip(weights, sent(0), strict=True))
        return word(scaled(word(total), synapse.weight_exp))
    by_delay = {}
    for i, (weight, delay) in enumerate(zip(weights, delays, strict=True)):
        by_delay[int(delay)] = by_delay.get(int(delay), 0) + word(weight * sent(int(delay))[i])
    return word(sum(scaled(total, synapse.weight_exp) for total in by_delay.values()))


def conv_input(synapse, weights, sent):
    total = sum(weight * message for weight, message in zip(weights, sent(0), strict=True))
    return scaled((total + LIMIT) % (2 * LIMIT) - LIMIT, synapse.weight_exp)


def inputs_of(synapse, input_shape):
    """A function that gives the input of neuron `i` from what was sent."""
    if isinstance(synapse, DirectSynapse):
        return lambda i, sent: word(synapse.weight * sent(0)[i] + synapse.bias)
    found = matrices(synapse, input_shape)
    if isinstance(synapse, ConvSynapse):
        return lambda i, sent: conv_input(synapse, found[0][i], sent)
    if isinstance(synapse, ComplexSynapse):
        parts = list(zip((synapse.real, synapse.imag), found, strict=True))
        return lambda i, sent: tuple(dense_input(part, rows[i], None, sent) for part, rows in parts)
    delays = [None] * len(found[0]) if synapse.delays is None else synapse.delays
    return lambda i, sent: dense_input(synapse, found[0][i], delays[i], sent)


# networks -------------------------------------------------------------------------------------------------------------


def history(lists, step):
    """Looks back from `step`: silence before the beginning."""
    return lambda ago: lists[step - 1 - ago] if step - 1 - ago >= 0 else [0] * len(lists[0])


def stream_of(network, frames):
    """Messages of the input in every step, and the frames that they stand for."""
    masks = network.masks
    sent = [t for t in range(masks.steps) if masks.semantics == "mute" or masks.keep[0][t]]
    source = [[int(number) * bool(masks.keep[0][t]) for number in frames[..., t].flat] for t in sent]
    return sent, source + [[0] * len(source[0])] * network.depth


def run_layer(layer, input_shape, source, open_in):
    """What one layer sends in each step, and its states after it."""
    names, advance = NEURONS[type(layer.neuron).__name__]
    neurons = range(layer.neurons)
    arriving = inputs_of(layer.synapse, input_shape)
    recurring = inputs_of(layer.recurrent, (layer.neurons,)) if layer.recurrent is not None else lambda i, sent: 0
    states, sent = [[(0,) * len(names)] * layer.neurons], [[0] * layer.neurons]
    for step in range(1, len(source)):
        before, now = history(source, step), []
        for i in neurons:
            activation = arriving(i, before)
            if layer.recurrent is not None:
                activation += recurring(i, history(sent, step))
            now.append(advance(layer.neuron, i, layer.shape, states[-1][i], activation))
        states.append([new for new, _ in now])
        sent.append([message if open_in(step) else 0 for _, message in now])
    return names, states, sent


def sample(network, frames):
    """One sample, layer by layer: messages in each step, and the states after it by name."""
    frames_sent, source = stream_of(network, frames)
    shape, answers = network.input_shape, []
    for index, layer in enumerate(network.layers):

        def open_in(step, index=index):
            frame = step - 1 - index
            inside = index + 1 < network.depth and 0 <= frame < len(frames_sent)
            return not inside or bool(network.masks.keep[index + 1][frames_sent[frame]])

        names, states, source = run_layer(layer, shape, source, open_in)
        arrays = np.array(states, dtype=np.int64).transpose(2, 1, 0).reshape(len(names), *layer.shape, -1)
        messages = np.array(source, dtype=np.int64).T.reshape(*layer.shape, -1)
        answers.append((messages, dict(zip(names, arrays, strict=True))))
        shape = layer.shape
    return answers
