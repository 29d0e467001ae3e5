"""The core of RIMs: who is active, what reaches whom, and what it is without its attention."""

from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from methods.rims.core import RimCore, RimOptions, State, largest
from methods.rims.dynamics import Memory

INPUTS, MODULES, SIZE, ACTIVE, N = 7, 5, 4, 3, 9
VARIANTS: tuple[Literal["paper", "released"], ...] = ("paper", "released")
CELLS: tuple[Literal["lstm", "gru"], ...] = ("lstm", "gru")


def build(seed: int = 0, **options: object) -> RimCore:
    torch.manual_seed(seed)
    chosen = {"modules": MODULES, "size": SIZE, "active": ACTIVE, **options}
    core = RimCore(INPUTS, RimOptions(**chosen)).double().eval()  # type: ignore[arg-type]
    with torch.no_grad():  # the released code's initial weights are so small that nothing would be seen
        for weight in core.parameters():
            weight.copy_(torch.randn_like(weight))
    return core


def begun(core: RimCore, n: int = N, steps: int = 3) -> State:
    """A state after some steps."""
    x = torch.randn(n, steps, INPUTS, dtype=torch.float64)
    with torch.no_grad():
        return core.scan(x, core.initial(n))[1]


def step(core: RimCore, state: State, seed: int = 1) -> tuple[Tensor, State]:
    generator = torch.Generator().manual_seed(seed)
    n = state.active.shape[-1]
    return core.step(torch.randn(n, INPUTS, generator=generator, dtype=torch.float64), state)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("communication", [True, False])
def test_inactive_modules_keep_their_state_bit_for_bit(variant: str, cell: str, communication: bool) -> None:
    core = build(variant=variant, cell=cell, communication=communication)
    before = begun(core)
    _, after = step(core, before)
    for old, new in zip(before.memory, after.memory, strict=True):
        changed = (old.view(torch.int64) != new.view(torch.int64)).any(dim=1, keepdim=True)
        assert torch.equal(changed, after.active[:, :1])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("active", range(1, MODULES + 1))
def test_the_given_number_of_modules_is_active_in_every_sample(variant: str, active: int) -> None:
    core = build(variant=variant, active=active)
    state = core.initial(N)
    for seed in range(4):
        _, state = step(core, state, seed)
        assert (core.active(state).sum(dim=1) == active).all()
        assert core.active(state).shape == (N, MODULES)


def test_the_active_ones_attend_least_to_the_null() -> None:
    core = build(input_heads=2)
    before = begun(core)
    x = torch.randn(N, INPUTS, dtype=torch.float64)
    _, after = core.step(x, before)
    queries = torch.einsum("mqs,msn->nmq", core.queries, before.memory.hidden).unflatten(-1, (2, -1))
    keys = torch.einsum("hdi,ni->nhd", core.keys, x)
    scores = torch.einsum("nmhd,nhd->nmh", queries, keys) / keys.shape[-1] ** 0.5
    both = torch.stack([torch.zeros_like(scores), scores], dim=-1).softmax(dim=-1)
    torch.testing.assert_close(both.sum(-1), torch.ones_like(scores))
    null = both[..., 0].mean(dim=-1)
    expected = null <= null.sort(dim=1).values[:, ACTIVE - 1 : ACTIVE]
    assert torch.equal(core.active(after), expected)


def test_of_equal_scores_the_first_are_active() -> None:
    scores = torch.tensor([1.0, 2.0, 2.0, 0.0, 2.0])[:, None, None]
    assert largest(scores, 2)[:, 0, 0].tolist() == [False, True, True, False, False]
    assert largest(scores, 4)[:, 0, 0].tolist() == [True, True, True, False, True]


def jacobian(core: RimCore, before: State) -> tuple[Tensor, Tensor]:
    """d hidden[j] / d hidden[k], F64[n j s k s], and who was active Bool[n j]."""

    def hidden(old: Tensor) -> Tensor:
        return step(core, before._replace(memory=before.memory._replace(hidden=old)))[1].memory.hidden

    full = torch.autograd.functional.jacobian(hidden, before.memory.hidden)
    found = torch.einsum("jsnktn->njskt", full)
    return found, core.active(step(core, before)[1])


def reached(core: RimCore) -> tuple[Tensor, Tensor, Tensor]:
    """Which modules' states the new state of which depend on, Bool[n j k]; the diagonal blocks; who was active."""
    found, active = jacobian(core, begun(core))
    own = torch.diagonal(found, dim1=1, dim2=3).permute(0, 3, 1, 2)
    return (found != 0).any(dim=(2, 4)), own, active


@pytest.mark.parametrize("cell", CELLS)
def test_without_communication_modules_are_independent(cell: str) -> None:
    depends, own, active = reached(build(communication=False, cell=cell))
    assert torch.equal(depends, torch.eye(MODULES, dtype=torch.bool).expand(N, -1, -1))
    assert torch.equal(own[~active], torch.eye(SIZE, dtype=torch.float64).expand(int((~active).sum()), -1, -1))
    assert not torch.equal(own[active], torch.eye(SIZE, dtype=torch.float64).expand(int(active.sum()), -1, -1))


def test_with_communication_the_active_depend_on_all_and_the_others_on_themselves() -> None:
    depends, own, active = reached(build())
    assert depends[active].all()
    itself = torch.eye(MODULES, dtype=torch.bool).expand(N, -1, -1)
    assert torch.equal(depends[~active], itself[~active])
    assert torch.equal(own[~active], torch.eye(SIZE, dtype=torch.float64).expand(int((~active).sum()), -1, -1))


