"""The input recipe: how a recording becomes frames, written into the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evsnn_lava.errors import ConfigError, unknown_name

BINNINGS: Final = {
    "time": "every frame covers dt_us microseconds from the start of the recording",
    "count": "every frame covers the same number of events",
    "none": "the network takes frames as they are; events are not binned for it",
}

MESSAGE_BITS_LIMIT: Final = 24


@dataclass(frozen=True)
class InputRecipe:
    """From events to frames ``(C, H, W, T)``: binary, or whole numbers that the user brings.

    Parameters
    ----------
    sensor_height, sensor_width : int
        Size of the sensor in pixels.
    steps : int
        Number of frames T.
    dt_us : int
        Length of a frame in microseconds (``time`` binning); 0 for ``count`` binning.
    binning : {"time", "count", "none"}
        See ``BINNINGS``.
    polarities : int
        Channels of a frame: 2 keeps ON and OFF apart (channel 1 is ON), 1 merges them; without binning any number.
    crop : (int, int, int, int) or None
        ``(top, left, height, width)`` of the part of the sensor that is used.
    downsample : int
        Side of the square of pixels that become one.
    dataset : str
        Name of the data set the network was trained on.
    message_bits : int
        0 for binary frames; else the bits, sign included, of a graded input value (without binning only).

    Raises
    ------
    ConfigError
        If a value is out of range.

    Examples
    --------
    >>> InputRecipe(sensor_height=34, sensor_width=34, steps=30, dt_us=10_000).input_shape
    (2, 34, 34)
    """

    sensor_height: int
    sensor_width: int
    steps: int
    dt_us: int = 0
    binning: str = "time"
    polarities: int = 2
    crop: tuple[int, int, int, int] | None = None
    downsample: int = 1
    dataset: str = ""
    message_bits: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        if self.binning not in BINNINGS:
            raise unknown_name("binning", self.binning, BINNINGS)
        self._check_channels()
        for name in ("sensor_height", "sensor_width", "steps", "downsample"):
            if getattr(self, name) < 1:
                raise ConfigError(f"input recipe: {name} is {getattr(self, name)}, it must be at least 1; correct it")
        if (self.binning == "time") != (self.dt_us > 0):
            raise ConfigError(f"input recipe: dt_us is {self.dt_us} with {self.binning} binning; set it for time only")
        if self.crop is not None:
            self._check_crop(*self.crop)

    def _check_channels(self) -> None:
        binned = self.binning != "none"
        if self.polarities < 1 or (binned and self.polarities > 2):
            limit = "1 or 2" if binned else "at least 1"
            raise ConfigError(f"input recipe: polarities is {self.polarities}, the limit is {limit}; correct it")
        bits = 0 if binned else MESSAGE_BITS_LIMIT
        if not 0 <= self.message_bits <= bits:
            raise ConfigError(
                f"input recipe: message_bits is {self.message_bits}, the limit is 0..{bits} with {self.binning} "
                "binning; correct it"
            )

    def _check_crop(self, top: int, left: int, height: int, width: int) -> None:
        inside = top >= 0 and left >= 0 and height > 0 and width > 0
        if not inside or top + height > self.sensor_height or left + width > self.sensor_width:
            raise ConfigError(
                f"input recipe: crop {self.crop} leaves the sensor "
                f"({self.sensor_height} x {self.sensor_width}); shrink it"
            )

    @classmethod
    def frames(cls, shape: tuple[int, int, int], steps: int, message_bits: int = 0, dataset: str = "") -> InputRecipe:
        """Recipe of a network that takes frames ``(C, H, W, T)`` as they are.

        Parameters
        ----------
        shape : (int, int, int)
            ``(C, H, W)``; a vector of N inputs is ``(N, 1, 1)``.
        steps : int
            Number of frames T.
        message_bits : int
            0 for binary frames, else the bits of a value, sign included.
        dataset : str
            Where the network comes from.

        Returns
        -------
        InputRecipe
            Without binning.

        Raises
        ------
        ConfigError
            If a value is out of range.

        Examples
        --------
        >>> InputRecipe.frames((3, 66, 200), steps=16, message_bits=16).value_range
        (-32768, 32767)
        """
        channels, height, width = shape
        return cls(height, width, steps, 0, "none", channels, dataset=dataset, message_bits=message_bits)

    @property
    def value_range(self) -> tuple[int, int]:
        """Smallest and largest value of a frame."""
        if self.message_bits == 0:
            return 0, 1
        half = 1 << (self.message_bits - 1)
        return -half, half - 1

    @property
    def window(self) -> tuple[int, int, int, int]:
        """The part of the sensor in use: ``(top, left, height, width)``."""
        return self.crop or (0, 0, self.sensor_height, self.sensor_width)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape ``(C, H, W)`` of one frame; an incomplete square at the border still makes a pixel."""
        _, _, height, width = self.window
        return (self.polarities, -(-height // self.downsample), -(-width // self.downsample))
