/**
 * The report's style sheet: one column of cards, tables that scroll in themselves, light and dark
 * by the reader's setting, paper in print.
 */
export const reportStyle = `
:root {
  --page: #f5f6f8; --card: #ffffff; --ink: #171a21; --muted: #5d6675; --rule: #e4e7ec; --hover: #f1f3f7;
  --teacher: #8b95a7; --ensemble: #4f5fd8; --gain: #0b7a5c; --loss: #b3403a; --work: #4f5fd8; --halt: #9a6a12; --fail: #b3403a;
  --series-0: #0c9b78; --series-1: #d97a08; --series-2: #c43d82; --series-3: #2b80d4;
  --series-4: #8a55c7; --series-5: #77851a; --series-6: #c4503b; --series-7: #3b8f9c;
  --radius: 14px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1015; --card: #161a21; --ink: #e9ecf1; --muted: #99a3b3; --rule: #282e39; --hover: #1d222b;
    --teacher: #7d889b; --ensemble: #93a0ff; --gain: #4fd1a8; --loss: #f08d86; --work: #5f6de0; --halt: #a87a24; --fail: #c4524b;
    --series-0: #3ccba3; --series-1: #f5a742; --series-2: #ef7fb5; --series-3: #6cb2f5;
    --series-4: #bd95ee; --series-5: #b5c453; --series-6: #f0907c; --series-7: #6fc4d1;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
h1, h2, h3, p, dl, dd, figure { margin: 0; }
.kicker { color: var(--muted); font-size: 13px; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; }
h1 { font-size: clamp(30px, 5vw, 44px); line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
.lead { margin-top: 10px; max-width: 62ch; font-size: 18px; color: var(--muted); }
h2 { font-size: 20px; letter-spacing: -.01em; }
h3 { margin: 24px 0 8px; font-size: 15px; }
small { display: block; color: var(--muted); font-size: 12.5px; font-weight: 400; }
.note { max-width: 84ch; margin-top: 2px; color: var(--muted); font-size: 13.5px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(225px, 1fr)); gap: 14px; margin-top: 28px; }
.tiles > div, section { background: var(--card); border: 1px solid var(--rule); border-radius: var(--radius); }
.tiles > div { padding: 16px 20px 18px; }
.tiles dt { color: var(--muted); font-size: 13.5px; }
.tiles dd { font-size: 34px; font-weight: 650; line-height: 1.25; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tiles .detail { font-size: 13px; font-weight: 400; line-height: 1.4; letter-spacing: 0; color: var(--muted); }
nav { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 26px 2px 0; font-size: 14px; }
nav a { color: var(--ensemble); text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { margin-top: 18px; padding: 22px 24px 24px; scroll-margin-top: 12px; }
section > .scroll, section > table, section > .charts, section > .facts { margin-top: 14px; }
.scroll { overflow: auto; max-width: 100%; }
.scroll:focus-visible, button:focus-visible, summary:focus-visible, input:focus-visible { outline: 2px solid var(--ensemble); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 10px; border-bottom: 1px solid var(--rule); text-align: right; vertical-align: top; white-space: nowrap; font-size: 14px; }
tbody tr:last-child > * { border-bottom: 0; }
th:first-child { padding-left: 0; text-align: left; }
thead th { color: var(--muted); font-size: 12.5px; font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 550; }
tbody tr:hover > * { background-color: var(--hover); }
tr.student > * { font-weight: 650; }
.bar { text-align: left; }
.meter { display: flex; align-items: center; gap: 8px; min-width: 112px; }
.meter b { flex: none; min-width: 3.1em; font-weight: inherit; text-align: right; }
.meter i { flex: 1; height: 9px; border-radius: 5px; background: linear-gradient(var(--colour), var(--colour)) no-repeat 0 0 / calc(var(--share) * 100%) 100%, color-mix(in srgb, var(--colour) 14%, transparent); }
.costs td.bar { width: 100%; }
.costs thead th.bar { padding-left: 10px; }
.costs tbody th { min-width: 160px; white-space: normal; }
.costs thead th { white-space: normal; min-width: 92px; }
.classes .meter { min-width: 98px; }
.costs .meter b { min-width: 6.4em; }
.costs .meter { min-width: 200px; }
.dot { display: inline-block; width: 9px; height: 9px; margin-right: 8px; border-radius: 50%; background: var(--colour); }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 26px 28px; }
.charts figure:first-child { grid-column: 1 / -1; }
figcaption { margin-bottom: 6px; font-size: 14px; font-weight: 600; }
.chart { min-height: 260px; }
.uplot { width: auto; max-width: 100%; font-family: inherit; }
.uplot .u-legend { margin-top: 4px; padding-left: 8px; text-align: left; font-size: 12.5px; color: var(--muted); font-variant-numeric: tabular-nums; }
.uplot .u-legend { display: block; max-width: 100%; }
.uplot .u-legend tr { max-width: 100%; }
.uplot .u-legend th, .uplot .u-legend td { padding: 1px 3px; border: 0; font-size: 12.5px; background: none; white-space: normal; overflow-wrap: anywhere; }
.uplot .u-legend .u-value { min-width: 4.5em; text-align: left; color: var(--ink); }
.u-select { background: color-mix(in srgb, var(--ensemble) 16%, transparent); }
.u-hz .u-cursor-x, .u-hz .u-cursor-y { border-color: var(--muted); }
.filter { width: min(280px, 100%); margin-top: 14px; padding: 8px 12px; border: 1px solid var(--rule); border-radius: 9px; background: var(--page); color: inherit; font: inherit; font-size: 14px; }
section > .filter + .scroll { max-height: 620px; margin-top: 10px; }
.classes { border-collapse: separate; border-spacing: 0; }
.classes th, .classes td { padding: 4px 8px; font-size: 13.5px; vertical-align: middle; }
.classes thead th { position: sticky; top: 0; z-index: 2; padding-bottom: 6px; background: var(--card); }
.classes tbody th { position: sticky; left: 0; z-index: 1; padding-right: 14px; background: var(--card); font-weight: 500; }
.classes thead th:first-child { left: 0; z-index: 3; }
.classes th.bar { text-align: left; }
.classes button { padding: 2px 0; border: 0; background: none; color: inherit; font: inherit; cursor: pointer; white-space: nowrap; }
.classes button:hover { color: var(--ink); }
.classes button::after { content: "↕"; margin-left: 4px; opacity: .35; }
.classes [aria-sort=ascending] button::after { content: "↑"; opacity: 1; }
.classes [aria-sort=descending] button::after { content: "↓"; opacity: 1; }
.timeline { margin-top: 16px; font-size: 12.5px; }
.timeline .stage { display: grid; grid-template-columns: 84px minmax(0, 1fr); gap: 0 12px; padding: 3px 0; border-top: 1px solid var(--rule); }
.timeline .stage > b { font-weight: 550; line-height: 22px; }
.timeline .lane { position: relative; height: 18px; margin: 2px 0; }
.timeline .lane .mark { position: absolute; top: 0; left: calc(var(--from) * 100%); width: max(2px, calc(var(--share) * 100% - 1px)); height: 18px; overflow: hidden; text-indent: 5px; border-radius: 3px; line-height: 18px; font-size: 11.5px; text-overflow: ellipsis; white-space: nowrap; }
.mark { background: var(--mark); color: #fff; }
.mark.done { --mark: var(--work); }
.mark.reused { --mark: color-mix(in srgb, var(--work) 32%, var(--card)); color: var(--ink); }
.mark.stopped { --mark: var(--halt); }
.mark.failed, .mark.lost { --mark: var(--fail); }
.mark.lost { background: repeating-linear-gradient(135deg, var(--fail) 0 5px, color-mix(in srgb, var(--fail) 75%, var(--card)) 5px 9px); }
.mark.waiting { background: none; border-bottom: 2px dotted var(--muted); border-radius: 0; }
.timeline .lane .mark.waiting { height: 10px; }
.mark.idle { background: repeating-linear-gradient(135deg, var(--rule) 0 4px, transparent 4px 8px); }
.timeline .axis > div { position: relative; height: 20px; }
.timeline .axis span { position: absolute; left: calc(var(--from) * 100%); padding-left: 4px; border-left: 1px solid var(--muted); color: var(--muted); font-size: 11.5px; line-height: 14px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 8px; color: var(--muted); font-size: 12.5px; }
.legend .mark { display: inline-block; width: 18px; height: 10px; margin-right: 6px; border-radius: 3px; }
.attempts td.outcome, .attempts td.worker { text-align: left; }
.attempts td.outcome { min-width: 220px; white-space: normal; }
.attempts .failed, .attempts .lost { color: var(--loss); }
.attempts small { overflow-wrap: anywhere; white-space: normal; }
section details > .scroll { max-height: 520px; margin-top: 10px; }
.wrong td, .wrong th { vertical-align: middle; }
.wrong audio { display: block; width: 200px; height: 34px; }
.wrong tbody th { overflow-wrap: anywhere; white-space: normal; min-width: 90px; }
.tags { margin: 0; padding: 0; list-style: none; }
.tags li { white-space: normal; font-size: 13px; line-height: 1.35; }
.tags span { color: var(--muted); }
.total > * { border-top: 2px solid var(--rule); font-weight: 650; }
.total .meter i { visibility: hidden; }
.lineage { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 40px; margin: 16px 0 0; padding: 0; list-style: none; }
.lineage li { position: relative; }
.lineage li + li::before { content: "→"; position: absolute; left: -29px; top: 62px; color: var(--muted); font-size: 20px; line-height: 1; }
.lineage h3 { margin: 0 0 8px; color: var(--muted); font-size: 13px; font-weight: 600; }
.thing { margin-top: 8px; padding: 9px 12px 10px; border: 1px solid var(--rule); border-radius: 9px; background: var(--page); overflow-wrap: anywhere; }
.thing code { display: block; color: var(--muted); }
.gain { color: var(--gain); }
.loss { color: var(--loss); }
.examples { min-width: 220px; white-space: normal; text-align: left; width: 60%; }
.examples ul { margin: 8px 0 0; padding-left: 18px; }
.examples li { overflow-wrap: anywhere; font-size: 13px; }
.examples li small { display: inline; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 5px 22px; font-size: 14px; }
.facts dt { color: var(--muted); }
.facts dd { overflow-wrap: anywhere; }
code, pre { font: 12.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
summary { cursor: pointer; }
section > details { margin-top: 18px; }
pre { margin: 10px 0 0; padding: 14px 16px; overflow: auto; border-radius: 9px; background: var(--page); }
@media (max-width: 720px) {
  main { padding: 26px 14px 48px; }
  .lead { font-size: 16.5px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
  .tiles > div { padding: 12px 14px 14px; }
  .tiles dd { font-size: 25px; }
  section { padding: 18px 16px 20px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .lineage { grid-auto-flow: row; gap: 26px; }
  .lineage li + li::before { content: "↓"; left: 6px; top: -22px; }
  .timeline .stage { grid-template-columns: 62px minmax(0, 1fr); gap: 0 8px; }
  .timeline .axis span:nth-child(even) { display: none; }
  .wrong, .wrong tbody, .wrong td, .wrong tbody th { display: block; }
  .wrong thead { display: none; }
  .wrong tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2px 14px; padding: 12px 0 14px; border-bottom: 1px solid var(--rule); }
  .wrong td, .wrong tbody th { padding: 4px 0; border: 0; text-align: left; }
  .wrong td[data-head]::before { content: attr(data-head); display: block; color: var(--muted); font-size: 12.5px; }
  .wrong tbody th, .wrong td:has(audio) { grid-column: 1 / -1; }
  .wrong audio { width: 100%; }
  .facts dd { margin-bottom: 10px; }
  .classes tbody th { max-width: 36vw; overflow: hidden; text-overflow: ellipsis; }
  .meter { gap: 6px; min-width: 84px; }
  .costs .meter { min-width: 0; }
  .classes .meter { min-width: 78px; }
  .costs tbody th { min-width: 96px; }
  .costs td.bar { width: auto; min-width: 150px; }
  th, td { padding: 7px 8px; }
  .scroll th:first-child { position: sticky; left: 0; z-index: 1; background: var(--card); }
  .scroll thead th:first-child { z-index: 3; }
  .scroll tbody th small { white-space: normal; }
}
@media print {
  body { background: none; }
  nav, .filter { display: none; }
  .scroll { max-height: none !important; overflow: visible; }
  section, .tiles > div { break-inside: avoid; }
}
`;
