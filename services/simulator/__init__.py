"""A faithful simulator of DashScope over real HTTP. Demo mode and every test run on it.

    async with serve(Simulator(CATALOGUE, home=folder, speed=50)) as origin:
        ...  # {origin}/api/v1, or {origin}/beijing/api/v1

It follows the vendor's documents and recorded replies, never our client. Command: `python -m services.simulator`.
"""

from services.simulator.api.app import Simulator
from services.simulator.api.faults import Answer, Break, Cut, Delay, Drop, Expired, Fault, Faults, Garbage, Route
from services.simulator.api.record import Call, Create, Record
from services.simulator.api.server import serve
from services.simulator.engine.clock import Clock, SystemClock, VirtualClock
from services.simulator.engine.outcome import LOSS_WORDS, TRIGGER_WORDS
from services.simulator.media.artist import Artist, Clip, FilmArtist, Picture, QuickArtist

__all__ = [
    "LOSS_WORDS",
    "TRIGGER_WORDS",
    "Answer",
    "Artist",
    "Break",
    "Call",
    "Clip",
    "Clock",
    "Create",
    "Cut",
    "Delay",
    "Drop",
    "Expired",
    "Fault",
    "Faults",
    "FilmArtist",
    "Garbage",
    "Picture",
    "QuickArtist",
    "Record",
    "Route",
    "Simulator",
    "SystemClock",
    "VirtualClock",
    "serve",
]
