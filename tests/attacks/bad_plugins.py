"""Plug-ins that do what they should not, each with the statuses that its run may have."""

from textwrap import indent
from typing import NamedTuple

SLEEP = "6170801"
"""Seconds that processes sleep which should be ended: no other process of a machine does."""


class Bad(NamedTuple):
    """A plug-in: what `fit` does after it has learned, what `vectors` does before it answers, what else stands in the
    class and before it; and the statuses that its run may have."""

    status: str
    fit: str = "pass"
    vectors: str = "pass"
    body: str = ""
    before: str = ""

    def source(self, name: str) -> str:
        """The file of a plug-in with this name."""
        fit, vectors = indent(self.fit, " " * 8), indent(self.vectors, " " * 8)
        return TEMPLATE.format(
            name=name, before=self.before, body=indent(self.body, " " * 4), fit=fit, vectors=vectors
        ).replace("SLEEP", SLEEP)


TEMPLATE = '''"""A plug-in that does what it should not."""
import atexit, builtins, multiprocessing, os, random, resource, signal, subprocess, sys, threading, time
import numpy as np
from harness.tasks.word_similarity import WordEmbedder
{before}


class Case(WordEmbedder):
    """A plug-in that does what it should not."""

    name = "{name}"
    dim: int = 4
{body}

    def fit(self, corpus, run):
        self.table = run.rng("init").standard_normal((len(corpus.vocabulary), 4)).astype(np.float32)
{fit}

    def vectors(self):
{vectors}
        return self.table
'''

SAYS_NOTHING = "class Odd({base}):\n    def __str__(self):\n        raise RuntimeError\n    __repr__ = __str__"

COUNT = "import gc\ncount = sum(type(one).__name__ == 'Judgements' for one in gc.get_objects())\n"

