"""The look of pages made here without marimo: the one of the others, in light and in dark, and on paper."""

LOOK = """
:root { color-scheme: light dark; --ink: #1f2933; --head: #1f3a5f; --quiet: #5b6876; --line: #d5dce4; --page: #fff;
  --card: #f7f9fb; --warn: #a94400; --good: #1a7f4b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ee; --head: #9fc3ee; --quiet: #9aa7b5; --line: #38424d;
  --page: #181c1a; --card: #22282d; --warn: #ff9d57; --good: #5fd08f; } }
body { font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Arial, sans-serif; color: var(--ink);
  background: var(--page); margin: 0 auto; max-width: 1180px; padding: 32px 28px 64px; }
h1 { font-size: 26px; margin: 0 0 18px; color: var(--head); }
h2 { font-size: 19px; margin: 34px 0 8px; color: var(--head); }
h2 small { font-weight: 400; font-size: 13px; color: var(--quiet); margin-left: 6px; }
h3 { font-size: 16px; margin: 20px 0 6px; color: var(--head); }
.workspace + .workspace { border-top: 1px solid var(--line); margin-top: 34px; }
a { color: var(--head); } li { margin: 5px 0; } code { font-size: 0.95em; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(250px, 1fr)); gap: 14px; }
.card { display: block; border: 1px solid var(--line); border-radius: 8px; background: var(--card); padding: 14px 18px;
  color: var(--quiet); text-decoration: none; }
.card:hover, .card:focus { border-color: var(--head); }
.card b { display: block; font-size: 17px; color: var(--head); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--quiet); font-weight: 600; border-bottom: 2px solid var(--line);
  padding: 6px 10px 6px 0; }
td { border-bottom: 1px solid var(--line); padding: 7px 10px 7px 0; vertical-align: top; }
.state.locked { color: var(--good); font-weight: 600; } .warn { color: var(--warn); }
@media print { :root { color-scheme: light; --ink: #000; --head: #1f3a5f; --page: #fff; --card: #fff; --quiet: #444; }
  body { max-width: none; padding: 0; font-size: 11px; } tr, li { break-inside: avoid; } }
"""
