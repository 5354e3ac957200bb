"""Stand-ins: adapters that pass messages on, after as many steps as STUB_ADAPTER_DELAY says."""

import os
from collections import deque

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import LMT
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class _Adapter(AbstractProcess):
    def __init__(self, *, shape, **options):
        super().__init__(shape=shape, options=options)
        self.inp = InPort(shape=shape)
        self.out = OutPort(shape=shape)


class PyToNxAdapter(_Adapter):
    pass


class PyToN3ConvAdapter(_Adapter):
    pass


class NxToPyAdapter(_Adapter):
    pass


class _Model(PyLoihiProcessModel):
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params):
        super().__init__(proc_params)
        silence = np.zeros(proc_params["shape"], np.int32)
        self.under_way = deque([silence] * int(os.environ.get("STUB_ADAPTER_DELAY", "0")))

    def run_spk(self):
        if self.under_way:
            self.out.send(self.under_way.popleft())
            self.under_way.append(self.inp.recv())
        else:
            self.out.send(self.inp.recv())


@implements(proc=PyToNxAdapter, protocol=LoihiProtocol)
@requires(LMT)
@tag("fixed_pt")
class PyToNxModel(_Model):
    pass


@implements(proc=PyToN3ConvAdapter, protocol=LoihiProtocol)
@requires(LMT)
@tag("fixed_pt")
class PyToN3ConvModel(_Model):
    pass


@implements(proc=NxToPyAdapter, protocol=LoihiProtocol)
@requires(LMT)
@tag("fixed_pt")
class NxToPyModel(_Model):
    pass
