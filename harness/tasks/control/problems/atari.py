"""Atari games of the 100k benchmark, through the Arcade Learning Environment."""

from typing import TYPE_CHECKING, Any, Final

from harness.core.errors import UserError
from harness.tasks.control.problems.environment import Environment
from harness.tasks.control.problems.episodes import Scale
from harness.tasks.control.problems.gym import INSTALL, GymEnvironment

if TYPE_CHECKING:
    from gymnasium.vector import VectorEnv

FRAME_SKIP: Final = 4
LONGEST_EPISODE: Final = 108_000
"""Frames: half an hour."""

HUMAN: Final = {
    "alien": Scale(227.8, 7127.7),
    "amidar": Scale(5.8, 1719.5),
    "assault": Scale(222.4, 742.0),
    "asterix": Scale(210.0, 8503.3),
    "bank_heist": Scale(14.2, 753.1),
    "battle_zone": Scale(2360.0, 37187.5),
    "boxing": Scale(0.1, 12.1),
    "breakout": Scale(1.7, 30.5),
    "chopper_command": Scale(811.0, 7387.8),
    "crazy_climber": Scale(10780.5, 35829.4),
    "demon_attack": Scale(152.1, 1971.0),
    "freeway": Scale(0.0, 29.6),
    "frostbite": Scale(65.2, 4334.7),
    "gopher": Scale(257.6, 2412.5),
    "hero": Scale(1027.0, 30826.4),
    "jamesbond": Scale(29.0, 302.8),
    "kangaroo": Scale(52.0, 3035.0),
    "krull": Scale(1598.0, 2665.5),
    "kung_fu_master": Scale(258.5, 22736.3),
    "ms_pacman": Scale(307.3, 6951.6),
    "pong": Scale(-20.7, 14.6),
    "private_eye": Scale(24.9, 69571.3),
    "qbert": Scale(163.9, 13455.0),
    "road_runner": Scale(11.5, 7845.0),
    "seaquest": Scale(68.4, 42054.7),
    "up_n_down": Scale(533.4, 11693.2),
}
"""The returns of random actions and of a human by game (Mnih et al., 2015; Wang et al., 2016)."""


def atari(game: str, side: int, *, training: bool) -> Environment:
    """A game as in the 100k benchmark: grey pictures, each action for four frames, no sticky actions.

    In `training` losing a life ends an episode and rewards are clipped to [-1, 1]. Raises `UserError` if the Arcade
    Learning Environment is not installed.
    """
    try:
        from ale_py.vector_env import AtariVectorEnv
    except ImportError as error:
        raise UserError(f"Atari games need the package ale-py; {INSTALL}") from error

    def make(episodes: int) -> "VectorEnv[Any, Any, Any]":
        vector: VectorEnv[Any, Any, Any] = AtariVectorEnv(
            game,
            episodes,
            img_height=side,
            img_width=side,
            stack_num=1,
            frameskip=FRAME_SKIP,
            max_num_frames_per_episode=LONGEST_EPISODE,
            repeat_action_probability=0.0,
            episodic_life=training,
            reward_clipping=training,
            use_fire_reset=False,
        )
        return vector

    return GymEnvironment(make, LONGEST_EPISODE // FRAME_SKIP, repeat=FRAME_SKIP, channels="first")
