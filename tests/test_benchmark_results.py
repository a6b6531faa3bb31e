"""Stored results can be read, and each says where it was measured."""

import pytest

from rnnlab import benchmark_results


@pytest.mark.parametrize("name", sorted(path.stem for path in benchmark_results.FOLDER.glob("*.json")))
def test_results_say_where_they_come_from(name):
    assert {"what", "machine", "threads", "versions", "results"} <= set(benchmark_results.load(name))


@pytest.mark.parametrize("name", ["bppt", "", None, "../results/bptt"])
def test_an_unknown_name_is_refused_with_those_there_are(name):
    with pytest.raises((ValueError, TypeError), match="expected one of .*bptt"):
        benchmark_results.load(name)
