"""What the server of runs imports last: importing it reads the source of the tasks that it has imported before.

The identity of an artefact covers the source of its recipe, so that every run would read and parse dozens of files of
its task (a quarter of a second). The processes that are forked from the server find them read.
"""

import sys
from contextlib import suppress

from harness.core.closure import closure_of_module
from harness.core.errors import UserError

for name, module in list(sys.modules.items()):
    if name.startswith("harness.tasks.") and name.endswith(".task"):
        with suppress(UserError, OSError):  # what cannot be read is a fault of the runs that need it
            closure_of_module(module)
