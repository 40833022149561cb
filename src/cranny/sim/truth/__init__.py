"""Is what the server believes what the banks wrote, and is that what is physically so (I1 to I4, I7, I8)? Reads the
directories of controllers: their journals and, where the board is simulated, the file of its world."""

from cranny.sim.truth.compare import Looked, look

__all__ = ["Looked", "look"]
