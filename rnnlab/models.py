"""The few models used in more than one lesson. Each has the same call: a batch of sequences in, logits out."""
from torch import Tensor, nn

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
READINGS = ("each", "last", "max")


class Reader(nn.Module):
    """A recurrent layer, a rule for what to read off its outputs, and a linear layer.

    reading: "each", the output of every step (many-to-many, such as the next character); "last", the output of the
    last step, or "max", the maximum of each unit over time (many-to-one, such as a digit read row by row).
    cell: "rnn", "lstm" or "gru". ValueError for another name.

    forward: x (B, T, I) -> logits (B, V), or (B, T, V) if reading is "each".
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int,
                 cell: str = "lstm", reading: str = "last", num_layers: int = 1):
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell is {cell!r}, expected one of {', '.join(CELLS)}")
        if reading not in READINGS:
            raise ValueError(f"reading is {reading!r}, expected one of {', '.join(READINGS)}")
        self.reading = reading
        self.recurrent = CELLS[cell](input_size, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        out = self._outputs(x)                                     # (B, T, H)
        if self.reading == "last":
            out = out[:, -1]                                       # (B, H)
        elif self.reading == "max":
            out = out.amax(dim=1)                                  # (B, H)
        return self.head(out)

    def beliefs(self, x: Tensor) -> Tensor:
        """What the model would answer if the sequence ended here, at every step: x (B, T, I) -> logits (B, T, V)."""
        out = self._outputs(x)
        if self.reading == "max":
            out = out.cummax(dim=1).values                         # the maximum so far
        return self.head(out)

    def _outputs(self, x):
        I = self.recurrent.input_size
        if x.ndim != 3 or x.shape[2] != I:
            raise ValueError(f"x has shape {tuple(x.shape)}, expected (B, T, {I})")
        if 0 in x.shape:
            raise ValueError(f"x has shape {tuple(x.shape)}, expected at least one sequence and one step")
        return self.recurrent(x)[0]

    def extra_repr(self) -> str:
        return f"reading={self.reading!r}"


def parameter_count(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
