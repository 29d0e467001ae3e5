"""The statistics: numbers and frames in, numbers out. Knows nothing of entrants, stores or torch.

The replication unit is the seed. Every resampling takes its generator from what it resamples.
"""
