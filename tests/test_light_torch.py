"""PyTorch without the parts that no page needs: they stay out of memory, numbers stay the same, all still works."""

import json
import subprocess
import sys

import torch
from torch import nn

from rnnlab import light_torch  # noqa: F401 - what is tested

TRAINED = """
import hashlib, json, sys, torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
{first}

class Seen(TorchDispatchMode):
    count = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.count += 1
        return function(*arguments, **(options or {{}}))

digests, kinds = {{}}, "SGD Adam AdamW RMSprop Adagrad NAdam LBFGS".split()
for kind in kinds:
    torch.manual_seed(0)
    net, x = nn.GRU(3, 5), torch.rand(4, 2, 3)
    optimizer = getattr(torch.optim, kind)(net.parameters(), 0.1)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=5, cycle_momentum=False)

    def loss():
        optimizer.zero_grad()
        loss = net(x)[0].square().sum()
        loss.backward()
        return loss

    for _ in range(3):
        loss()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step(loss)
        cycle.step()
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.add_param_group({{"params": nn.Linear(2, 2).parameters()}})
    torch.testing.assert_close(net.weight_hh_l0, net.weight_hh_l0.clone())
    weights = torch.cat([weight.detach().flatten() for weight in net.parameters()])
    digests[kind] = hashlib.sha256(weights.numpy().tobytes()).hexdigest()
with Seen() as seen:
    net(x)
digests["operations"] = seen.count
print(json.dumps([digests, [name for name in ("torch._dynamo", "torch.distributed.tensor") if name in sys.modules]]))
"""


def trained(first):
    """What the weights are in a process that begins like this, and which of the parts it has imported."""
    run = subprocess.run([sys.executable, "-c", TRAINED.format(first=first)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_parts_stay_out_and_every_weight_is_the_same():
    with_them, heavy = trained("")
    without, light = trained("import rnnlab.training")
    assert light == [], "PyTorch does it in another way now: its kernels take 200 MiB more"
    assert heavy == ["torch._dynamo", "torch.distributed.tensor"], "it is not needed any more"
    assert without == with_them and len(set(without.values())) == 8


def test_a_step_takes_no_gradient_unless_it_is_to_be_differentiable():
    for differentiable in (False, True):
        start = torch.ones(2, requires_grad=True)
        weight = start.clone()
        weight.retain_grad()
        optimizer = torch.optim.SGD([weight], lr=0.1, differentiable=differentiable)
        weight.square().sum().backward(retain_graph=True)
        version = weight.grad_fn
        optimizer.step()
        assert torch.is_grad_enabled() and (weight.grad_fn is not version) == differentiable


def test_whoever_compiles_still_can():
    net = nn.Linear(3, 2)
    before, optimizer = net.weight.clone(), torch.optim.Adam(net.parameters(), 0.1)

    @torch.compile(backend="eager")
    def update():
        optimizer.zero_grad()
        net(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()

    update()
    moved = (net.weight - before).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 0.1))  # Adam's first step has the length of its rate
