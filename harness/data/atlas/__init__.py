"""Atlas: a seeded, fictional encyclopedia with known truth, so that the text tasks run without a network.

Every seed draws its own world and prose; the language (words and their spelling) is the same for all of them.
Results on Atlas are a rehearsal, never a reproduction: no inflection, no entity types, no realistic prose.
"""

from harness.data.atlas.views import Atlas
from harness.data.atlas.world import AtlasOptions

__all__ = ["Atlas", "AtlasOptions"]
