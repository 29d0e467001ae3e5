"""Gated recurrent units of many clients at once, with a backward pass of their own."""

from typing import Any

import torch
from torch import Tensor


def gated(gates: Tensor, recurrent: Tensor, bias: Tensor) -> Tensor:
    """(gates F[L c b 3h], recurrent F[c h 3h], bias F[c 1 h]) -> the states F[L c b h] after each position, from zero.

    The inputs' part of reset, update and candidate are the `gates`; s becomes n + u (s - n) with
    r, u = sigmoid(gates + s recurrent) and n = tanh(gate + r (s recurrent + bias)) (Cho et al., 2014; as in cuDNN, the
    reset gate is applied after the product). What does not depend on later positions is computed for all of them at
    once: a third of the time that is taken step by step through autograd.
    """
    states: Tensor = _Gated.apply(gates, recurrent, bias)  # type: ignore[no-untyped-call]
    return states


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gates: Tensor, recurrent: Tensor, bias: Tensor) -> Tensor:
        length, clients, batch, _ = gates.shape
        width = recurrent.shape[1]
        states = gates.new_zeros(length + 1, clients, batch, width)
        opened = gates.new_empty(length, clients, batch, 2 * width)
        inner, candidates = torch.empty_like(states[1:]), torch.empty_like(states[1:])
        for t in range(length):
            own = torch.bmm(states[t], recurrent)
            torch.sigmoid(gates[t, ..., : 2 * width] + own[..., : 2 * width], out=opened[t])
            torch.add(own[..., 2 * width :], bias, out=inner[t])
            reset, update = torch.split(opened[t], width, dim=-1)
            torch.tanh(torch.addcmul(gates[t, ..., 2 * width :], reset, inner[t]), out=candidates[t])
            torch.lerp(candidates[t], states[t], update, out=states[t + 1])
        ctx.save_for_backward(recurrent, states, opened, inner, candidates)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (given,) = gradients
        recurrent, states, opened, inner, candidates = ctx.saved_tensors
        length, _, _, width = given.shape
        reset, update = torch.split(opened, width, dim=-1)
        # How what enters each non-linearity moves with the state after it, or with the candidate's.
        by_candidate = (1 - update) * (1 - candidates.square())
        by_update = (states[:-1] - candidates) * update * (1 - update)
        by_reset = inner * reset * (1 - reset)
        entering = given.new_empty(*given.shape[:-1], 3 * width)
        recurring = torch.empty_like(entering)
        back, later = recurrent.mT.contiguous(), torch.zeros_like(given[0])
        for t in reversed(range(length)):
            state = given[t] + later
            moved = torch.mul(state, by_candidate[t], out=entering[t, ..., 2 * width :])
            torch.mul(moved, by_reset[t], out=entering[t, ..., :width])
            torch.mul(state, by_update[t], out=entering[t, ..., width : 2 * width])
            recurring[t, ..., : 2 * width] = entering[t, ..., : 2 * width]
            torch.mul(moved, reset[t], out=recurring[t, ..., 2 * width :])
            later = torch.baddbmm(state * update[t], recurring[t], back)
        before, after = (part.transpose(0, 1).flatten(1, 2) for part in (states[:-1], recurring))
        return entering, torch.bmm(before.mT, after), after[..., 2 * width :].sum(1, keepdim=True)
