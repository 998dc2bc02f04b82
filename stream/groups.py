"""Who of a consumer group reads which partition: sticky, fair, the same for everybody."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from topicstream.stream.records import TopicPartition


def share_out(
    subscriptions: Mapping[str, Collection[TopicPartition]],
    owners: Mapping[TopicPartition, str],
) -> dict[TopicPartition, str]:
    """Return an owner for each partition that some member wants, moving as few as possible.

    Parameters
    ----------
    subscriptions
        For each member the partitions that it wants.
    owners
        Who has had which partition so far.

    Examples
    --------
    >>> a, b = TopicPartition("documents", 0), TopicPartition("documents", 1)
    >>> alone = share_out({"anna": [a, b]}, {})
    >>> share_out({"anna": [a, b], "bert": [a, b]}, alone)[a]
    'bert'
    >>> share_out({"bert": [a, b]}, alone)[b]
    'bert'

    """
    shared = {part: name for part, name in owners.items() if part in subscriptions.get(name, ())}
    loads = dict.fromkeys(sorted(subscriptions), 0)
    for name in shared.values():
        loads[name] += 1
    for part in sorted({part for parts in subscriptions.values() for part in parts}):
        if part not in shared:
            shared[part] = min(_takers(subscriptions, part), key=loads.__getitem__)
            loads[shared[part]] += 1
    while _even_out(subscriptions, shared, loads):
        pass
    return dict(sorted(shared.items()))


def _takers(
    subscriptions: Mapping[str, Collection[TopicPartition]], part: TopicPartition
) -> list[str]:
    return [name for name in sorted(subscriptions) if part in subscriptions[name]]


def _even_out(
    subscriptions: Mapping[str, Collection[TopicPartition]],
    shared: dict[TopicPartition, str],
    loads: dict[str, int],
) -> bool:
    for part in sorted(shared):
        giver = shared[part]
        taker = min(_takers(subscriptions, part), key=loads.__getitem__)
        if loads[giver] - loads[taker] > 1:
            shared[part] = taker
            loads[giver] -= 1
            loads[taker] += 1
            return True
    return False
