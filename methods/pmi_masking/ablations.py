"""PMI-Masking with one choice undone."""

from harness.tasks.mlm import F64, NGrams
from methods.pmi_masking.pmi_masking import PmiMasking


class NaivePmi(PmiMasking):
    """Naive PMI masking: an n-gram is compared with its single words alone, and not with its longer parts."""

    name = "naive_pmi"

    def rank(self, ngrams: NGrams) -> F64:
        naive: F64 = ngrams.log_p - ngrams.log_p_parts[:, -1]
        return naive if self.score == "paper" else naive + ngrams.log_p
