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
    return params, workspace


@app.cell
def _(params, workspace):
    period = mo.ui.dropdown(
        review.periods(workspace),
        value=review.month(workspace, params.get("period")),
        label="Month",
        searchable=True,
        on_change=lambda value: params.set("period", value),
    )
    return (period,)


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
def _(close):
    workbook = mo.download(
        lambda: review.pack_bytes(close), filename=review.pack_name(close), label="Download the workbook"
    )
    return (workbook,)


@app.cell
def _(filters, period, workbook):
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
    mo.hstack(
        [charts.variances(review.by_counterparty(lines)), charts.expected_and_billed(review.by_counterparty(lines))],
        justify="start",
        gap=3,
        wrap=True,
    )


@app.cell
def _():
    mo.md(review.LINES_HEADING)


@app.cell
def _(lines):
    table = mo.ui.table(
        review.lines_table(lines),
        selection="single",
        page_size=15,
        show_column_summaries=False,
        show_data_types=False,
        show_download=False,
        text_justify_columns=review.RIGHT,
    )
    table
    return (table,)


@app.cell
def _(close, table):
    mo.md(review.said_of_line(close, table.value))


@app.cell
def _(close, table):
    mo.stop(table.value.empty)
    steps = mo.ui.table(
        review.workings_of(close, table.value),
        selection="single",
        page_size=10,
        show_column_summaries=False,
        show_data_types=False,
        show_download=False,
        wrapped_columns=["arithmetic"],
        column_widths=review.WIDTHS,
    )
    steps
    return (steps,)


@app.cell
def _(close, table):
    mo.stop(table.value.empty)
    charts.fates(review.fates_of(close, table.value), review.fates_title(table.value))


@app.cell
def _(close, steps, table):
    mo.md(review.said_of_events(close, table.value, steps.value))


@app.cell
def _(close, steps, table):
    mo.stop(not review.has_decisions(close, table.value))
    mo.ui.table(
        review.decisions_of(close, table.value, steps.value),
        selection=None,
        page_size=10,
        show_column_summaries=False,
        show_data_types=False,
        show_download=False,
    )


@app.cell
def _(close):
    mo.md(review.left_out(close))


@app.cell
def _(close):
    mo.stop(close.rejected.empty)
    mo.ui.table(review.rejected_rows(close), selection=None, page_size=10, show_data_types=False, show_download=False)


if __name__ == "__main__":
    app.run()
