"""The input recipe: how a recording becomes frames, written into the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evsnn_lava.errors import ConfigError, unknown_name

BINNINGS: Final = {
    "time": "every frame covers dt_us microseconds from the start of the recording",
    "count": "every frame covers the same number of events",
}


@dataclass(frozen=True)
class InputRecipe:
    """From events to binary frames ``(C, H, W, T)``.

    Parameters
    ----------
    sensor_height, sensor_width : int
        Size of the sensor in pixels.
    steps : int
        Number of frames T.
    dt_us : int
        Length of a frame in microseconds (``time`` binning); 0 for ``count`` binning.
    binning : {"time", "count"}
        See ``BINNINGS``.
    polarities : int
        2 keeps ON and OFF apart (channel 1 is ON), 1 merges them.
    crop : (int, int, int, int) or None
        ``(top, left, height, width)`` of the part of the sensor that is used.
    downsample : int
        Side of the square of pixels that become one.
    dataset : str
        Name of the data set the network was trained on.

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

    def __post_init__(self) -> None:
        """Check the values."""
        if self.binning not in BINNINGS:
            raise unknown_name("binning", self.binning, BINNINGS)
        if self.polarities not in (1, 2):
            raise ConfigError(f"input recipe: polarities is {self.polarities}, the limit is 1 or 2; correct it")
        for name in ("sensor_height", "sensor_width", "steps", "downsample"):
            if getattr(self, name) < 1:
                raise ConfigError(f"input recipe: {name} is {getattr(self, name)}, it must be at least 1; correct it")
        if (self.binning == "time") != (self.dt_us > 0):
            raise ConfigError(f"input recipe: dt_us is {self.dt_us} with {self.binning} binning; set it for time only")
        if self.crop is not None:
            self._check_crop(*self.crop)

    def _check_crop(self, top: int, left: int, height: int, width: int) -> None:
        inside = top >= 0 and left >= 0 and height > 0 and width > 0
        if not inside or top + height > self.sensor_height or left + width > self.sensor_width:
            raise ConfigError(
                f"input recipe: crop {self.crop} leaves the sensor "
                f"({self.sensor_height} x {self.sensor_width}); shrink it"
            )

    @property
    def window(self) -> tuple[int, int, int, int]:
        """The part of the sensor in use: ``(top, left, height, width)``."""
        return self.crop or (0, 0, self.sensor_height, self.sensor_width)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape ``(C, H, W)`` of one frame; an incomplete square at the border still makes a pixel."""
        _, _, height, width = self.window
        return (self.polarities, -(-height // self.downsample), -(-width // self.downsample))
