"""The task `entity_linking`: does writing an entity's name link mentions as well as searching vectors?"""

from harness.tasks.entity_linking.interface import I32 as I32
from harness.tasks.entity_linking.interface import I64 as I64
from harness.tasks.entity_linking.interface import INVALID as INVALID
from harness.tasks.entity_linking.interface import NIL as NIL
from harness.tasks.entity_linking.interface import Answer as Answer
from harness.tasks.entity_linking.interface import Candidates as Candidates
from harness.tasks.entity_linking.interface import Catalogue as Catalogue
from harness.tasks.entity_linking.interface import ConstantSettings as ConstantSettings
from harness.tasks.entity_linking.interface import EntityLinker as EntityLinker
from harness.tasks.entity_linking.interface import Links as Links
from harness.tasks.entity_linking.interface import Mentions as Mentions
from harness.tasks.entity_linking.interface import NameGenerator as NameGenerator
from harness.tasks.entity_linking.interface import NameSimilarity as NameSimilarity
from harness.tasks.entity_linking.interface import Reader as Reader
from harness.tasks.entity_linking.interface import Tower as Tower
from harness.tasks.entity_linking.interface import TrainingSet as TrainingSet
from harness.tasks.entity_linking.interface import best_entities as best_entities
from harness.tasks.entity_linking.interface import links_of as links_of
from harness.tasks.entity_linking.interface import mixed_rows as mixed_rows
from harness.tasks.entity_linking.interface import reader_of as reader_of
