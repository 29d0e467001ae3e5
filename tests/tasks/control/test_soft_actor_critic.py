"""Soft actor-critic with views: targets by hand, what gradients reach, the temperature, and a literal update."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from harness.tasks.control.models.actor_critic import ActorCritic, NetworkSizes, log_density
from harness.tasks.control.models.trunk import Convolutions, ConvolutionSizes
from harness.tasks.control.training.optimisers import approach
from harness.tasks.control.training.replay import Frames, Minibatch
from harness.tasks.control.training.sac import Sac, averaged_target
from harness.tasks.control.training.views import Views

SETTINGS = {"adam_epsilon": 1e-8, "tau": 0.01, "target_every": 2, "actor_every": 1}
ACTIONS = 2


def some_networks(seed: int = 0, temperature: float = 0.1) -> ActorCritic:
    torch.manual_seed(seed)
    trunk = Convolutions((3, 12, 12), ConvolutionSizes([4, 4], [3, 3], [2, 1]))
    return ActorCritic(trunk, ACTIONS, NetworkSizes(latent=8, hidden=16), temperature)


def a_learner(networks: ActorCritic, **settings: float) -> Sac:
    return Sac(networks, {**SETTINGS, **settings}, torch.Generator().manual_seed(7), lr=1e-2)


def transitions(n: int, rewards: torch.Tensor | None = None, discounts: torch.Tensor | None = None) -> Minibatch:
    generator = torch.Generator().manual_seed(5)
    nothing = Frames(np.zeros((1, 1, 1, 1, 1, 1)), np.zeros((n, 1), np.int64), 0)
    return Minibatch(
        now=nothing,
        later=nothing,
        actions=torch.rand(n, ACTIONS, generator=generator) * 2 - 1,
        rewards=torch.rand(n, generator=generator) if rewards is None else rewards,
        discounts=torch.full((n,), 0.9) if discounts is None else discounts,
        rows=np.arange(n),
    )


def pictures(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(256, (n, 3, 12, 12), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    return copy.deepcopy(module.state_dict())


def changed(before: dict[str, torch.Tensor], module: nn.Module) -> set[str]:
    return {name for name, weight in module.state_dict().items() if not torch.equal(before[name], weight)}


def test_a_target_by_hand() -> None:
    """r = 1, gamma = .99, alpha = .1; values 5.0 and 4.6 with log densities -1 and -2 in two views: y = 5.9005."""
    one = transitions(1, torch.ones(1), torch.full((1,), 0.99))
    estimates = torch.tensor([[5.0, 4.6], [9.0, 9.0]])
    target = averaged_target(one, estimates, 0.1 * torch.tensor([-1.0, -2.0]))
    assert target.item() == pytest.approx(5.9005)


def test_the_target_of_a_terminal_transition_is_its_reward() -> None:
    one = transitions(1, torch.ones(1), torch.zeros(1))
    assert averaged_target(one, torch.tensor([[5.0, 4.6], [9.0, 9.0]])).item() == 1.0


def test_the_minimum_is_taken_before_the_mean() -> None:
    """Critics say (5, 3) and (4, 6) in two views: (4 + 3) / 2, not min(4, 5)."""
    one = transitions(1, torch.zeros(1), torch.ones(1))
    assert averaged_target(one, torch.tensor([[5.0, 3.0], [4.0, 6.0]])).item() == 3.5


def test_views_of_one_transition_are_averaged_and_not_mixed_with_others() -> None:
    two = transitions(2, torch.zeros(2), torch.ones(2))
    estimates = torch.tensor([[1.0, 10.0, 3.0, 30.0]]).expand(2, 4)  # the first views of both, then the second ones
    assert averaged_target(two, estimates).tolist() == [2.0, 20.0]


def test_polyak_by_hand() -> None:
    """From 0 towards 1 by a hundredth, twice: .0199."""
    target, source = nn.Linear(1, 1), nn.Linear(1, 1)
    for module, value in ((target, 0.0), (source, 1.0)):
        for weight in module.parameters():
            nn.init.constant_(weight, value)
    for _ in range(2):
        approach(target, source, 0.01)
    assert target.weight.item() == target.bias.item() == pytest.approx(0.0199)


def test_neither_actor_nor_temperature_changes_the_trunk_or_the_critic() -> None:
    networks = some_networks()
    learner, before = a_learner(networks), state_of(networks)
    learner._update_actor(pictures(8))
    moved = changed(before, networks)
    assert moved
    assert {name.partition(".")[0] for name in moved} == {"actor", "log_temperature"}


def test_the_critic_changes_the_trunk_and_not_the_actor() -> None:
    networks = some_networks()
    learner, before = a_learner(networks), state_of(networks)
    learner._update_critic(transitions(8), Views([pictures(8)], [pictures(8, 1)]), torch.ones(8))
    assert {name.partition(".")[0] for name in changed(before, networks)} == {"trunk", "critic"}


def test_targets_have_no_gradient_and_follow_when_they_are_due() -> None:
    networks = some_networks()
    learner = a_learner(networks)
    views = Views([pictures(8)], [pictures(8, 1)])
    before = state_of(learner.target_critic)
    learner.update(transitions(8), views)
    assert all(weight.grad is None for weight in learner.target_critic.parameters())
    assert not changed(before, learner.target_critic)
    learner.update(transitions(8), views)
    assert changed(before, learner.target_critic)
    for name, weight in learner.target_critic.state_dict().items():
        expected = before[name] + 0.01 * (networks.critic.state_dict()[name] - before[name])
        torch.testing.assert_close(weight, expected)


@pytest.mark.parametrize(("spread", "falls"), [(1.0, True), (-1.0, False)])
def test_the_temperature_falls_where_the_entropy_exceeds_its_target(spread: float, falls: bool) -> None:
    """The target is -2. A policy of large deviation has a higher entropy, one of small deviation a lower one."""
    networks = some_networks()
    last = networks.actor.body[-1]
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, 0.0)
    with torch.no_grad():
        last.bias[ACTIONS:] = 0.5 * spread  # log deviations -1.2 and -6.8
    before = networks.log_temperature.item()
    a_learner(networks)._update_actor(pictures(64))
    assert (networks.log_temperature.item() < before) == falls


def test_log_densities_equal_a_numerical_change_of_variables() -> None:
    """The density of tanh(x) is that of x times dx/dy, by finite differences."""
    mean, log_std = torch.tensor([[0.3, -0.8]], dtype=torch.float64), torch.tensor([[-0.5, 0.2]], dtype=torch.float64)
    noise = torch.tensor([[0.7, -1.1]], dtype=torch.float64)
    raw = mean + log_std.exp() * noise
    step = 1e-6
    gaussian = torch.distributions.Normal(mean, log_std.exp()).log_prob(raw)
    slope = ((raw + step).tanh() - (raw - step).tanh()) / (2 * step)
    expected = (gaussian - slope.log()).sum()
    assert log_density(raw, noise, log_std).item() == pytest.approx(expected.item(), rel=1e-8)


def test_the_log_density_of_a_saturated_action_is_finite_and_right() -> None:
    """log(1 - tanh(x)^2) tends to log 4 - 2x."""
    raw = torch.tensor([[30.0]])
    density = log_density(raw, torch.zeros(1, 1), torch.zeros(1, 1))
    assert density.item() == pytest.approx(-0.5 * math.log(2 * math.pi) - (math.log(4) - 60), rel=1e-6)


def literal_update(networks: ActorCritic, batch: Minibatch, now: torch.Tensor, later: torch.Tensor) -> None:
    """An update of soft actor-critic written out, with optimizers of torch's defaults."""
    target = copy.deepcopy(networks)
    generator = torch.Generator().manual_seed(7)
    adam = {"lr": 1e-2, "eps": 1e-8}
    critic_optimizer = torch.optim.Adam([*networks.trunk.parameters(), *networks.critic.parameters()], **adam)
    actor_optimizer = torch.optim.Adam(networks.actor.parameters(), **adam)
    temperature_optimizer = torch.optim.Adam([networks.log_temperature], **adam)

    def act(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, log_std = networks.actor(features)
        raw = mean + log_std.exp() * torch.randn(mean.shape, generator=generator)
        normal = torch.distributions.Normal(mean, log_std.exp()).log_prob(raw)
        return raw.tanh(), (normal - torch.log(1 - raw.tanh() ** 2)).sum(dim=1)

    with torch.no_grad():
        action, density = act(networks.trunk(later))
        first, second = target.critic(target.trunk(later), action)
        value = torch.minimum(first, second) - networks.log_temperature.exp() * density
        y = batch.rewards + batch.discounts * value
    first, second = networks.critic(networks.trunk(now), batch.actions)
    critic_optimizer.zero_grad()
    (nn.functional.mse_loss(first, y) + nn.functional.mse_loss(second, y)).backward()
    critic_optimizer.step()
    action, density = act(networks.trunk(now).detach())
    first, second = networks.critic(networks.trunk(now).detach(), action)
    loss = (networks.log_temperature.exp().detach() * density - torch.minimum(first, second)).mean()
    actor_optimizer.zero_grad()
    loss.backward()
    actor_optimizer.step()
    temperature_optimizer.zero_grad()
    (networks.log_temperature.exp() * (-density + ACTIONS).detach()).mean().backward()
    temperature_optimizer.step()


def test_an_update_with_one_view_is_soft_actor_critic_written_out() -> None:
    literal = some_networks(3)
    ours = copy.deepcopy(literal)
    batch, now, later = transitions(16), pictures(16), pictures(16, 1)
    literal_update(literal, batch, now, later)
    a_learner(ours).update(batch, Views([now], [later]))
    for name, weight in literal.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], weight, atol=2e-5, rtol=1e-4, msg=name)


