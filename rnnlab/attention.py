"""Encoder and decoder with attention: one sequence in, another one out, each of its own length."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnlab import expect
from rnnlab.pairs import PAD

ATTENTIONS = ("none", "dot", "additive")


class EncoderDecoder(nn.Module):
    """A recurrent layer reads a sequence, another writes one and looks back at what was read.

    source_size: how many symbols the source has, 0 the padding.  target_size: the same of the target, with PAD, START
    and END, 0 to 2.  hidden_size: H, of the decoder; the encoder's directions share it, and symbols get H / 2 numbers.
    attention: "dot" (Luong and others 2015), "additive" (Bahdanau and others 2014), or "none": the encoder's last
    state at every step, through the same layers.  dropout: in training, of the symbols' vectors and before the head.

    memory (B, S, H) = GRU of the source, both ways side by side; last (B, H) its last states, the decoder's first.
    out (B, T, H) = GRU of the target so far; context (B, T, H) = attention of out to memory;
    logits (B, T, V) = head(tanh(combine([out, context]))).

    forward: source (B, S), lengths (B,), target_in (B, T) -> logits (B, T, V).
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        hidden_size: int = 64,
        attention: str = "dot",
        bidirectional: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        H = expect.whole("hidden_size", hidden_size, 2)
        if H % 2:
            raise ValueError(f"hidden_size is {H}, expected an even number: two directions share it")
        self.attention = expect.one_of("attention", attention, ATTENTIONS)
        each = H // 2 if expect.flag("bidirectional", bidirectional) else H
        self.source_embedding = nn.Embedding(expect.whole("source_size", source_size, 2), H // 2, padding_idx=PAD)
        self.encoder = nn.GRU(H // 2, each, batch_first=True, bidirectional=bidirectional)
        self.target_embedding = nn.Embedding(expect.whole("target_size", target_size, 4), H // 2, padding_idx=PAD)
        self.decoder = nn.GRU(H // 2, H, batch_first=True)
        if attention == "additive":
            self.query, self.key = nn.Linear(H, H), nn.Linear(H, H, bias=False)
            self.energy = nn.Linear(H, 1, bias=False)
        self.combine = nn.Linear(2 * H, H)
        self.head = nn.Linear(H, target_size)
        self.dropout = nn.Dropout(expect.probability("dropout", dropout))

    def forward(self, source: Tensor, lengths: Tensor, target_in: Tensor) -> Tensor:
        memory, last, mask = self.encode(source, lengths)
        return self.decode(target_in, last, memory, mask)[0]

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is read: source (B, S), lengths (B,) -> memory (B, S, H), last (B, H), mask (B, S), True at letters."""
        expect.indices("source", source, self.source_embedding.num_embeddings, "B S")
        lengths = expect.lengths("lengths", lengths, source.shape[1], len(source), source.device).cpu()
        S = source.shape[1]
        mask = torch.arange(S, device=source.device) < lengths[:, None].to(source.device)
        if odd := source.masked_fill(mask, PAD).any(dim=1).nonzero()[:, 0].tolist():
            n = lengths[odd[0]]
            raise ValueError(f"source[{odd[0]}] goes on behind its length of {n}, expected padding there, {PAD}")
        x = self.dropout(self.source_embedding(source))  # (B, S, H/2)
        if lengths.min() == S:  # nothing is padded
            memory, h_n = self.encoder(x)
        else:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            memory, h_n = self.encoder(packed)
            memory, _ = pad_packed_sequence(memory, batch_first=True, total_length=S)
        last = h_n.transpose(0, 1).flatten(1)  # (B, H): where each direction ended
        return memory, last, mask

    def decode(
        self, target_in: Tensor, state: Tensor, memory: Tensor, mask: Tensor, last: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Some steps: target_in (B, T), state (B, H) -> logits (B, T, V), weights (B, T, S), the next state (B, H).

        last: the encoder's last state, where `state` is no longer that.
        """
        last = state if last is None else last
        sizes, like = {"H": self.decoder.hidden_size}, {"dtype": self.head.weight.dtype, "like": " like the weights"}
        expect.tensor("state", state, "B H", sizes, **like)
        expect.tensor("memory", memory, "B S H", sizes, **like)
        expect.tensor("last", last, "B H", sizes, **like)
        if not expect.tensor("mask", mask, "B S", sizes, dtype=torch.bool).any(dim=1).all():
            raise ValueError("mask hides all of a row, expected at least one letter to look at")
        expect.indices("target_in", target_in, self.target_embedding.num_embeddings, "B T", sizes)
        x = self.dropout(self.target_embedding(target_in))  # (B, T, H/2)
        out, h_n = self.decoder(x, state[None].contiguous())  # (B, T, H)
        if self.attention == "none":
            weights = mask[:, None].expand(-1, out.shape[1], -1) / mask.sum(1)[:, None, None]
            context = last[:, None].expand_as(out)
        else:
            weights = self._scores(out, memory).masked_fill(~mask[:, None], -torch.inf).softmax(dim=-1)
            context = weights @ memory  # (B, T, H)
        attended = torch.tanh(self.combine(torch.cat([out, context], dim=-1)))
        return self.head(self.dropout(attended)), weights, h_n[0]

    def scores(self, out: Tensor, memory: Tensor) -> Tensor:
        """How well each step of the decoder fits each letter: out (B, T, H), memory (B, S, H) -> (B, T, S)."""
        if self.attention == "none":
            raise ValueError("attention is 'none', expected a model with attention: 'dot' or 'additive'")
        sizes, like = {"H": self.decoder.hidden_size}, {"dtype": self.head.weight.dtype, "like": " like the weights"}
        expect.tensor("out", out, "B T H", sizes, **like)
        expect.tensor("memory", memory, "B S H", sizes, **like)
        return self._scores(out, memory)

    def _scores(self, out, memory):
        if self.attention == "dot":
            return out @ memory.mT
        pairs = self.query(out)[:, :, None] + self.key(memory)[:, None]  # (B, T, S, H)
        return self.energy(torch.tanh(pairs))[..., 0]


def _shares(name, value):
    """Weights (T, S): no number below 0, each row adds up to 1."""
    expect.tensor(name, value, "T S")
    if value.min() < 0 or not torch.allclose(value.sum(dim=1), value.new_ones(len(value)), atol=1e-3):
        raise ValueError(f"{name} holds other numbers than shares, expected each row from 0 up and 1 in all")


@expect.takes(weights=_shares)
def monotone_share(weights: Tensor) -> Tensor:
    """The share of weights (T, S), each row of them 1, that lies within one place of the best path through them.

    The path has one place in each row and never goes back.  A scalar from 0 to 1.
    """
    near = F.avg_pool1d(weights[None], 3, 1, padding=1)[0] * 3  # (T, S): each place and its neighbours
    best = near[0]
    for row in near[1:]:
        best = row + best.cummax(dim=0).values
    return best.max() / len(weights)
