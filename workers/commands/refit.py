"""``topicstream refit``: topics found anew, shown, and posted to the service."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from topicstream.workers import refit as refits
from topicstream.workers import wiring
from topicstream.workers.commands.progress import Display
from topicstream.workers.refit import Fit, Made
from topicstream.workers.refit_fit import fit_apart
from topicstream.workers.settings import Settings
from topicstream.workers.sources import newest_model, opened


def refit(settings: Settings, *, dry_run: bool = False, fit: Fit = fit_apart) -> None:
    """Make a refit, show on standard error what it changes, and post it.

    Parameters
    ----------
    settings
        Where the service is, and how topics are found.
    dry_run
        Post nothing; False by default.
    fit
        What finds the clusters; by default UMAP and HDBSCAN, in another process.

    """
    with opened(settings, None) as log, Display(Console(stderr=True)) as display:
        model = newest_model(settings, None)
        source = refits.Source(log, wiring.names(settings))
        rules = wiring.refit_settings(settings)
        made = refits.make(source, model, rules, fit, display.say)
        for line in told(made):
            display.say(line)
        if dry_run:
            display.say("nothing was posted: this was a dry run")
            return
        if made.candidate.is_empty:
            display.say("nothing was posted: every topic is confirmed as it is")
            return
        name = refits.post(made, wiring.refits(settings))
        display.say(f"posted as {name[:12]}; the service takes or refuses it before its next batch")


def told(made: Made) -> Iterator[str]:
    """Yield lines about what a refit changes."""
    candidate, before, after = made.candidate, made.before.labels(), made.after.labels()
    changed = [topic for topic in candidate.keeps if topic >= 0]
    new = sorted({*after} - {*before})
    yield (
        f"{len(candidate.known)} topics lived after batch {candidate.sequence}: "
        f"{len(candidate.stays)} stay as they are, {len(changed)} change, {len(candidate.into)} go "
        f"into others, {len(candidate.rests)} rest; {len(new)} are new"
    )
    if candidate.coherence is not None:
        one, other = candidate.coherence
        yield f"NPMI of the words: {one:.3f}, and {other:.3f} with the refit"
    yield from (f"  changed: {before[topic]}, now {after[topic]}" for topic in changed)
    parents = made.after.lineage.parents
    for topic in new:
        origin = ", ".join(before.get(parent, "") for parent in parents.get(topic, ()))
        yield f"  new: {after[topic]}" + (f", a part of {origin}" if origin else "")
    yield from (f"  rests: {before[topic]}" for topic in candidate.rests)
    resting = {topic.id: topic.into for topic in made.after.lineage.resting}
    for topic in candidate.into:
        yield f"  merged: {before[topic]} into {', '.join(after[t] for t in resting[topic])}"
