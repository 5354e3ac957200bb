"""Lava's own fixed-point models in the place of a network: driven directly, without a graph.

Every process is a real one and every model is filled as Lava's builder does it (`lava.magma.compiler.builders`): a Var
becomes an array of the model's type, or stays the number that it is; a port sums into zeros of its type and sends its
own type. What a graph adds, the order of a step, is here by hand: a synapse sends what it summed in the step before
and then takes this step's messages, the neurons update and send.
"""

from __future__ import annotations

import functools
import importlib
import inspect

import numpy as np

from evsnn_lava._lava import (
    LIF,
    Conv,
    DelayDense,
    Delta,
    Dense,
    LIFReset,
    Loihi2SimCfg,
    Sigma,
    SigmaDelta,
    SignMode,
)
from evsnn_lava.network import (
    ComplexSynapse,
    ConvSynapse,
    CubaNeuron,
    DeltaNeuron,
    DenseSynapse,
    DirectSynapse,
    RfIzNeuron,
    RfNeuron,
    SigmaDeltaNeuron,
    SigmaNeuron,
)
from evsnn_lava.simulation.neurons import DYNAMICS
from evsnn_lava.simulation.reference import gate_open

EXACT = {"num_weight_bits": 9, "sign_mode": SignMode.MIXED}  # Lava keeps every bit of a weight
MESSAGE_BITS = 24  # any number above 0 makes a synapse take messages as numbers


@functools.cache
def model_of(process_class):
    """The fixed-point model that Lava's own run configuration selects among those beside the process."""
    module = importlib.import_module(process_class.__module__.removesuffix(".process") + ".models")
    models = [
        model
        for _, model in inspect.getmembers(module, inspect.isclass)
        if getattr(model, "implements_process", None) is process_class
    ]
    return Loihi2SimCfg(select_tag="fixed_pt").select(process_class, models)


class InPort:
    """`PyInPortVectorDense`: sums what its sources send, into zeros of its type."""

    def __init__(self, shape, d_type):
        self.shape, self.d_type, self.sources = shape, d_type, ()

    def recv(self):
        received = [source() for source in self.sources]
        assert received, "a port without source"
        assert all(data.shape == self.shape for data in received), f"{[d.shape for d in received]} into {self.shape}"
        return functools.reduce(lambda total, data: total + data, received, np.zeros(self.shape, self.d_type))


class OutPort:
    """`PyOutPortVectorDense`: what is sent lies in the channel in the type of the port."""

    def __init__(self, shape, d_type):
        self.shape, self.d_type, self.sent = shape, d_type, None

    def send(self, data):
        assert data.shape == self.shape, f"{data.shape} out of {self.shape}"
        self.sent = np.empty(self.shape, self.d_type)
        self.sent[:] = data

    def read(self):
        return self.sent


def filled(process):
    """The fixed-point model of a process, its Vars and ports set as Lava's `PyProcessBuilder` sets them."""
    model = model_of(type(process))(process.proc_params)
    for var in process.vars:
        declared = getattr(type(model), var.name)
        value = var.init
        if issubclass(declared.cls, np.ndarray):
            value = np.zeros(var.shape, declared.d_type)
            value[:] = var.init
        setattr(model, var.name, value)
    for ports, kind in ((process.in_ports, InPort), (process.out_ports, OutPort)):
        for port in ports:
            setattr(model, port.name, kind(port.shape, getattr(type(model), port.name).d_type))
    return model


def turned(array):
    """`(C, H, W)` to Lava's `(W, H, C)` and back; a vector stays."""
    return np.ascontiguousarray(np.asarray(array).transpose())


def everywhere(parameter, shape):
    """One value per channel or per neuron, for every neuron, in Lava's axes."""
    parameter = np.asarray(parameter)
    per_neuron = parameter if parameter.shape == shape else parameter.reshape(-1, *(1,) * (len(shape) - 1))
    return turned(np.broadcast_to(per_neuron, shape))


# synapses -------------------------------------------------------------------------------------------------------------


