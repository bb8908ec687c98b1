import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Month end", css_file="parts/page.css")

with app.setup:
    import marimo as mo
    import parts

    from recon import charts, review


@app.cell
def _():
    workspace, params = parts.opened(), mo.query_params()
    period = parts.month(workspace, params)
    me = parts.Person(workspace)
    who = me.field
    stored, refresh = mo.state(None)
    told, tell = mo.state(review.Decision())
    return me, params, period, refresh, stored, tell, told, who, workspace


@app.cell
def _(period, workspace):
    close = parts.loaded(workspace, period.value)
    parts.headed(review.headline(close), period.value)
    return (close,)


@app.cell
def _(close, stored):
    stored()
    desk = review.open_desk(close)
    parts.state(desk)
    return (desk,)


@app.cell
def _(close, params):
    filters = parts.filters(close, params)
    return (filters,)


@app.cell
def _(close, filters, period, who):
    workbook = mo.download(lambda: review.pack_bytes(close), review.pack_name(close), label="Download the workbook")
    mo.hstack([period, *filters.values(), who, workbook], justify="start", align="center", gap=2, wrap=True)


@app.cell
def _(close, filters):
    lines = review.passing(close, **filters.value)
    return (lines,)


@app.cell
def _(desk, lines):
    parts.cards(review.totals(lines), review.open_worth(desk))


@app.cell
def _(told):
    parts.outcome(told())


@app.cell
def _(lines):
    parties = review.by_counterparty(lines)
    parts.charted(parties, variances=charts.variances(parties), billed=charts.expected_and_billed(parties))


@app.cell
def _(close, lines):
    rank = mo.ui.radio(review.RANKS, value="by money", inline=True, label="Causes")
    parts.asked(review.why_heading(close, lines), rank, review.has_variance(close, lines))
    return (rank,)


@app.cell
def _(close, lines, rank):
    ranked = review.causes(close, lines, rank.value)
    drawn = charts.why(review.bridge_steps(close, lines), ranked, rank.value)
    bars = mo.ui.altair_chart(drawn)
    spread = review.by_party_and_cause(close, lines)
    why, who_and_why = parts.charted(ranked, bridge=(bars, drawn)), charts.by_cause(spread)
    mo.hstack([why, parts.charted(spread, who_and_why=who_and_why)], justify="start", align="start", gap=3, wrap=True)
    return bars, spread


@app.cell
def _(bars, close, desk, lines):
    chosen_bars = review.clicked(bars.selections)
    found = mo.ui.table(review.findings_table(close, lines, chosen_bars, desk), **review.FINDINGS)
    parts.listed(review.findings_title(chosen_bars), found, fold=("What the grades mean", review.GRADES_MEANING))
    return (found,)


@app.cell
def _(desk, found, me, refresh, tell):
    mo.stop(found.value.empty)
    deciding = parts.deciding(desk, found.value, me, tell, refresh)
    parts.form(review.deciding_heading(desk, found.value), deciding)
    return (deciding,)


@app.cell
def _(close, found):
    mo.stop(found.value.empty)
    parts.finding(close, found.value)


@app.cell
def _(lines):
    table = mo.ui.table(review.lines_table(lines), **review.LINES)
    parts.listed(review.LINES_HEADING, table)
    return (table,)


@app.cell
def _(close, table):
    steps = mo.ui.table(review.workings_of(close, table.value), **review.STEPS)
    parts.listed(review.said_of_line(close, table.value), steps)
    return (steps,)


@app.cell
def _(close, table):
    mo.stop(table.value.empty)
    parts.line_by_day(close, table.value)


@app.cell
def _(close, steps, table):
    mo.stop(table.value.empty)
    parts.decisions(close, table.value, steps.value)


@app.cell
def _(desk):
    items = mo.ui.table(review.items_table(desk), **review.ITEMS)
    parts.listed(review.rolled_heading(desk), mo.ui.table(review.rolled_table(desk), **review.ROLLED), items)


@app.cell
def _(close, desk):
    ages, months = review.ages(desk), review.trend(close)
    ageing = parts.charted(ages, ageing=charts.ageing(ages))
    trend = parts.charted(months, trend=charts.trend(months, review.twelve_months(close)))
    mo.hstack([ageing, trend], justify="start", align="start", gap=2, widths=[4, 6])


@app.cell
def _(desk, me, refresh, tell):
    rows = mo.ui.table(review.rejected_rows(desk.close), **review.REJECTED)
    accepting = parts.accepting(desk, me, tell, refresh)
    parts.form(review.left_out_heading(desk), accepting, rows)
    return (accepting,)


@app.cell
def _(desk, me, refresh, tell):
    signing = parts.signing(desk, me, tell, refresh)
    gates = mo.ui.table(review.gates_table(desk), **review.GATES)
    parts.form(review.signing_heading(desk), signing, gates, mo.ui.table(review.way_table(desk), **review.WAY))
    return (signing,)


@app.cell
def _(close):
    version = mo.ui.dropdown(review.versions_listed(close), label="Version", searchable=True)
    parts.asked(review.WHAT_IF, version)
    return (version,)


@app.cell
def _(close, version):
    mo.stop(version.value is None)
    terms = mo.ui.code_editor(review.terms_text(close, version.value), language="yaml", max_height=420)
    ask = mo.ui.run_button(label="Show the effect")
    mo.vstack([terms, ask])
    return ask, terms


@app.cell
def _(ask, close, terms, version):
    mo.stop(not ask.value)
    parts.effect(close, version.value, terms.value)


if __name__ == "__main__":
    app.run()
