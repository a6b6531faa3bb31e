// A net that came with the page: its weights, the steps of its layers, the letters it knows. Matrices are flat, row after row, named as PyTorch names them.

// {name: {shape, values, scales}} of eight_bits.py -> {name: numbers}: a matrix is 8 bits times the scale of the row, a vector as it was.
function weights(packed) {
  const view = text => new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
  return Object.fromEntries(Object.entries(packed).map(([name, { shape, values, scales }]) => {
    const whole = view(values), rows = scales && view(scales), size = shape.reduce((a, b) => a * b);
    const number = rows ? i => whole.getInt8(i) * rows.getFloat32(4 * Math.floor(i / shape[1]), true) : i => whole.getFloat32(4 * i, true);
    return [name, Float64Array.from({ length: size }, (_, i) => number(i))];
  }));
}

// W x + b for W (R, C): one number for each of the R entries of b.
function affine(W, b, x) {
  const C = x.length;
  return b.map((sum, r) => {
    for (let c = 0, i = r * C; c < C; c++) sum += W[i++] * x[c];
    return sum;
  });
}
const sigmoid = v => 1 / (1 + Math.exp(-v));
function softmax(logits) {
  const top = Math.max(...logits), powers = Array.from(logits, v => Math.exp(v - top)), sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(v => v / sum);
}

// One step, as nn.RNN, nn.LSTM and nn.GRU take it. layer: {weight_ih, weight_hh, bias_ih, bias_hh}; gates in PyTorch's order.
function rnnStep({ weight_ih, weight_hh, bias_ih, bias_hh }, x, h) {
  const a = affine(weight_ih, bias_ih, x), b = affine(weight_hh, bias_hh, h);
  return a.map((v, u) => Math.tanh(v + b[u]));
}
function lstmStep({ weight_ih, weight_hh, bias_ih, bias_hh }, x, { h, c }) {
  const H = h.length, a = affine(weight_ih, bias_ih, x), b = affine(weight_hh, bias_hh, h), sum = a.map((v, i) => v + b[i]);
  const cell = c.map((old, u) => sigmoid(sum[H + u]) * old + sigmoid(sum[u]) * Math.tanh(sum[2 * H + u]));
  return { h: cell.map((v, u) => sigmoid(sum[3 * H + u]) * Math.tanh(v)), c: cell };
}
function gruStep({ weight_ih, weight_hh, bias_ih, bias_hh }, x, h) {
  const H = h.length, a = affine(weight_ih, bias_ih, x), b = affine(weight_hh, bias_hh, h);
  return h.map((old, u) => {
    const keep = sigmoid(a[H + u] + b[H + u]), fresh = Math.tanh(a[2 * H + u] + sigmoid(a[u] + b[u]) * b[2 * H + u]);
    return (1 - keep) * fresh + keep * old;
  });
}
// The weights of one layer and one direction out of all: layerOf(all, "recurrent") or layerOf(all, "encoder", "_reverse").
const layerOf = (all, name, way = "") => Object.fromEntries(["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(part => [part, all[`${name}.${part}_l0${way}`]]));

// What of a text the net has numbers for, and what it has not: as it stands, or small, or without its accent.
function legible(text, letters) {
  const kept = [], strange = new Set();
  for (const c of text) {
    const found = letters.includes(c) ? [c] : [...c.toLowerCase().normalize("NFKD")].filter(one => letters.includes(one));
    if (found.length) kept.push(...found); else strange.add(c);
  }
  return { kept, strange: [...strange] };
}