def test_released_variant_passes_no_gradient_to_candidates_of_inactive_modules() -> None:
    depends, _, active = reached(build(variant="released"))
    others = ~torch.eye(MODULES, dtype=torch.bool).expand(N, -1, -1)
    told_by_active = active[:, None, :].expand(-1, MODULES, -1)
    assert depends[active[:, :, None] & others & told_by_active].all()
    assert not depends[others & ~told_by_active].any()


@pytest.mark.parametrize("variant", VARIANTS)
def test_inactive_modules_send_their_state_or_in_the_released_variant_their_candidate(variant: str) -> None:
    core = build(variant=variant)
    before = begun(core, n=1)
    x = torch.randn(1, INPUTS, dtype=torch.float64)
    _, after = core.step(x, before)
    idle = int((~core.active(after)[0]).nonzero()[0])
    with torch.no_grad():
        core.recurrent_weights[idle] += 1  # changes only what the inactive module would become
    _, changed = core.step(x, before)
    assert torch.equal(core.active(after), core.active(changed))
    same = torch.equal(after.memory.hidden, changed.memory.hidden)
    assert same == (variant == "paper")


def test_weights_of_inactive_modules_get_no_gradient_from_one_step() -> None:
    core = build(communication=False)
    state = begun(core, n=1)
    _, after = step(core, state._replace(memory=Memory(*torch.randn_like(torch.stack(state.memory)))))
    after.memory.hidden.sum().backward()
    assert core.recurrent_weights.grad is not None
    learns = (core.recurrent_weights.grad != 0).any(dim=(1, 2))
    assert torch.equal(learns, core.active(after)[0])


def test_gradients_flow_through_modules_that_stay_inactive() -> None:
    core = build(communication=False)
    state = begun(core, n=1)
    state.memory.hidden.requires_grad_()
    _, after = step(core, state)
    after.memory.hidden.sum().backward()
    gradient = state.memory.hidden.grad
    assert gradient is not None
    assert (gradient[~core.active(after)[0]] == 1).all()


def torch_cell(core: RimCore, kind: type[nn.LSTMCell] | type[nn.GRUCell]) -> nn.LSTMCell | nn.GRUCell:
    """Torch's cell with the weights of a core of one module that reads the whole input."""
    cell = kind(INPUTS, SIZE).double()
    # Torch's LSTM has the candidate third of the gates, ours last; its GRU's gates are in our order.
    order = [0, 1, 3, 2] if kind is nn.LSTMCell else [0, 1, 2]

    def ordered(weight: Tensor) -> Tensor:
        return torch.cat([weight.chunk(len(order))[i] for i in order])

    with torch.no_grad():
        cell.weight_ih.copy_(ordered(core.input_weights[0] @ core.values[0]))
        cell.weight_hh.copy_(ordered(core.recurrent_weights[0]))
        cell.bias_hh.copy_(ordered(core.bias[0, :, 0]))
        cell.bias_ih.zero_()
        if kind is nn.GRUCell:
            cell.bias_ih[2 * SIZE :] = core.cells.bias[0, :, 0]
    return cell


def test_one_module_without_attention_is_an_lstm_cell() -> None:
    core = build(modules=1, active=1, input_attention=False, communication=False)
    cell = torch_cell(core, nn.LSTMCell)
    x = torch.randn(N, 6, INPUTS, dtype=torch.float64)
    state = (x.new_zeros(N, SIZE), x.new_zeros(N, SIZE))
    outputs = []
    for moment in x.unbind(1):
        state = cell(moment, state)
        outputs.append(state[0])
    torch.testing.assert_close(core.scan(x, core.initial(N))[0], torch.stack(outputs, dim=1), atol=1e-6, rtol=0)


def test_one_module_without_attention_is_a_gru_cell() -> None:
    core = build(modules=1, active=1, input_attention=False, communication=False, cell="gru")
    cell = torch_cell(core, nn.GRUCell)
    x = torch.randn(N, 6, INPUTS, dtype=torch.float64)
    state, outputs = x.new_zeros(N, SIZE), []
    for moment in x.unbind(1):
        state = cell(moment, state)
        outputs.append(state)
    torch.testing.assert_close(core.scan(x, core.initial(N))[0], torch.stack(outputs, dim=1), atol=1e-6, rtol=0)


@pytest.mark.parametrize("options", [{}, {"input_heads": 3}, {"cell": "gru"}, {"variant": "released"}])
def test_a_scan_is_its_steps(options: dict[str, object]) -> None:
    core = build(**options)
    x = torch.randn(N, 5, INPUTS, dtype=torch.float64)
    outputs, last = core.scan(x, core.initial(N))
    state = core.initial(N)
    for t, moment in enumerate(x.unbind(1)):
        output, state = core.step(moment, state)
        torch.testing.assert_close(output, outputs[:, t])
    torch.testing.assert_close(last.memory.hidden, state.memory.hidden)
    assert torch.equal(last.active, state.active)


def test_samples_do_not_know_each_other() -> None:
    core = build()
    x = torch.randn(N, 5, INPUTS, dtype=torch.float64)
    together, _ = core.scan(x, core.initial(N))
    alone, _ = core.scan(x[3:4], core.initial(1))
    torch.testing.assert_close(alone, together[3:4])


def test_more_active_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="active = 6 must be at most modules = 5"):
        build(active=6)


def test_without_input_attention_all_must_be_active() -> None:
    with pytest.raises(ValueError, match="all of them must be active"):
        build(input_attention=False)
