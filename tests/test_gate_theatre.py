"""Gate theatre shows the gates of the net it was given, free and forced, and refuses what it cannot draw."""

import base64

import pytest
import torch
from torch import nn

from rnnlab import cells
from rnnlab.explorers.gate_theatre import FORCES, LOOKS, C, GateTheatre
from rnnlab.explorers.gradient_river import GradientRiver


def net(hidden=4, inputs=3, answers=5, **changes):
    torch.manual_seed(0)
    lstm = nn.LSTM(inputs, hidden, **{"dtype": torch.float64, **changes})
    with torch.no_grad():
        for weight in lstm.parameters():
            weight.mul_(3)
    return lstm, nn.Linear(hidden, answers, dtype=torch.float64)


def sequence(steps=6, inputs=3):
    return torch.randn(steps, inputs, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def by_hand(lstm, head, x, force="none", at=None):
    """The run once more, a step at a time through nn.LSTM; only the forced step is written out."""
    state, rows = (torch.zeros(1, lstm.hidden_size, dtype=x.dtype),) * 2, []
    for t, x_t in enumerate(x, 1):
        h, c = state
        _, state = lstm(x_t[None], state)
        if force != "none" and t == at:
            sums = x_t @ lstm.weight_ih_l0.T + lstm.bias_ih_l0 + h @ lstm.weight_hh_l0.T + lstm.bias_hh_l0
            gate = dict(zip("ifgo", sums.chunk(4, dim=1), strict=True))
            i, f, o = (float(force[-1]) if force[0] == name else gate[name].sigmoid() for name in "ifo")
            c = f * c + i * gate["g"].tanh()
            state = o * c.tanh(), c
        rows.append(torch.cat([state[1], state[0]]))
    return torch.stack(rows).detach(), head(torch.stack(rows)[:, 1]).argmax(-1)


@pytest.mark.parametrize("force", FORCES)
@pytest.mark.parametrize("step", [1, 3, 6])
def test_every_run_is_the_net_s_own_with_one_gate_forced(force, step):
    lstm, head = net()
    explorer = GateTheatre(lstm, head, sequence())
    states, answers = by_hand(lstm, head, sequence(), force, step)
    values, shown = explorer.now(force, step)
    assert torch.equal(shown, answers)
    full = torch.tensor(explorer.numbers["full"])
    assert ((values[:, C:] - states).abs() <= 0.0051 * full[C:]).all()  # hundredths of the largest value
    if force != "none":
        assert (values[step - 1, list(LOOKS).index(force[0])] == float(force[-1])).all()


def test_the_gates_are_those_of_the_equation():
    lstm, head = net()
    x, (w_ih, w_hh, b_ih, b_hh) = sequence(), lstm.parameters()
    out = torch.cat([torch.zeros(1, 4), lstm(x)[0][:-1]])
    i, f, _, o = (x @ w_ih.T + b_ih + out @ w_hh.T + b_hh).detach().sigmoid().chunk(4, dim=1)
    shown = GateTheatre(lstm, head, x).now()[0]
    torch.testing.assert_close(shown[:, :3], torch.stack([f, i, o], dim=1), atol=0.0051, rtol=0)


def test_the_page_carries_the_table_once_in_bytes():
    explorer = GateTheatre(*net(8), sequence(20))
    rows = len(base64.b64decode(explorer.table)) // (5 * 8 + 1)
    assert rows == 20 + 6 * sum(range(1, 21))  # a forced run only from its step on
    assert len(explorer.table) < 72_000 and len(explorer.page()) < 130_000


def test_right_answers_are_counted_or_those_of_the_free_run():
    lstm, head = net()
    answers = by_hand(lstm, head, sequence())[1]
    wrong = answers.clone()
    wrong[3] = (wrong[3] + 1) % 5
    assert "No gate is forced: 6 of 6 answers are right." in GateTheatre(lstm, head, sequence(), y=answers).alt()
    explorer = GateTheatre(lstm, head, sequence(), y=wrong)
    assert "5 of 6 answers are right; the first wrong one is at step 4." in explorer.alt()
    assert explorer.numbers["known"] and not GateTheatre(lstm, head, sequence()).numbers["known"]
    assert "6 of 6" in GateTheatre(lstm, head, sequence()).alt()


@pytest.mark.parametrize("changes", [{"bias": False}, {"dtype": torch.float32}, {"batch_first": True}], ids=str)
def test_other_nets_of_the_kind_do_too_and_are_left_alone(changes):
    lstm, head = net(**changes)
    x = sequence().to(lstm.weight_ih_l0.dtype)
    before = [weight.clone() for weight in lstm.parameters()]
    shown = GateTheatre(lstm, head, x).now()[0][:, C + 1]
    torch.testing.assert_close(shown, lstm(x)[0].detach().double(), atol=0.0051, rtol=0)
    assert all(map(torch.equal, before, lstm.parameters())) and lstm.weight_hh_l0.grad is None


def test_cells_give_the_same_numbers():
    lstm, head = net()
    mine = cells.LSTM(3, 4).double()
    mine.load_state_dict(lstm.state_dict())
    assert GateTheatre(mine, head, sequence()).state() == GateTheatre(lstm, head, sequence()).state()


def test_every_position_can_be_drawn_and_none_outside():
    explorer = GateTheatre(*net(), sequence(3), labels="(x)")
    for explorer.look in LOOKS:
        for explorer.force in FORCES:
            for explorer.step in (1, 2, 3):
                assert explorer.still().tag == "svg"
    for name, bad, sentence in [
        ("step", 0, "step goes from 1 to 3"),
        ("step", 4, "and 4 is outside"),
        ("look", "g", "look must be one of f, i, o, c, h, not 'g'"),
        ("force", "f=0", "force must be one of none, f = 0.*not 'f=0'"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            setattr(explorer, name, bad)


def broken_net():
    lstm, head = net()
    with torch.no_grad():
        lstm.bias_hh_l0[0] = torch.nan
    return lstm, head


@pytest.mark.parametrize(
    ("error", "sentence", "nets", "x", "more"),
    [
        (TypeError, "lstm must be an LSTM.*not GRU", (nn.GRU(3, 4), net()[1]), sequence(), {}),
        (TypeError, "lstm must be an LSTM.*not str", ("lstm", net()[1]), sequence(), {}),
        (ValueError, "one layer and one direction", net(num_layers=2), sequence(), {}),
        (ValueError, "one layer and one direction", net(bidirectional=True), sequence(), {}),
        (ValueError, "hidden size up to 8, not 9", net(9), sequence(), {}),
        (TypeError, "head must be an nn.Linear, not Sequential", (net()[0], nn.Sequential()), sequence(), {}),
        (ValueError, "from the 4 units of lstm.*not from 3 to 5", (net()[0], nn.Linear(3, 5)), sequence(), {}),
        (ValueError, "lstm must have finite weights, and bias_hh_l0", broken_net(), sequence(), {}),
        (ValueError, r"x must be one sequence \(T, 3\).*not list", net(), [[0.0] * 3], {}),
        (ValueError, r"x must be one sequence \(T, 3\).*not \(1, 6, 3\)", net(), sequence()[None], {}),
        (ValueError, r"x must be one sequence \(T, 3\).*not \(6, 2\)", net(), sequence(6, 2), {}),
        (ValueError, "x must have 2 to 20 steps, not 1", net(), sequence(1), {}),
        (ValueError, "x must have 2 to 20 steps, not 21", net(), sequence(21), {}),
        (ValueError, "x must hold finite numbers", net(), sequence() / 0, {}),
        (ValueError, "one entry for each of the 6 steps, not 2", net(), sequence(), {"labels": "ab"}),
        (
            ValueError,
            r"y must be a tensor of 6 whole.*not torch.int64 \(5,\)",
            net(),
            sequence(),
            {"y": torch.arange(5)},
        ),
        (ValueError, "y must be a tensor of 6 whole.*torch.float32", net(), sequence(), {"y": torch.ones(6)}),
        (ValueError, "y must be a tensor of 6 whole.*not list", net(), sequence(), {"y": [0] * 6}),
        (ValueError, "y goes from 0 to 5, expected 0 to 4", net(), sequence(), {"y": torch.arange(6)}),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(error, sentence, nets, x, more):
    with pytest.raises(error, match=sentence) as refused:
        GateTheatre(*nets, x, **more)
    assert str(refused.value).endswith(".")


def test_the_marks_of_the_free_run_are_explained_and_leave_the_symbol_alone(open_explorer):
    root = open_explorer(GateTheatre.example().page())
    note, marks = root.locator(".note"), root.locator("path.free").get_attribute("d")
    assert note.text_content() == "The marks at the edges of a cell: f without the force."
    letters = root.locator(".letter").evaluate_all("all => all.map(one => [one.getBBox().x, one.getBBox().width])")
    starts = [float(part.split(",")[0]) for part in marks.lstrip("M").split("M")]
    assert marks.count("m") == marks.count("M") > 0
    assert not any(x < start + 8 and start < x + wide for start in starts for x, wide in letters)
    root.get_by_role("radio", name="none").check(force=True)
    assert note.text_content() == "" and root.locator("path.free").get_attribute("d") == ""


def test_answers_that_are_true_or_false_count_as_1_and_0(open_explorer):
    lstm, head = net(answers=2)
    explorer = GateTheatre(lstm, head, sequence(), y=by_hand(lstm, head, sequence())[1].bool())
    assert [type(answer) for answer in explorer.numbers["right"]] == [int] * 6
    assert "6 of 6 answers are right" in open_explorer(explorer.page()).locator(".say").inner_text()


def test_a_name_it_does_not_know_is_refused():
    with pytest.raises(TypeError, match="stpe"):
        GateTheatre(*net(), sequence(), stpe=3)
    with pytest.raises(TypeError, match="cel"):
        GradientRiver(cel="GRU")
