"""``topicstream run``: the whole service in one process, with a bar or lines of progress."""

from __future__ import annotations

from rich.console import Console

from topicstream.workers import collector, service
from topicstream.workers.commands.progress import Display, Rate
from topicstream.workers.settings import Settings


def run(settings: Settings) -> None:
    """Run the service, show its progress on standard error, and say at the end what it wrote."""
    collector.relax()
    rate = Rate()
    with Display(Console(stderr=True)) as display:
        done = service.run(
            settings, lambda now: display.show(words(now, rate), now.n_bytes, now.n_total_bytes)
        )
    for line in summary(done, settings):
        display.say(line)


def words(now: service.Progress, rate: Rate) -> str:
    """Return one line about a run that goes on."""
    per_s = rate.at(now.n_documents, now.elapsed_s)
    if now.state:
        return now.state
    # Those that an earlier run has fed count on the one side only.
    lag = max(0, now.n_fed - now.n_documents - now.n_dead)
    return (
        f"{now.n_documents:,} documents, {per_s:,.0f}/s, {now.n_topics} topics, "
        f"{now.n_events} events, lag {lag:,}"
    )


def summary(done: service.Progress, settings: Settings) -> list[str]:
    """Return what is said of a run at its end.

    Examples
    --------
    >>> from topicstream.workers.settings import load
    >>> done = service.Progress(n_documents=20, n_answers=20, n_dead=1, elapsed_s=2.0, sequence=3)
    >>> print(summary(done, load(environment=False))[0])
    done: 20 documents in 2.0 s (10/s), 0 topics, 0 drift events

    """
    per_s = done.n_documents / done.elapsed_s if done.elapsed_s else 0.0
    lines = [
        f"{'stopped' if done.stopped else 'done'}: {done.n_documents:,} documents in "
        f"{done.elapsed_s:.1f} s ({per_s:,.0f}/s), {done.n_topics} topics, "
        f"{done.n_events} drift events",
        f"answers {done.n_answers:,}, dead letters {done.n_dead:,}, lines written in all "
        f"{done.n_lines:,}: in {settings.output}; the state is in {settings.state}",
    ]
    if done.n_dead:
        place = settings.output / "deadletter.jsonl"
        lines.append(f"what was refused is in {place}, each document with the reason")
    if done.state_hash:
        lines.append(f"batch {done.sequence}, state hash {done.state_hash}")
    if done.stopped:
        lines.append("run the same command again, and it continues from here")
    return lines
