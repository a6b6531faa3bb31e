"""Stored results can be read, and each says where it was measured."""

import pytest

from rnnlab import results


@pytest.mark.parametrize("name", sorted(path.stem for path in results.FOLDER.glob("*.json")))
def test_results_say_where_they_come_from(name):
    assert {"what", "machine", "threads", "versions", "results"} <= set(results.load(name))


@pytest.mark.parametrize("name", ["bppt", "", None, "../results/bptt"])
def test_an_unknown_name_is_refused_with_those_there_are(name):
    with pytest.raises(ValueError, match="expected one of .*bptt"):
        results.load(name)
