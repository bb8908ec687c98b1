import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Debug", css_file="parts/page.css")

with app.setup:
    import marimo as mo
    import parts

    from recon import charts, review
    from recon.review import debug


@app.cell
def _():
    workspace = parts.opened()
    asked = debug.Asked.of(mo.query_params())
    line_said, set_line = mo.state(asked.line)
    event_said, set_event = mo.state(asked.conversion)
    sought, set_find = mo.state(asked.find)
    go = debug.Address(asked.params, line=set_line, conversion=set_event, find=set_find)
    period = mo.ui.dropdown(
        review.periods(workspace),
        value=review.month(workspace, asked.period),
        label="Month",
        on_change=lambda value: go.to(period=value),
    )
    return asked, event_said, go, line_said, period, sought, workspace


@app.cell
def _(period, workspace):
    mo.stop(period.value is None, parts.headed(debug.NO_MONTH))
    close = parts.loaded(workspace, period.value)
    parts.headed(debug.heading(close), period.value)
    return (close,)


@app.cell
def _(asked, close, go, period):
    find = mo.ui.text(
        value=asked.find or "",
        label="Find",
        placeholder=debug.FIND_WHAT,
        full_width=True,
        on_change=lambda text: go.to(find=text, **debug.opened_by(debug.hits(close, text))),
    )
    mo.hstack([period, find], justify="start", align="center", gap=2, widths=[0, 1])


@app.cell
def _(close, go, sought):
    found = debug.hits(close, sought())
    listed = mo.ui.table(found, **debug.HITS, on_change=lambda row: go.to(**debug.opened_by(row)))
    mo.vstack([mo.md(debug.find_words(close, found, sought())), *([] if found.empty else [listed])])
    return (found,)


@app.cell
def _(found, sought):
    mo.stop(not sought() or not found.empty)
    ask_impression = mo.ui.run_button(label="Read the raw events for this id")
    ask_impression
    return (ask_impression,)


@app.cell
def _(ask_impression, close, sought):
    mo.stop(not ask_impression.value)
    mo.md(debug.impression_words(close, sought()))


@app.cell
def _(close, go):
    worst = debug.lines_worst_first(close)
    lines = mo.ui.table(worst, **debug.LINES, on_change=lambda row: go.to(line=debug.open_row(row)))
    mo.vstack([mo.md(debug.LINES_HEADING), lines])


@app.cell
def _(close, line_said):
    line = debug.line_at(close, line_said())
    mo.stop(line.empty, mo.md(debug.no_line(close, line_said())))
    mo.md(debug.line_heading(line))
    return (line,)


@app.cell
def _(asked, close, go, line):
    findings = debug.finding_choices(close, line)
    finding = parts.linked(go, "finding", findings, debug.finding_chosen(close, line, asked.finding))
    finding
    return (finding,)


@app.cell
def _(close, finding):
    mo.md(debug.verdict(close, finding.value))


@app.cell
def _(close, finding):
    edit = debug.edit_rows(close, finding.value)
    _table = [] if edit.empty else [mo.ui.table(edit, **debug.EDIT)]
    mo.vstack([mo.md(debug.edit_words(close, finding.value, edit)), *_table])


@app.cell
def _(close, finding, line):
    workings = mo.ui.table(debug.workings_rows(close, line, finding.value), **debug.BESIDE)
    mo.vstack([mo.md(debug.workings_words(close, finding.value)), workings])


@app.cell
def _(close, line):
    fates = debug.fates_of_line(close, line)
    parts.charted(fates, fates=charts.fates(fates, review.fates_title(line)))


@app.cell
def _(asked, close, go, line):
    fate = parts.linked(go, "fate", debug.fate_choices(close, line), debug.fate_chosen(close, line, asked.fate))
    read = mo.ui.run_button(label=debug.read_label(close, line))
    mo.vstack([mo.md(debug.event_heading(close, line)), mo.hstack([fate, read], justify="start", gap=2)])
    return fate, read


@app.cell
def _(close, line, read):
    billed = debug.details_of(close, line) if read.value else None
    mo.md(debug.details_words(billed, close, line))
    return (billed,)


@app.cell
def _(billed, close, fate, go, line):
    rows = debug.event_rows(close, line, fate.value, billed)
    mo.ui.table(rows, **debug.events_look(rows), on_change=lambda row: go.to(conversion=debug.open_event(row)))


@app.cell
def _(close, event_said):
    conversion = debug.conversion_at(close, event_said())
    mo.stop(conversion is None, mo.md(debug.no_conversion(close, event_said())))
    path = debug.way_of(close, conversion)
    mo.stop(path is None, mo.md(debug.no_path(close)))
    mo.md(debug.path_heading(path))
    return conversion, path


@app.cell
def _(asked, close, go, line_said, path):
    wanted = debug.contract_chosen(path, debug.line_at(close, line_said()), asked.contract)
    contract = parts.linked(go, "contract", debug.contract_choices(path), wanted)
    span = mo.ui.radio(debug.PATH_SPANS, value=debug.WHOLE_SPAN, inline=True)
    mo.hstack([contract, span], justify="start", gap=2)
    return contract, span


@app.cell
def _(contract, path, span):
    drawn = debug.drawn(path, contract.value, span.value)
    parts.charted(debug.path_figures(drawn), path=charts.path(**drawn))


@app.cell
def _(contract, path):
    rules = mo.ui.table(debug.rule_rows(path, contract.value), **debug.RULES)
    mo.vstack([mo.md(debug.rules_heading(path, contract.value)), rules])


@app.cell
def _(close, conversion):
    ask_rows = mo.ui.run_button(label="Read the raw rows: file, row, content")
    mo.vstack([mo.md(debug.RAW_HEADING), mo.Html(debug.where_clauses(close, conversion)), ask_rows])
    return (ask_rows,)


@app.cell
def _(ask_rows, close, conversion):
    mo.stop(not ask_rows.value)
    mo.ui.table(debug.raw_rows(close, conversion), **debug.RAW)


@app.cell
def _(close, event_said, line_said):
    mo.vstack([mo.md(debug.REPEAT), mo.Html(debug.commands(close, line_said(), event_said()))])


if __name__ == "__main__":
    app.run()
