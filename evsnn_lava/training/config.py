"""The configuration a user writes: one TOML file, every key checked, unknown keys refused."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from evsnn_lava.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataConfig(_Strict):
    """Which events, and how they become frames.

    Attributes
    ----------
    dataset : str
        Name of a data set or path of an event file.
    steps : int or None
        Number of frames T; None takes the data set's own recipe.
    dt_us : int or None
        Length of a frame in microseconds; None takes the data set's own recipe.
    shift_pixels : int
        Training frames are shifted by up to this many pixels.
    rotate_degrees, zoom : float
        They are rotated and resized by up to this angle and this share.
    event_drop : float
        Each training recording loses a random share of its events, up to this one.
    shift_steps : int
        Training frames are shifted in time by up to so many frames; not for masks, which need a fixed time axis.
    stretch : float
        Training recordings last longer or shorter by up to this share; not for masks, either.
    """

    dataset: str
    steps: Count | None = None
    dt_us: Count | None = None
    shift_pixels: Annotated[int, Field(ge=0)] = 2
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    zoom: Annotated[float, Field(ge=0, lt=1)] = 0.0
    event_drop: Share = 0.3
    shift_steps: Annotated[int, Field(ge=0)] = 0
    stretch: Annotated[float, Field(ge=0, lt=1)] = 0.0


class NeuronConfig(_Strict):
    """Parameters of ``slayer.neuron.cuba.Neuron``, the same for all layers; the threshold counts in 1/64.

    From 64 on SLAYER's float32 loses the epsilon that keeps a neuron from firing at equality, and the deployed integers
    would differ.
    """

    threshold: Annotated[float, Field(ge=1 / 64, lt=64)] = 1.25
    current_decay: Share = 0.25
    voltage_decay: Share = 0.03
    tau_grad: Positive = 0.03
    scale_grad: Positive = 1.0


class ConvConfig(_Strict):
    """A convolutional block."""

    type: Literal["conv"]
    channels: Count
    kernel: Count = 3
    stride: Count = 1
    padding: Annotated[int, Field(ge=0)] = 0
    weight_scale: Positive = 2.0


class DenseConfig(_Strict):
    """A fully connected block; the last block of a network is one, with a unit per class."""

    type: Literal["dense"]
    units: Count
    weight_scale: Positive = 2.0


class RecurrentConfig(_Strict):
    """A fully connected block whose spikes come back to it in the next step."""

    type: Literal["recurrent"]
    units: Count
    weight_scale: Positive = 2.0
    recurrent_scale: Positive = 0.5


class NetworkConfig(_Strict):
    """Hidden blocks in order; the output block is added with one neuron per class.

    ``head`` says what the output neurons send: spikes, or as a graded message what comes in (``sums``), so that the
    score of a class is a sum of weights. ``dropout`` is the share of the hidden neurons that are silent for a training
    sample.
    """

    layers: tuple[Annotated[ConvConfig | DenseConfig | RecurrentConfig, Field(discriminator="type")], ...] = ()
    neuron: NeuronConfig = NeuronConfig()
    head: Literal["spikes", "sums"] = "spikes"
    output_weight_scale: Positive = 2.0
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class TrainConfig(_Strict):
    """The loop.

    Attributes
    ----------
    epochs : int
        Epochs of the plain stage.
    batch_size : int
        Samples per step.
    learning_rate, weight_decay : float
        Of AdamW; the rate follows one cycle per stage.
    anytime_weight : float
        Share of the loss that asks for the right answer after every step, not only after the last.
    anytime_from : float
        Share of the steps, at the beginning, that it leaves out.
    evidence : {"rate", "count"}
        Whether the loss looks at what the output sent per step so far, or at its sum.
    logit_scale : float
        They are multiplied by it before the cross entropy.
    patience : int
        A stage ends after this many epochs without a better validation loss; 0 never ends early.
    accelerator : str
        Of Lightning: ``auto``, ``cpu`` or ``gpu``.
    """

    epochs: Count = 20
    batch_size: Count = 32
    learning_rate: Positive = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    anytime_weight: Share = 0.5
    anytime_from: Annotated[float, Field(ge=0, lt=1)] = 0.0
    evidence: Literal["rate", "count"] = "rate"
    logit_scale: Positive = 10.0
    patience: Annotated[int, Field(ge=0)] = 0
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"


class MasksConfig(_Strict):
    """Frame masks: the soft stage learns them, the hard stage trains with them.

    Attributes
    ----------
    method : {"learned", "elimination", "uniform", "first", "random", "window", "energy"}
        Where the masks come from: ``learned`` by gates, ``elimination`` by what the network misses; the others are
        controls without a soft stage.
    keep : tuple of float
        Share of the frames that each layer keeps, never rising; one value serves all layers.
    semantics : {"skip", "mute"}
        What becomes of a dropped frame.
    soft_epochs, hard_epochs : int
        Length of the stages.
    tokens : int
        Temporal embeddings per layer (K).
    dice_weight, budget_weight : float
        Of the diversity and the budget loss.
    learning_rate : float
        Of the embeddings.
    sharpness : float
        Slope of the gates.
    keep_drive : bool
        Divide the gates by their mean, so that the soft stage does not weaken the input.
    straight_through : float
        Last share of the soft stage, in which the frames pass as the hardened masks would let them.
    harden : {"top_k", "threshold"}
        Keep the best frames, or those whose mean gate is above 0.5.
    rewind : bool
        Whether the hard stage begins with the weights of the plain stage, as every control does.
    anytime_weight : float, optional
        That of ``train`` while masks are learned: 0 learns them for the decision after the last frame, while answers
        that are asked for at any time make early frames worth more; None takes that of ``train``.
    """

    method: Literal["learned", "elimination", "uniform", "first", "random", "window", "energy"] = "learned"
    keep: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)] = (0.5,)
    semantics: Literal["skip", "mute"] = "skip"
    soft_epochs: Count = 6
    hard_epochs: Count = 8
    tokens: Count = 4
    dice_weight: Annotated[float, Field(ge=0)] = 1e-3
    budget_weight: Annotated[float, Field(ge=0)] = 1.0
    learning_rate: Positive = 2e-2
    sharpness: Positive = 2.0
    keep_drive: bool = False
    straight_through: Share = 0.5
    harden: Literal["top_k", "threshold"] = "top_k"
    rewind: bool = True
    anytime_weight: Share | None = None

    @field_validator("keep")
    @classmethod
    def _never_rising(cls, keep: tuple[float, ...]) -> tuple[float, ...]:
        if any(later > earlier for earlier, later in itertools.pairwise(keep)):
            raise ValueError("a deeper layer cannot keep more frames than the one before, the shares must not rise")
        return keep


class CutoffConfig(_Strict):
    """Cutoff: a regulariser for training and the calibration.

    Attributes
    ----------
    rcs_weight : float
        Weight of the regulariser (alpha); 0 switches it off.
    rcs_tail : float
        Share of the last steps that make its target.
    epsilon : float
        Tolerated share of wrong early stops.
    min_support : int
        Calibration samples that a threshold needs.
    policy : {"topk_gap", "confidence", "conformal", "fixed"}
        Kind of the cutoff.
    delta : float or None
        With it, ``epsilon`` bounds the accuracy lost on new data, but for this probability.
    monotone : bool
        Thresholds never rise with the step.
    """

    rcs_weight: Annotated[float, Field(ge=0)] = 0.002
    rcs_tail: Annotated[float, Field(gt=0, le=1)] = 0.3
    epsilon: Share = 0.01
    min_support: Count = 50
    policy: Literal["topk_gap", "confidence", "conformal", "fixed"] = "topk_gap"
    delta: Annotated[float, Field(gt=0, lt=1)] | None = None
    monotone: bool = False


class HoyerInitConfig(_Strict):
    """A first stage that finds the thresholds of an event network, see ``training/hoyer_init.py``.

    Attributes
    ----------
    epochs : int
        Length of the stage.
    loss_weight : float
        Of the Hoyer measure, as a share of its largest value, summed over the hidden layers.
    extremum : bool
        Whether thresholds follow the Hoyer extremum, or only ``v_th`` is learned.
    momentum : float
        Share of a batch in the running extremum.
    """

    epochs: Count = 10
    loss_weight: Annotated[float, Field(ge=0)] = 0.1
    extremum: bool = True
    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1


class HoyerConfig(_Strict):
    """A network of one step, or a few: the hidden layers become Conv-BN-Hoyer blocks, see ``docs/hoyer.md``.

    Attributes
    ----------
    loss_weight : float
        Of the Hoyer measure, as a share of its largest value, summed over the hidden layers.
    extremum : bool
        Whether thresholds follow the Hoyer extremum; else they are ``v_th`` alone.
    momentum : float
        Share of a batch in the running extremum.
    warmup_epochs : int
        Epochs of the float stage before the Hoyer loss counts.
    dropout : float
        Share of the spikes before dense layers that is lost in training.
    label_smoothing : float
        Of the cross entropy.
    mirror : bool
        Whether half of the training pictures have left and right exchanged.
    pixel_bits : int
        Bits of the brightness that the first layer gets.
    integer_epochs : int
        Length of the stage in which the folded integers are trained.
    integer_learning_rate : float
        Peak rate of that stage.
    """

    loss_weight: Annotated[float, Field(ge=0)] = 0.05
    extremum: bool = True
    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1
    warmup_epochs: Annotated[int, Field(ge=0)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.05
    mirror: bool = False
    pixel_bits: Annotated[int, Field(ge=1, le=8)] = 4
    integer_epochs: Count = 4
    integer_learning_rate: Positive = 3e-4


class RunConfig(_Strict):
    """One TOML file.

    Attributes
    ----------
    name : str
        Name of the network and of the run's folder.
    seed : int
        Seeds everything.
    hoyer : HoyerConfig or None
        With it, the network is one of pictures with Hoyer blocks.
    hoyer_init : HoyerInitConfig or None
        None begins with the plain stage.
    masks : MasksConfig or None
        None trains without masks.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    seed: Annotated[int, Field(ge=0)] = 1
    data: DataConfig
    network: NetworkConfig = NetworkConfig()
    train: TrainConfig = TrainConfig()
    hoyer: HoyerConfig | None = None
    hoyer_init: HoyerInitConfig | None = None
    masks: MasksConfig | None = None
    cutoff: CutoffConfig = CutoffConfig()


