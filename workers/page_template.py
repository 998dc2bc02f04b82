"""The HTML around what the page says, with its styles: light, dark, wide and narrow."""

from __future__ import annotations

from string import Template

STYLE = """\
:root { color-scheme: light dark; --page: #fff; --text: #1c1c1c; --soft: #595959; --line: #dcdcdc;
  --event: #a3000f; --hit: #fff3c4; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16181b; --text: #ececec; --soft: #b0b0b0; --line: #3a3d42; --event: #ff8a80;
    --hit: #4a3f10; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--page);
  margin: 1.5rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { margin: 0; font-size: 1.7rem; overflow-wrap: anywhere; } h2 { margin: 2rem 0 .5rem; }
p { margin: .3rem 0; color: var(--soft); }
svg { display: block; width: 100%; height: auto; font: 13px system-ui, sans-serif; }
svg text { fill: var(--text); } .middle, .mark, .number { text-anchor: middle; }
.end { text-anchor: end; } .grid, .tick { stroke: var(--line); fill: none; }
.band { stroke: var(--page); stroke-width: .8; }
svg .mark { font-size: 12px; font-weight: 600; pointer-events: none; }
svg .mark.light { fill: #fff; } svg .mark.dark { fill: #111; paint-order: stroke;
  stroke: #fffa; stroke-width: 2.5px; }
path.event { stroke: var(--event); stroke-width: 1.4; stroke-dasharray: 3 3; }
circle.event { fill: var(--event); } svg .number { fill: var(--page); font-size: 10.5px;
  font-weight: 700; }
.spark { width: 120px; height: 22px; } .spark polyline { fill: none; stroke: var(--text);
  stroke-width: 1.3; }
.on-phone { display: none; }
@media (max-width: 700px) { .on-phone { display: block; } .on-desk { display: none; } }
ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.2rem; padding: 0;
  margin: .5rem 0; font-size: 14px; }
.legend li { display: flex; align-items: center; gap: .4rem; overflow-wrap: anywhere; }
.swatch { flex: none; width: .9rem; height: .9rem; border: 1px solid var(--line); }
.hatched { background-image: repeating-linear-gradient(45deg, #ccc 0 2px, #777 2px 5px); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; }
th, td { border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.time, td.share { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.words { min-width: 12rem; } td.label { min-width: 8rem; overflow-wrap: anywhere; }
tr:target { background: var(--hit); }
@media (max-width: 700px) {
  table, tbody, tr, td { display: block; } thead { position: absolute; left: -999rem; }
  tr { border-bottom: 1px solid var(--line); padding: .6rem 0; }
  tbody td, tbody td.number { border: 0; padding: .1rem 0; text-align: left; min-width: 0; }
  td:empty { display: none; } td::before { content: attr(data-label) ": "; color: var(--soft); }
  .spark { display: inline-block; } }
"""
"""What all pages have in common."""

PAGE = Template(
    """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
"""
    + STYLE
    + """\
</style>
</head>
<body>
<main>
<h1>$title</h1>
<p>$n_documents documents, $n_topics topics, $n_events drift events; $span</p>
<h2 id="over-time">Topics over time</h2>
<p>A number on an area is the topic's; a numbered dot is a drift event, told below.</p>
$chart
<ul class="legend">
$legend
</ul>
<h2 id="drift-events">Drift events</h2>
<div class="wide" role="region" aria-labelledby="drift-events" tabindex="0"><table id="events">
<thead><tr><th scope="col" class="number">no.</th><th scope="col">until (UTC)</th>\
<th scope="col">kind</th><th scope="col">topic</th><th scope="col">severity</th>\
<th scope="col">share of feed</th><th scope="col">words before</th>\
<th scope="col">words after</th><th scope="col">examples</th></tr></thead>
<tbody>
$events
</tbody></table></div>
<h2 id="all-topics">Topics</h2>
<div class="wide" role="region" aria-labelledby="all-topics" tabindex="0"><table id="topics">
<thead><tr><th scope="col" class="number">topic</th><th scope="col">words</th>\
<th scope="col" class="number">documents</th><th scope="col" class="number">share now</th>\
<th scope="col">share over time</th><th scope="col">first seen (UTC)</th>\
<th scope="col">last seen (UTC)</th></tr></thead>
<tbody>
$topics
</tbody></table></div>
</main>
</body>
</html>
"""
)
"""Takes title, n_documents, n_topics, n_events, span, chart, legend, events and topics."""
