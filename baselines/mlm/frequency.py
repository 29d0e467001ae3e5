"""Masks of frequent n-grams."""

from harness.tasks.mlm import F64, NGramMasking, NGrams


class Frequency(NGramMasking):
    """Masking of the most frequent n-grams (Levine et al., 2021)."""

    name = "frequency"

    def rank(self, ngrams: NGrams) -> F64:
        return ngrams.log_p
