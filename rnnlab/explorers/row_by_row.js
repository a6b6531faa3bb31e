// Row by row: a stored picture, the rows read so far, and the ten beliefs PyTorch had after each row.

function render({ model, el }) {
  const { pixels, beliefs, labels } = model.get("numbers"), T = beliefs[0].length;
  const images = pixels.map(unpack), I = images[0].length / T;
  const rows = beliefs.map(table => table.map(row => row.map(v => v / 1000)));
  const controls = theRows(model, T), say = spoken();
  const reading = theReading(T, I, controls.own);
  const pick = choice("picture", labels.map((label, value) => ({ value, label })), model.get("digit"), digit => { controls.halt(); put(model, { digit }); });
  stage(el, "row-by-row", READING, html("div", { class: "controls" }, pick.node), html("div", { class: "controls" }, ...controls.nodes), reading.node, say.node);
  const stops = [fit(reading.curves, reading.lay), watch(model, ["digit", "row"], ({ digit, row }) => {
    const now = rows[digit], [first, second] = ranked(now[row - 1]), end = settles(now);
    pick.set(digit);
    controls.set(row);
    reading.draw({ pixels: images[digit], rows: now, row });
    say.set(`After row ${row} of ${T}: ${first} with ${percent(now[row - 1][first])}, then ${second} with ${percent(now[row - 1][second])}. `
      + `From row ${end.row} on it stays with ${end.digit}.`);
  })];
  return () => { controls.halt(); stops.forEach(stop => stop()); };
}
export default { render };
