"""English words to their sounds, as well as we can: a net and plain counting judge each other's answers.

Writes benchmarks/results/pronunciation_best.json. One thread. Rates as in pronunciation.py, of the same held-out words
of the split word by word. That the two together do better was first seen on a quarter of them; no number was chosen by
them. "families": counting on the other split.

"counting": letters with their sounds as one symbol each, and n-grams of seven of them (graphones.py), by beam search.
"minute" and "best": what the net and counting find likely by beam search is put to both, and the answer with the
highest sum of their log-probabilities counts. The net of "minute" is that of pronunciation.py with dot attention
(H = 128), trained for 60 s; that of "best" the recipe there (H = 256), for 30 epochs.
Seconds are those of the processor: cpu_seconds of learning, judge_seconds of all held-out words.

    python benchmarks/pronunciation_best.py [counting] [families] [minute] [best] [--seeds 0 1 2]
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import torch  # noqa: E402
from graphones import ORDER, Graphones  # noqa: E402
from pronunciation import RECIPE, Timed, by_length, net, numbered, objective, rates  # noqa: E402
from torch.nn.utils.rnn import pad_sequence  # noqa: E402
from torch.optim.lr_scheduler import OneCycleLR  # noqa: E402

from rnnlab import decoding, folders, pairs, training  # noqa: E402
from rnnlab.benchmark_results import add  # noqa: E402
from rnnlab.datasets.pronunciations import LETTERS, SOUNDS  # noqa: E402
from rnnlab.datasets.pronunciations import load as load_words  # noqa: E402
from rnnlab.models import parameter_count  # noqa: E402

WHAT = "Words to sounds: nets and counting together"
BEST = RECIPE | dict(epochs=30)
WIDTH, WIDE = 6, 30  # of the beam of a net, and of counting, where a beginning costs next to nothing


def minute(train, seed):
    """A net that learns for a minute."""
    training.seed_everything(seed)
    model = net(128)
    optimizer = torch.optim.Adam(model.parameters(), 0.006)
    batches = Timed(numbered(train, 128, shuffle=True), 60, optimizer)
    training.fit(model, batches, optimizer, 1, loss=pairs.padded_cross_entropy, clip=1.0, show=False)
    return model


def best(train, seed):
    """A net of the recipe."""
    training.seed_everything(seed)
    model = net(BEST["hidden"], dropout=BEST["dropout"])
    batches = numbered(train, BEST["batch"], variants=True, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), BEST["lr"])
    schedule = OneCycleLR(optimizer, BEST["lr"], total_steps=BEST["epochs"] * len(batches), pct_start=0.15)
    how = dict(objective=objective(BEST["smoothing"]), schedule=schedule, clip=1.0)
    training.fit(model, batches, optimizer, BEST["epochs"], **how)
    return model


def learned(make, train, seed):
    """The net and the seconds it took; both are kept in the folder of the checkpoints, for a run judged again."""
    kept = folders.checkpoint(f"benchmarks/sounds_{make.__name__}_{seed}.pt")
    if not kept.exists():
        start = time.process_time()
        model = make(train, seed)
        torch.save({"seconds": time.process_time() - start, "weights": model.state_dict()}, kept)
    found = torch.load(kept, weights_only=True)
    model = net(len(found["weights"]["combine.bias"]))
    model.load_state_dict(found["weights"])
    return model, found["seconds"]


def counted(train):
    """Graphones of all words and all their pronunciations."""
    rows = [(word, said) for word, all_ in zip(train.words, train.sounds, strict=True) for said in all_]
    return Graphones(letters([word for word, _ in rows]), [[SOUNDS.index(s) + 3 for s in said] for _, said in rows])


def letters(words):
    return [source.tolist() for source in pairs.number_sources(words, LETTERS)]


def spoken(answers):
    return [[SOUNDS[number - 3] for number in answer] for answer in answers]


@torch.no_grad()
def log_probabilities(model, words, answers):
    """Of an answer to each word, and of its end, as the net would have written it: (N,)."""
    model.eval()
    sources = pairs.number_sources(words, LETTERS)
    targets = [torch.tensor([pairs.START, *answer, pairs.END]) for answer in answers]
    lengths, scores = torch.tensor([len(source) for source in sources]), torch.empty(len(words))
    for S in lengths.unique().tolist():
        for rows in (lengths == S).nonzero()[:, 0].split(500):
            target = pad_sequence([targets[i] for i in rows], True, pairs.PAD)
            logits = model(torch.stack([sources[i] for i in rows]), lengths[rows], target[:, :-1])
            each = logits.log_softmax(dim=-1).gather(2, target[:, 1:, None])[..., 0]
            scores[rows] = each.masked_fill(target[:, 1:] == pairs.PAD, 0.0).sum(dim=1)
    return scores


def together(model, count, guesses, words):
    """For each word what the net alone finds best, and what both do: {name: answers}, numbers of sounds."""
    alone = [decoding.beam_search(model, source, WIDTH)[0] for source in pairs.number_sources(words, LETTERS)]
    chances = [sorted({tuple(a) for a in (*mine, *yours) if a}) for mine, yours in zip(alone, guesses, strict=True)]
    asked = [(word, answer) for word, some in zip(words, chances, strict=True) for answer in some]
    scores = log_probabilities(model, *zip(*asked, strict=True)).double()
    scores += torch.from_numpy(count.log_probabilities(letters([word for word, _ in asked]), [a for _, a in asked]))
    agreed = [some[part.argmax()] for some, part in zip(chances, scores.split([len(c) for c in chances]), strict=True)]
    return {"net": [some[0] for some in alone], "together": agreed}


def measured(answers, test):
    return {**rates(spoken(answers), test), "by_length": by_length(spoken(answers), test)}


def counting(part, train, test):
    """What is counted, its answers to each word; and what is wrong of the best of them is stored."""
    start = time.process_time()
    count = counted(train)
    seconds, start = time.process_time() - start, time.process_time()
    guesses = count.likely(letters(test.words), WIDE)
    row = {
        "seed": 0,
        "order": ORDER,
        "symbols": len(count.known),
        "entries": count.entries,
        "cpu_seconds": round(seconds),
    }
    row |= {"judge_seconds": round(time.process_time() - start), "width": WIDE}
    add("pronunciation_best", WHAT, part, row | measured([some[0] for some in guesses], test))
    return count, guesses


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["families", "counting", "minute", "best"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if "families" in arguments.parts:
        counting("families", *load_words("families"))
    train, test = load_words("words")
    count, guesses = counting("counting", train, test)
    for part, make in {"minute": minute, "best": best}.items():
        for seed in arguments.seeds if part in arguments.parts else ():
            model, seconds = learned(make, train, seed)
            start = time.process_time()
            answers = together(model, count, guesses, test.words)
            row = {"seed": seed, "hidden": model.decoder.hidden_size, "parameters": parameter_count(model)}
            row |= {"cpu_seconds": round(seconds), "judge_seconds": round(time.process_time() - start)}
            row |= {"width": WIDTH, **measured(answers["together"], test), "net": measured(answers["net"], test)}
            add("pronunciation_best", WHAT, part, row)
            print(row, flush=True)


if __name__ == "__main__":
    main()
