"""Claims: a paper's sentences as testable hypotheses, and the verdicts that records give on them."""
