"""PMI-Masking: masks n-grams that none of their parts explains."""

from typing import Literal

from harness.tasks.mlm import F64, NGramMasking, NGrams


class PmiMasking(NGramMasking):
    """PMI-Masking (Levine et al., 2021, equation 3).

    PMI_n(w) is the least of log(p(w) / (p(s1) ... p(sk))) over all ways to cut the n-gram w into two or more parts s1
    ... sk; p is the share of all n-grams of the same length. For two words it is their pointwise mutual information.

    `score` is PMI_n (`paper`), or that of the lists that the authors released (`released`), which has p(w)^2 in place
    of p(w): PMI_n(w) + log p(w), which prefers frequent n-grams.
    """

    name = "pmi_masking"
    score: Literal["paper", "released"] = "paper"

    def rank(self, ngrams: NGrams) -> F64:
        pmi: F64 = ngrams.log_p - ngrams.log_p_parts.max(axis=1)
        return pmi if self.score == "paper" else pmi + ngrams.log_p
