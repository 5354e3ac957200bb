"""Events: data sets by name or path, event files, a simulated camera, and frames for a network.

>>> from evsnn_lava.data import bin_set, default_recipe, load
>>> frames = bin_set(load("digits", "test"), default_recipe("digits"), indices=range(8))
>>> frames.shape, frames.dtype
((8, 2, 34, 34, 30), dtype('bool'))
"""

from evsnn_lava.data.cache import cache_folder
from evsnn_lava.data.camera import SaccadeCamera, SaccadeRecorder
from evsnn_lava.data.digits import digit_split, event_digits, simulate_digits
from evsnn_lava.data.files import read_events, read_recording, write_events
from evsnn_lava.data.frame_files import FrameSet, holds_frames, read_frames
from evsnn_lava.data.frames import bin_events, bin_set
from evsnn_lava.data.parts import frames_of, load_part
from evsnn_lava.data.recording import EventSet, Recording
from evsnn_lava.data.registry import SPLITS, WHOLE, data_folder, default_recipe, default_split, load, names
from evsnn_lava.data.split import stratified_split
from evsnn_lava.data.tonic_sets import TONIC_SETS, TonicSet, load_tonic

__all__ = [
    "SPLITS",
    "TONIC_SETS",
    "WHOLE",
    "EventSet",
    "FrameSet",
    "Recording",
    "SaccadeCamera",
    "SaccadeRecorder",
    "TonicSet",
    "bin_events",
    "bin_set",
    "cache_folder",
    "data_folder",
    "default_recipe",
    "default_split",
    "digit_split",
    "event_digits",
    "frames_of",
    "holds_frames",
    "load",
    "load_part",
    "load_tonic",
    "names",
    "read_events",
    "read_frames",
    "read_recording",
    "simulate_digits",
    "stratified_split",
    "write_events",
]