class Synapse:
    """A model of Lava between messages `(C, H, W)` and the activation of neurons in Lava's axes."""

    def __init__(self, process, lay):
        self.model, self.lay = filled(process), lay
        self.read = self.model.a_out.read

    def run(self, messages):
        """Send the sum of the step before, take the messages, which may be made on demand."""
        make = messages if callable(messages) else lambda: messages
        self.model.s_in.sources = (lambda: self.lay(np.asarray(make())),)
        self.model.run_spk()


class Direct:
    """No model of Lava: what the source of a netx network sends for an `input` block, one step late."""

    def __init__(self, synapse, shape):
        self.synapse, self.last, self.sent = synapse, np.zeros(shape, dtype=np.int64), None

    def run(self, messages):
        self.sent = turned(self.synapse.weight * self.last + self.synapse.bias).astype(np.int32)
        self.last = messages.astype(np.int64)

    def read(self):
        return self.sent


def dense_process(synapse, graded, **precision):
    """`Dense`, or `DelayDense` where there are delays."""
    options = {
        "weights": np.array(synapse.weights),
        "weight_exp": synapse.weight_exp,
        "num_message_bits": MESSAGE_BITS if graded else 0,
        **(precision or EXACT),
    }
    if synapse.delays is None:
        return Dense(**options)
    return DelayDense(delays=np.array(synapse.delays, dtype=int), **options)


def conv_process(synapse, shape, graded):
    """Lava convolves where the description correlates, and has all axes the other way round."""
    assert synapse.weight_exp == 0, "Lava's Conv ignores the exponent"
    return Conv(
        weight=np.array(synapse.weights[:, :, ::-1, ::-1].transpose(0, 3, 2, 1)),
        input_shape=shape[::-1],
        stride=synapse.stride[::-1],
        padding=synapse.padding[::-1],
        dilation=synapse.dilation[::-1],
        groups=synapse.groups,
        num_message_bits=MESSAGE_BITS if graded else 0,
    )


def dense(synapse, graded, **precision):
    return Synapse(dense_process(synapse, graded, **precision), np.ravel)


def conv(synapse, shape, graded):
    return Synapse(conv_process(synapse, shape, graded), turned)


def synapses(synapse, shape, graded):
    """The models that stand for a synapse: two for a complex one."""
    make = {
        DenseSynapse: lambda: [dense(synapse, graded)],
        ConvSynapse: lambda: [conv(synapse, shape, graded)],
        ComplexSynapse: lambda: [dense(synapse.real, graded), dense(synapse.imag, graded)],
        DirectSynapse: lambda: [Direct(synapse, shape)],
    }
    return make[type(synapse)]()


# neurons --------------------------------------------------------------------------------------------------------------


def lif_options(neuron, shape):
    """What `LIF` and `LIFReset` are told; a parameter per channel broadcasts over the last axis of Lava."""
    bias = 0 if neuron.bias_mant is None else everywhere(neuron.bias_mant, shape)
    options = {"vth": neuron.vth_mant, "du": neuron.du, "dv": neuron.dv}
    return {"shape": shape[::-1], **options, "bias_mant": bias, "bias_exp": neuron.bias_exp}


def lif(neuron, shape):
    return LIF(**lif_options(neuron, shape))


def lif_reset(neuron, shape, interval, offset):
    return LIFReset(**lif_options(neuron, shape), reset_interval=interval, reset_offset=offset)


def delta(neuron, shape):
    exponents = {"spike_exp": neuron.spike_exp, "state_exp": neuron.state_exp}
    return Delta(shape=shape[::-1], vth=neuron.vth_mant, **exponents)


def sigma_delta(neuron, shape):
    modes = importlib.import_module("lava.proc.sdn.process").ActivationMode
    return SigmaDelta(
        shape=shape[::-1],
        vth=neuron.vth_mant,
        bias=0 if neuron.bias_mant is None else everywhere(neuron.bias_mant, shape),
        act_mode={"relu": modes.RELU, "unit": modes.UNIT}[neuron.activation],
        spike_exp=neuron.spike_exp,
        state_exp=neuron.state_exp,
    )


def sigma(_, shape):
    return Sigma(shape=shape[::-1])


