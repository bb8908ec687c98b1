import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Contracts", css_file="parts/page.css")

with app.setup:
    import marimo as mo
    import parts

    from recon import charts, review


@app.cell
def _():
    workspace = parts.opened()
    params = mo.query_params()
    stored, refresh = mo.state(None)
    decision, tell = mo.state(review.Decision())
    picked, pick = mo.state(None)
    return decision, params, pick, picked, refresh, stored, tell, workspace


@app.cell
def _(params):
    day = mo.ui.date(
        value=review.as_of(params.get("on")), label="As of", on_change=lambda value: params.set("on", str(value))
    )
    return (day,)


@app.cell
def _(day, stored, workspace):
    stored()
    kept = review.open_book(workspace, day.value)
    mo.vstack([parts.headed(review.book_headline(kept)), day])
    return (kept,)


@app.cell
def _(workspace):
    mo.md(review.not_taken_in(workspace))


@app.cell
def _(kept):
    mo.stop(kept.is_empty, mo.md(review.NO_CONTRACTS))
    book = kept
    return (book,)


@app.cell
def _(decision):
    mo.stop(not decision().words)
    mo.callout(mo.md(decision().words), kind=decision().look)


@app.cell
def _(book):
    mo.stop(not book.waiting, mo.md(review.NOTHING_WAITS))
    inbox = mo.ui.table(review.inbox_table(book), **review.INBOX)
    mo.vstack([mo.md(review.INBOX_HEADING), inbox])
    return (inbox,)


@app.cell
def _(book, inbox):
    mo.stop(inbox.value.empty)
    one = review.waiting_one(book, inbox.value)
    mo.md(review.waiting_words(book, one))
    return (one,)


@app.cell
def _(book, one):
    ask = mo.ui.run_button(label=review.effect_label(one))
    signed = mo.ui.dictionary(
        {
            "who": mo.ui.dropdown(review.approvers(book.workspace), label="You are"),
            "reason": mo.ui.text(label="Reason", placeholder="a rejection needs one"),
        }
    )
    ask
    return ask, signed


@app.cell
def _(ask, book, one):
    mo.stop(not ask.value)
    with mo.status.spinner("Pricing the closed months with this version"):
        moved = review.moves(book, one)
    mo.vstack([mo.md(moved.words), *([] if moved.lines.empty else [mo.ui.table(moved.lines, **review.MOVES)])])


@app.cell
def _(book, one, refresh, signed, tell):
    def decide(action):
        who = review.person(mo.app_meta().request, signed.value["who"])
        outcome = review.decided(book.workspace, one, action, who, signed.value["reason"])
        tell(outcome)
        if outcome.is_stored:
            refresh(outcome)

    return (decide,)


@app.cell
def _(decide, one, signed):
    approve = mo.ui.button(
        label="Approve", kind="success", disabled=one.status != "submitted", on_change=lambda _: decide("approve")
    )
    reject = mo.ui.button(label="Reject", kind="danger", on_change=lambda _: decide("reject"))
    mo.hstack([*signed.values(), approve, reject], justify="start", align="end", gap=1)
    return approve, reject


@app.cell
def _(book, params):
    filters = mo.ui.dictionary(
        {
            name: mo.ui.dropdown(
                review.book_choices(book, name),
                value=review.book_chosen(book, name, params.get(name)),
                label=name.capitalize(),
                searchable=True,
                on_change=lambda value, name=name: params.set(name, value),
            )
            for name in review.BOOK_FILTERS
        }
    )
    return (filters,)


@app.cell
def _(book, filters):
    contracts = review.contracts_passing(book, **filters.value)
    _chosen = mo.hstack(list(filters.values()), justify="start", align="center", gap=2)
    mo.vstack([mo.md(review.timeline_heading(contracts)), _chosen])
    return (contracts,)


@app.cell
def _(book, contracts, pick):
    spans = review.timeline_bars(book, contracts)
    drawn = charts.timeline(spans, book.day)
    bars = mo.ui.altair_chart(drawn, on_change=lambda _: pick(review.clicked_contract(bars.selections)))
    parts.charted(spans, timeline=(bars, drawn))


@app.cell
def _(book, contracts, pick):
    rows = review.book_table(book, contracts)
    table = mo.ui.table(rows, **review.BOOK, on_change=lambda chosen: pick(review.chosen_contract(chosen)))
    mo.vstack([mo.md(review.BOOK_HEADING), table])


@app.cell
def _(book, picked):
    contract = review.known_contract(book, picked())
    mo.stop(contract is None, mo.md(review.NO_CHOICE))
    mo.md(review.contract_heading(book, contract))
    return (contract,)


@app.cell
def _(book, contract):
    _told = [mo.md(review.contract_history(book, contract)), mo.md(review.contract_changes(book, contract))]
    mo.hstack(_told, widths="equal", align="start", gap=3)


@app.cell
def _(book, contract):
    version = mo.ui.dropdown(
        review.contract_versions(book, contract), value=review.contract_version(book, contract), label="Clauses of"
    )
    version
    return (version,)


@app.cell
def _(book, contract, version):
    mo.ui.table(review.contract_clauses(book, contract, version.value), **review.CLAUSES)


@app.cell
def _(book, contracts):
    coming = review.coming_table(book, contracts)
    _shown = mo.md(review.NO_COMINGS) if coming.empty else mo.ui.table(coming, **review.COMING)
    mo.vstack([mo.md(review.coming_heading(book)), _shown])


@app.cell
def _(book, contracts):
    due = review.due_table(book, contracts)
    _shown = [mo.ui.table(due, **review.DUE), mo.md(review.TO_RENEW), mo.Html(review.to_renew(book, contracts))]
    mo.vstack([mo.md(review.DUE_HEADING), *([mo.md(review.NO_DUE)] if due.empty else _shown)])


if __name__ == "__main__":
    app.run()
