"""English words to their sounds, as well as an hour of two cores allows: two nets that check each other.

Writes benchmarks/results/pronunciation_best.json. One thread a net. Rates as in pronunciation.py, on the same held-out
words of the split word by word, touched once a seed; nothing in the recipe was chosen by them.

"nets": one reads and writes forwards, one backwards: words and sounds both begin with their last. The backward one
stumbles at other places, for what is wrong early in one is late in the other.
"together": what either finds likely by beam search is put to both, and the answer with the highest sum of
log-probabilities counts (Liu and others, Agreement on target-bidirectional neural machine translation, 2016).
Seconds are those of the processor: cpu_seconds of the training, judge_seconds of all held-out words.

    RNNLAB_CHECKPOINTS=FOLDER python benchmarks/pronunciation_best.py [nets] [together] [--seeds 0 1 2]
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import torch  # noqa: E402
from pronunciation import RECIPE, by_length, net, objective, rates  # noqa: E402
from torch.nn.utils.rnn import pad_sequence  # noqa: E402
from torch.optim.lr_scheduler import OneCycleLR  # noqa: E402

from rnnlab import decoding, folders, pairs, training  # noqa: E402
from rnnlab.benchmark_results import add, load  # noqa: E402
from rnnlab.datasets.pronunciations import LETTERS, SOUNDS  # noqa: E402
from rnnlab.datasets.pronunciations import load as load_words  # noqa: E402
from rnnlab.models import parameter_count  # noqa: E402

WHAT = "Words to sounds: the best recipe"
BEST = RECIPE | dict(epochs=30)
WAYS = {"forwards": 1, "backwards": -1}
WIDTH = 6


def batches(part, way):
    """All pronunciations of each word, from the first letter and sound or from the last."""
    rows = [(word[::way], said[::way]) for word, all_ in zip(part.words, part.sounds, strict=True) for said in all_]
    sources, targets = zip(*rows, strict=True)
    sources, targets = pairs.number_sources(sources, LETTERS), pairs.number_targets(targets, SOUNDS)
    return pairs.PairBatches(sources, targets, BEST["batch"], shuffle=True)


def place(name, seed):
    return folders.checkpoint(f"benchmarks/sounds_{name}_{seed}.pt")


def trained(train, name, seed, epochs=BEST["epochs"]):
    """One net of the recipe; its weights stay in the folder of the checkpoints."""
    training.seed_everything(seed)
    model, data = net(BEST["hidden"], dropout=BEST["dropout"]), batches(train, WAYS[name])
    optimizer = torch.optim.Adam(model.parameters(), BEST["lr"])
    schedule = OneCycleLR(optimizer, BEST["lr"], total_steps=epochs * len(data), pct_start=0.15)
    how = dict(objective=objective(BEST["smoothing"]), schedule=schedule, clip=1.0)
    training.fit(model, data, optimizer, epochs, checkpoint=place(name, seed), **how)
    return model


def likely(model, words, way):
    """The likeliest answers to each word by beam search, from the first sound on: tuples of numbers."""
    found = []
    for source in pairs.number_sources([word[::way] for word in words], LETTERS):
        found.append([tuple(answer[::way]) for answer in decoding.beam_search(model, source, WIDTH)[0] if answer])
    return found


@torch.no_grad()
def log_probabilities(model, words, answers, way):
    """Of answers (one to a word, numbers of sounds) and their end, as the model would have written them: (N,)."""
    model.eval()
    sources = pairs.number_sources([word[::way] for word in words], LETTERS)
    targets = [torch.tensor([pairs.START, *answer[::way], pairs.END]) for answer in answers]
    lengths, scores = torch.tensor([len(source) for source in sources]), torch.empty(len(words))
    for S in lengths.unique().tolist():
        for rows in (lengths == S).nonzero()[:, 0].split(500):
            target = pad_sequence([targets[i] for i in rows], True, pairs.PAD)
            logits = model(torch.stack([sources[i] for i in rows]), lengths[rows], target[:, :-1])
            each = logits.log_softmax(dim=-1).gather(2, target[:, 1:, None])[..., 0]
            scores[rows] = each.masked_fill(target[:, 1:] == pairs.PAD, 0.0).sum(dim=1)
    return scores


def agreed(models, words):
    """For each word what each model alone finds best, and what all together: {name: answers}, answers of SOUNDS."""
    found = {name: likely(model, words, WAYS[name]) for name, model in models.items()}
    chances = [sorted(set().union(*some)) for some in zip(*found.values(), strict=True)]
    asked = [(word, answer) for word, some in zip(words, chances, strict=True) for answer in some]
    scores = sum(log_probabilities(model, *zip(*asked, strict=True), WAYS[name]) for name, model in models.items())
    best, at = [], 0
    for some in chances:
        best.append(some[scores[at : at + len(some)].argmax()])
        at += len(some)
    found = {name: [some[0] for some in rows] for name, rows in found.items()} | {"together": best}
    return {name: [[SOUNDS[s - 3] for s in answer] for answer in rows] for name, rows in found.items()}


def nets(train, seed):
    for name in WAYS:
        start = time.process_time()
        model = trained(train, name, seed)
        row = {"name": name, "seed": seed, "cpu_seconds": round(time.process_time() - start)}
        row |= {"hidden": BEST["hidden"], "parameters": parameter_count(model), "epochs": BEST["epochs"]}
        add("pronunciation_best", WHAT, "nets", row)
        print(row, flush=True)


def together(test, seed):
    models = {}
    for name in WAYS:
        models[name] = net(BEST["hidden"])
        training.load_best(place(name, seed), models[name])
    start = time.process_time()
    answers = agreed(models, test.words)
    seconds = round(time.process_time() - start)
    trained = [row for row in load("pronunciation_best")["results"]["nets"] if row["seed"] == seed]
    row = {"seed": seed, "cpu_seconds": sum(row["cpu_seconds"] for row in trained), "judge_seconds": seconds}
    row |= {"width": WIDTH, **rates(answers["together"], test), "by_length": by_length(answers["together"], test)}
    row["alone"] = {name: rates(answers[name], test) for name in WAYS}
    add("pronunciation_best", WHAT, "together", row)
    print(row, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["nets", "together"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train, test = load_words("words")
    for seed in arguments.seeds:
        if "nets" in arguments.parts:
            nets(train, seed)
        if "together" in arguments.parts:
            together(test, seed)


if __name__ == "__main__":
    main()
