import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Month end")

with app.setup:
    import marimo as mo

    from recon import charts, review


@app.cell
def _():
    workspace = review.open_workspace()
    params = mo.query_params()
    period = mo.ui.dropdown(
        review.periods(workspace),
        value=review.month(workspace, params.get("period")),
        label="Month",
        searchable=True,
        on_change=lambda value: params.set("period", value),
    )
    return params, period, workspace


@app.cell
def _(period, workspace):
    close = review.load(workspace, period.value)
    return (close,)


@app.cell
def _(close):
    mo.md(review.headline(close))


@app.cell
def _(close, params):
    filters = mo.ui.dictionary(
        {
            name: mo.ui.dropdown(
                review.choices(close, name),
                value=review.chosen(close, name, params.get(name)),
                label=name.capitalize(),
                searchable=True,
                on_change=lambda value, name=name: params.set(name, value),
            )
            for name in review.FILTERS
        }
    )
    return (filters,)


@app.cell
def _(close, filters, period):
    workbook = mo.download(lambda: review.pack_bytes(close), review.pack_name(close), label="Download the workbook")
    mo.hstack([period, *filters.values(), workbook], justify="start", align="center", gap=2)


@app.cell
def _(close, filters):
    lines = review.passing(close, **filters.value)
    return (lines,)


@app.cell
def _(lines):
    mo.hstack([mo.stat(**card, bordered=True) for card in review.totals(lines)], justify="start", gap=1, wrap=True)


@app.cell
def _(lines):
    _pair = [charts.variances(review.by_counterparty(lines)), charts.expected_and_billed(review.by_counterparty(lines))]
    mo.hstack(_pair, justify="start", gap=3, wrap=True)


@app.cell
def _(close, lines):
    mo.md(review.why_heading(close, lines))


@app.cell
def _(close, lines):
    mo.stop(not review.has_variance(close, lines))
    rank = mo.ui.radio(review.RANKS, value="by money", inline=True, label="Causes")
    rank
    return (rank,)


@app.cell
def _(close, lines, rank):
    bars = mo.ui.altair_chart(
        charts.why(review.bridge_steps(close, lines), review.causes(close, lines, rank.value), rank.value)
    )
    bars
    return (bars,)


@app.cell
def _(bars, close, lines):
    chosen_bars = review.clicked(bars.selections)
    found = mo.ui.table(review.findings_table(close, lines, chosen_bars), **review.FINDINGS)
    grades = mo.accordion({"What the grades mean": mo.md(review.GRADES_MEANING)})
    mo.vstack([mo.md(review.findings_title(chosen_bars)), found, grades])
    return (found,)


@app.cell
def _(close, found):
    mo.stop(found.value.empty)
    finding = review.finding_of(close, found.value)
    mo.vstack([mo.md(review.finding_heading(finding)), mo.Html(review.to_paste(close, finding))])
    return (finding,)


@app.cell
def _(close, finding):
    mo.stop(not review.has_workings(close, finding), mo.md(review.NO_WORKINGS))
    beside = mo.ui.table(review.workings_beside(close, finding), **review.BESIDE)
    mo.vstack([mo.md(review.WORKINGS_HEADING), beside])


@app.cell
def _(close, finding):
    mo.stop(not review.has_events(close, finding), mo.md(review.NO_EVENTS))
    events = mo.ui.table(review.finding_events(close, finding), **review.EVENTS)
    mo.vstack([mo.md(review.EVENTS_HEADING), events])


@app.cell
def _(close, finding):
    mo.vstack([mo.md(review.REPEAT_HEADING), mo.Html(review.to_repeat(close, finding))])


@app.cell
def _(lines):
    table = mo.ui.table(review.lines_table(lines), **review.LINES)
    mo.vstack([mo.md(review.LINES_HEADING), table])
    return (table,)


@app.cell
def _(close, table):
    mo.md(review.said_of_line(close, table.value))


@app.cell
def _(close, table):
    mo.stop(table.value.empty)
    steps = mo.ui.table(review.workings_of(close, table.value), **review.STEPS)
    steps
    return (steps,)


@app.cell
def _(close, table):
    mo.stop(table.value.empty)
    charts.fates(review.fates_of(close, table.value), review.fates_title(table.value))


@app.cell
def _(close, steps, table):
    said = mo.md(review.said_of_events(close, table.value, steps.value))
    mo.stop(not review.has_decisions(close, table.value), said)
    mo.vstack([said, mo.ui.table(review.decisions_of(close, table.value, steps.value), **review.DECISIONS)])


@app.cell
def _(close):
    version = mo.ui.dropdown(review.versions_listed(close), label="Version", searchable=True)
    mo.vstack([mo.md(review.WHAT_IF), version])
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
    with mo.status.spinner("Pricing the month with these terms"):
        outcome = review.effect(close, version.value, terms.value)
    mo.vstack([mo.md(outcome.words), *([] if outcome.lines.empty else [mo.ui.table(outcome.lines, **review.EFFECT)])])


@app.cell
def _(close):
    left_out = mo.md(review.left_out(close))
    mo.stop(close.rejected.empty, left_out)
    mo.vstack([left_out, mo.ui.table(review.rejected_rows(close), **review.REJECTED)])


if __name__ == "__main__":
    app.run()