def read_config(path: str | os.PathLike[str]) -> RunConfig:
    """Read and check a configuration.

    Parameters
    ----------
    path : path-like
        A TOML file.

    Returns
    -------
    RunConfig
        The checked configuration, frozen.

    Raises
    ------
    ConfigError
        If the file is missing, is no TOML, or has unknown or wrong keys.
    """
    file = Path(path)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"cannot read configuration {file}: {error.strerror}; give the path of a TOML file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}; correct the line") from error
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{file}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    """One line about the first of the problems, with the valid keys where a key is unknown."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if problem["type"] == "extra_forbidden":
        valid = ", ".join(sorted(_model_at(problem["loc"][:-1]).model_fields))
        return f"unknown key {where!r}; valid keys there are: {valid}{more}"
    if problem["type"] == "union_tag_invalid":
        return f"{where}: unknown block type {problem['ctx']['tag']!r}; choose one of: conv, dense, recurrent{more}"
    return f"{where}: {problem['msg'][0].lower()}{problem['msg'][1:]}, found {problem['input']!r}; correct it{more}"


def _model_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that holds the keys at a location of the configuration."""
    tables: dict[str, type[BaseModel]] = {
        "data": DataConfig,
        "network": NetworkConfig,
        "neuron": NeuronConfig,
        "conv": ConvConfig,
        "dense": DenseConfig,
        "recurrent": RecurrentConfig,
        "train": TrainConfig,
        "hoyer": HoyerConfig,
        "hoyer_init": HoyerInitConfig,
        "masks": MasksConfig,
        "cutoff": CutoffConfig,
    }
    found = [tables[part] for part in location if isinstance(part, str) and part in tables]
    return found[-1] if found else RunConfig