def test_the_loss_is_the_mean_over_views_times_the_scale() -> None:
    batch, now, other = transitions(8), pictures(8), pictures(8, 2)
    losses = []
    for views, scale in (([now], 1), ([other], 1), ([now, other], 1), ([now, other], 2)):
        learner = a_learner(some_networks())
        losses.append(learner._update_critic(batch, Views(views, [now], scale), torch.ones(8)).item())
    first, second, mean, total = losses
    assert mean == pytest.approx((first + second) / 2, rel=1e-5)
    assert total == pytest.approx(first + second, rel=1e-5)


def test_values_of_a_fixed_policy_have_no_entropy() -> None:
    """Critics that say 0 everywhere: the target is the reward, whatever the temperature."""
    networks = some_networks(temperature=100.0)
    for body in networks.critic.bodies:
        nn.init.zeros_(body[-1].weight)
    batch = transitions(8)
    loss = a_learner(networks).update_values(batch, Views([pictures(8)], [pictures(8, 1)]), torch.zeros(8, ACTIONS))
    assert loss.item() == pytest.approx(2 * float((batch.rewards**2).mean()), rel=1e-5)


def test_actions_are_taken_without_noise_and_explored_with_it() -> None:
    learner = a_learner(some_networks())
    shown = pictures(4)
    assert np.array_equal(learner.act(shown), learner.act(shown))
    assert not np.array_equal(learner.explore(shown, 0), learner.explore(shown, 0))
    assert np.abs(learner.explore(shown, 0)).max() <= 1


def test_pictures_that_are_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        Convolutions((3, 4, 4), ConvolutionSizes([4, 4, 4], [3, 3, 3], [2, 1, 1]))


def test_features_and_gradients_do_not_depend_on_how_many_pictures_are_taken_at_a_time() -> None:
    torch.manual_seed(0)
    trunk = Convolutions((3, 40, 40), ConvolutionSizes([4, 4], [3, 3], [2, 1]))
    pictures = torch.randint(256, (7, 3, 40, 40), dtype=torch.uint8)
    results = []
    for trunk.block in (7, 2):
        features = trunk(pictures)
        parts = [features, *torch.autograd.grad(features.square().sum(), trunk.parameters())]
        results.append([part / part.detach().abs().max() for part in parts])
    torch.testing.assert_close(*results, rtol=0, atol=1e-4)
