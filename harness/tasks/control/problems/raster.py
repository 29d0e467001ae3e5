"""Pictures of a disc and a ring, drawn for many scenes at once."""

import numpy as np

RADIUS = 0.18
"""The radius of disc and ring, where the picture is two units wide."""
WIDTH = 0.07
"""Half of the width of the ring."""
BRIGHTEST = 255


class Raster:
    """Draws on `side` x `side` pixels, which show [-1, 1] x [-1, 1]. Edges are smooth: a pixel is as bright as the
    share of it that is covered, to first order."""

    def __init__(self, side: int) -> None:
        self.side = side
        self._centres = ((np.arange(side, dtype=np.float32) + 0.5) * 2 / side - 1)[None]

    def draw(self, disc: np.ndarray, ring: np.ndarray | None) -> np.ndarray:
        """U8[n 3 side side]: a red disc at F64[n 2] and a green ring at F64[n 2] (across, down), or no ring."""
        pictures = np.zeros((len(disc), 3, self.side, self.side), dtype=np.uint8)
        pictures[:, 0] = self._shade(RADIUS - self._distances(disc))
        if ring is not None:
            pictures[:, 1] = self._shade(WIDTH - np.abs(self._distances(ring) - RADIUS))
        return pictures

    def _distances(self, centre: np.ndarray) -> np.ndarray:
        """F32[n side side]: the distance of each pixel's centre."""
        offsets = (self._centres - centre.astype(np.float32)[..., None].reshape(-1, 1)) ** 2
        across, down = offsets.reshape(len(centre), 2, self.side).transpose(1, 0, 2)
        distances: np.ndarray = np.sqrt(across[:, None, :] + down[:, :, None])
        return distances

    def _shade(self, depth: np.ndarray) -> np.ndarray:
        """The brightness of pixels whose centres lie so deep within a shape."""
        covered = depth * np.float32(self.side / 2) + np.float32(0.5)
        return np.clip(covered, 0, 1, out=covered) * np.float32(BRIGHTEST)
