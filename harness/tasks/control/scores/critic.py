"""How well a critic fits transitions that it has not learned from."""

import numpy as np

from harness.core.task import checked
from harness.tasks.control.interface import Agent
from harness.tasks.control.problems.environment import Observation
from harness.tasks.control.problems.transitions import HeldOut, Transitions


def correlation(system: Agent, transitions: Transitions) -> float:
    """Pearson's correlation of a critic's values with the true ones; 0 for a critic whose values do not vary."""
    estimates = values_of(system, transitions.now, transitions.actions)
    if np.ptp(estimates) == 0:
        return 0.0
    return float(np.corrcoef(estimates, transitions.values)[0, 1])


def td_ratio(system: Agent, split: HeldOut) -> float:
    """The mean squared TD error on held-out transitions, divided by that on the learned ones."""
    held_out, learned = (_td_error(system, part, split.discount) for part in (split.held_out, split.learned))
    return held_out / learned


def values_of(system: Agent, observation: Observation, actions: np.ndarray) -> np.ndarray:
    """F64[n]: a system's values. Raises `BadOutput` if they have another shape or are not finite."""
    return checked("values", system.values(observation, actions), (len(actions),)).astype(np.float64)


def _td_error(system: Agent, transitions: Transitions, discount: float) -> float:
    later = values_of(system, transitions.later, transitions.later_actions)
    errors = transitions.rewards + discount * later - values_of(system, transitions.now, transitions.actions)
    return float(np.mean(errors**2))