QUICK = {
    "good_before": Bad("ok"),
    "weights_raise": Bad("error", body="def weights(self):\n    raise RuntimeError"),
    "weights_text": Bad("error", body="def weights(self):\n    return 'many'"),
    "weights_nan": Bad("error", body="def weights(self):\n    return float('nan')"),
    "weights_exit": Bad("error", body="def weights(self):\n    raise SystemExit(0)"),
    "parameters_raise": Bad("error", body="@property\ndef parameters(self):\n    raise RuntimeError"),
    "parameter_numpy": Bad("error", "self.dim = np.int64(4)"),
    "parameter_object": Bad("error", "self.dim = object()"),
    "parameter_nan": Bad("error", "self.dim = float('nan')"),
    "parameter_circle": Bad("error", "self.dim = []\nself.dim.append(self.dim)"),
    "parameter_long": Bad("error", "self.dim = 10**6000"),
    "parameter_undecodable": Bad("error", "self.dim = os.fsdecode(bytes([255]))"),
    "kept_text": Bad("error", "run.keep('notes.txt', 'text')"),
    "kept_long": Bad("error", "run.keep('a' * 300 + '.txt', b'')"),
    "kept_elsewhere": Bad("error", "run.kept['../../../outside.txt'] = b''"),
    "curve_object": Bad("error", "run.curve.append({'spent': object()})"),
    "curve_text": Bad("error", "run.curve.append({'spent': 'much'})"),
    "curve_nan": Bad("error", "run.curve.append({'spent': float('nan')})"),
    "curve_none": Bad("error", "run.curve = None"),
    "curve_long": Bad("ok", "for i in range(50_000):\n    run.curve.append({'spent': float(i)})"),
    "spent_text": Bad("error", "run.spent = 'all'"),
    "clocks_none": Bad("error", "run.clocks = None"),
    "clocks_nan": Bad("error", "run.clocks.seconds['train'] = float('nan')"),
    "artefacts_object": Bad("error", "run.artefacts['x'] = object()"),
    "handle_deleted": Bad("error", "del run.spent"),
    "wordless": Bad("error", "raise Odd", before=SAYS_NOTHING.format(base="Exception")),
    "wordless_base": Bad("error", "raise Odd", before=SAYS_NOTHING.format(base="BaseException")),
    "undecodable": Bad("error", "raise FileNotFoundError(os.fsdecode(bytes([255])))"),
    "huge_message": Bad("error", "raise ValueError('x' * 5_000_000)"),
    "huge_name": Bad("error", "raise type('W' * 100_000, (Exception,), {})"),
    "control_characters": Bad("error", "raise ValueError(''.join(map(chr, range(160))) + chr(0x202E) + '[/red]')"),
    "circle_of_causes": Bad(
        "error", "a, b = ValueError('a'), ValueError('b')\na.__cause__, b.__cause__ = b, a\nraise a"
    ),
    "endless_recursion": Bad("error", "def f():\n    f()\nf()"),
    "exits": Bad("error", "sys.exit(0)"),
    "exits_at_once": Bad("error", "os._exit(0)"),
    "exits_when_imported": Bad("error", before="os._exit(0)"),
    "exits_in_vectors": Bad("error", vectors="os._exit(0)"),
    "interrupts": Bad("error", "raise KeyboardInterrupt"),
    "aborts": Bad("killed", "os.abort()"),
    "kills_itself": Bad("killed", "os.kill(os.getpid(), signal.SIGKILL)"),
    "kills_its_group": Bad("killed", "os.killpg(0, signal.SIGKILL)"),
    "closes_files": Bad("ok", "os.closerange(0, 256)"),
    "changes_folder": Bad("ok", "os.chdir('/')"),
    "clears_environment": Bad("ok", "os.environ.clear()"),
    "leaves_thread": Bad("ok", "threading.Thread(target=time.sleep, args=(SLEEP,)).start()"),
    "leaves_at_exit": Bad("ok", "atexit.register(time.sleep, SLEEP)"),
    "leaves_child": Bad("ok", "subprocess.Popen(['sleep', 'SLEEP'])"),
    "leaves_session": Bad("ok", "subprocess.Popen(['sleep', 'SLEEP'], start_new_session=True)"),
    "leaves_orphan": Bad("ok", "subprocess.run(['sh', '-c', '(setsid sleep SLEEP &) &'])"),
    "leaves_stubborn": Bad("ok", "subprocess.Popen(['sh', '-c', 'trap \"\" TERM HUP INT; sleep SLEEP; sleep SLEEP'])"),
    "leaves_copy": Bad("ok", "if os.fork() == 0:\n    os.execlp('sleep', 'sleep', 'SLEEP')"),
    "leaves_pool": Bad("ok", "self.pool = multiprocessing.get_context('fork').Pool(2)"),
    "goes_on_twice": Bad("ok", "os.fork()"),
    "breaks_json": Bad("error", before="import json\njson.dumps = None"),
    "breaks_files": Bad("error", "os.replace = os.fsync = None"),
    "few_files": Bad("error", "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))"),
    "small_files": Bad("error", "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))"),
    "much_memory": Bad("oom", "np.ones(10**11)"),
    "answers_nan": Bad("error", vectors="self.table[0] = np.nan"),
    "answers_text": Bad("error", vectors="return 'text'"),
    "answers_objects": Bad("error", vectors="return np.array([object()])"),
    "answers_ragged": Bad("error", vectors="return [[1], [1, 2]]"),
    "answers_too_few": Bad("error", vectors="return self.table[1:]"),
    "looks_for_the_test": Bad(
        "ok",
        fit=COUNT + "assert [count] == [1], count  # the validation split",
        vectors=COUNT + "assert [count] == [2], count",
    ),
    "prints": Bad("ok", "print('[/red]' * 10_000)"),
    "good_after": Bad("ok"),
}
"""Those whose runs end at once."""

SLOW = {
    "sleeps": Bad("timeout", "time.sleep(SLEEP)"),
    "never_ends": Bad("timeout", "while True: pass"),
    "stops_itself": Bad("timeout", "os.kill(os.getpid(), signal.SIGSTOP)"),
    "sleeps_in_weights": Bad("timeout", body="def weights(self):\n    time.sleep(SLEEP)"),
    "ignores_signals": Bad(
        "timeout", "for n in set(range(1, 32)) - {9, 19}:\n    signal.signal(n, signal.SIG_IGN)\ntime.sleep(SLEEP)"
    ),
    "starts_and_sleeps": Bad("timeout", "subprocess.run(['sleep', 'SLEEP'])"),
    "shares_memory": Bad(
        "oom",
        "import mmap\nkept = []\nwhile True:\n    kept.append(mmap.mmap(-1, 1 << 25))\n"
        "    kept[-1].write(os.urandom(1 << 25))\n    time.sleep(0.05)",
    ),
    "good_last": Bad("ok"),
}
"""Those that reach a limit."""
