"""Atlas: a generated, fictional encyclopedia with known truth, so that tasks on text run without a network.

Every seed draws its own world and text; the words and their spelling are the same for all seeds. Results on Atlas are
rehearsals and no reproductions: it has no inflection, no types of entities and no realistic prose.
"""

from harness.data.atlas.views import Atlas
from harness.data.atlas.world import AtlasOptions

__all__ = ["Atlas", "AtlasOptions"]