def resonator(kind):
    def make(neuron, shape):
        """`RF` computes the two decays from a period in floats; the integers are put where it puts its own."""
        options = {"state_exp": neuron.state_exp, "decay_bits": neuron.decay_bits, "vth": neuron.vth_mant}
        processes = importlib.import_module(f"lava.proc.{kind.lower()}.process")
        process = getattr(processes, kind)(shape=shape, period=10, alpha=0.1, **options)
        process.sin_decay.init, process.cos_decay.init = np.int32(neuron.sin_decay), np.int32(neuron.cos_decay)
        return process

    return make


NEURONS = {
    CubaNeuron: lif,
    DeltaNeuron: delta,
    SigmaDeltaNeuron: sigma_delta,
    SigmaNeuron: sigma,
    RfNeuron: resonator("RF"),
    RfIzNeuron: resonator("RF_IZ"),
}


class Neurons:
    """The neurons of a layer, with their recurrent synapse."""

    def __init__(self, layer, sources, process=None):
        self.layer, self.model = layer, filled(process or NEURONS[type(layer.neuron)](layer.neuron, layer.shape))
        self.recurrent = None if layer.recurrent is None else dense(layer.recurrent, layer.neuron.graded)
        ports = (
            [self.model.a_real_in, self.model.a_imag_in] if isinstance(layer.neuron, RfNeuron) else [self.model.a_in]
        )
        for port, source in zip(ports, sources, strict=True):
            port.sources = (source.read,) if self.recurrent is None else (source.read, self._own)

    def _own(self):
        """What the recurrent synapse sends, laid out over the neurons."""
        return turned(self.recurrent.read().reshape(self.layer.shape))

    def run(self, time_step, gate_is_open):
        """One step; a recurrent synapse sends first, and asks for the messages of this step afterwards."""
        self.model.time_step = time_step
        if self.recurrent is None:
            return self._fire(gate_is_open)
        self.recurrent.run(lambda: self._fire(gate_is_open))
        return self.messages

    def _fire(self, gate_is_open):
        self.model.run_spk()
        sent = turned(self.model.s_out.read())
        self.messages = sent * np.asarray(gate_is_open, dtype=sent.dtype)
        return self.messages

    def rest(self):
        """Silence, before the first step."""
        self.messages = np.zeros(self.layer.shape, dtype=np.int32)
        return self.messages

    def states(self):
        """A copy of the states that a description speaks of."""
        names = DYNAMICS[type(self.layer.neuron)].states
        return {name: turned(getattr(self.model, name)).copy() for name in names}


# networks -------------------------------------------------------------------------------------------------------------


def run(network, frames):
    """Messages `(*layer shape, K)` and states of the first sample, like those of `evsnn_lava.simulation.simulate`.

    Step 0 of a sample resets all neurons; that is the same as models that begin to run in step 1.
    """
    numbers = np.int32 if network.recipe.message_bits else np.bool_
    stream = network.masks.stream(frames[0].astype(numbers))
    graded = [network.recipe.message_bits > 0, *(layer.neuron.graded for layer in network.layers)]
    shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
    before = [synapses(layer.synapse, *source) for layer, *source in zip(network.layers, shapes, graded, strict=False)]
    layers = [Neurons(layer, models) for layer, models in zip(network.layers, before, strict=True)]
    history = []
    for step in range(network.max_steps):
        current = stream[..., step] if step < stream.shape[-1] else np.zeros_like(stream[..., 0])
        for index, layer in enumerate(layers):
            with np.errstate(invalid="ignore" if step + 1 == network.max_steps else "warn"):
                for model in before[index]:
                    model.run(current)  # what it sums up in the last step is never sent: it may be undefined
            current = layer.run(step, gate_open(network, index, step)) if step else layer.rest()
        history.append([(layer.messages, layer.states()) for layer in layers])
    return [collected(steps) for steps in zip(*history, strict=True)]


def collected(steps):
    """One layer: its messages and its states by name, with time on the last axis."""
    messages = np.stack([sent for sent, _ in steps], axis=-1)
    return messages, {name: np.stack([states[name] for _, states in steps], axis=-1) for name in steps[0][1]}
