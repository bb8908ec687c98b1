import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Evidence", css_file="parts/page.css")

with app.setup:
    import marimo as mo
    import parts

    from recon import charts, review
    from recon.review import audit
    from recon.review.audit import tables


@app.cell
def _():
    workspace = parts.opened()
    link = audit.Link(mo.query_params())
    period = mo.ui.dropdown(**audit.month_filter(workspace, link))
    return link, period, workspace


@app.cell
def _(link, period, workspace):
    mo.stop(period.value is None, parts.headed(audit.NO_MONTH))
    run = mo.ui.dropdown(**audit.run_filter(audit.runs(workspace, period.value), link))
    return (run,)


@app.cell
def _(period, run, workspace):
    room = audit.open_room(workspace, period.value, run.value)
    mo.vstack([parts.headed(audit.headline(room), period.value), mo.hstack([period, run], justify="start", gap=2)])
    return (room,)


@app.cell
def _(room):
    _holds = mo.callout(mo.md(audit.notice(room).words), kind=audit.notice(room).look)
    _way = mo.ui.table(audit.way(room), **tables.WAY)
    _more = mo.accordion({audit.WAY_TITLE: _way, audit.left_title(room): mo.md(audit.left(room))})
    mo.vstack([_holds, mo.md(audit.signatures(room)), _more])


@app.cell
def _(room):
    _walks = [mo.md(audit.walk_text(room.tied.impressions)), mo.md(audit.walk_text(room.tied.conversions))]
    mo.vstack([mo.md(audit.tied_heading(room)), mo.hstack(_walks, widths="equal", align="start", gap=3)])


@app.cell
def _(room):
    ties = mo.ui.table(audit.ties_table(room), **tables.TIES)
    mo.vstack([mo.md(audit.TIED_HEADING), ties])
    return (ties,)


@app.cell
def _(room, ties):
    mo.stop(ties.value.empty)
    fates = audit.fates_of_contract(room, ties.value)
    parts.charted(fates, fates=charts.fates(fates, audit.fates_title(ties.value)))


@app.cell
def _(room):
    _seen = mo.ui.table(audit.seen_table(room), **tables.SEEN)
    _orphans = [mo.ui.table(audit.orphans_table(room), **tables.ORPHANS)] if room.complete.orphans else []
    mo.vstack([mo.md(audit.complete_heading(room)), _seen, mo.md(audit.orphans_heading(room)), *_orphans])


@app.cell
def _(link, room):
    _fields = {name: mo.ui.dropdown(**audit.finding_filter(room, link, name)) for name in audit.FINDING_FILTERS}
    asked = mo.ui.dictionary(_fields)
    mo.vstack([mo.md(audit.findings_heading(room)), mo.hstack(list(asked.values()), justify="start", gap=2)])
    return (asked,)


@app.cell
def _(asked, room):
    found = mo.ui.table(audit.findings_table(room, **asked.value), **tables.AUDITED)
    found
    return (found,)


@app.cell
def _(found, room):
    mo.stop(found.value.empty)
    finding = review.finding_of(room.close, found.value)
    _said = [mo.md(review.finding_heading(finding)), mo.Html(review.to_paste(room.close, finding))]
    mo.vstack([*_said, mo.md(audit.reason_of(room, found.value))])


@app.cell
def _(room):
    _items = [mo.ui.table(audit.items_table(room), **tables.ITEMS)] if room.said.items.currencies else []
    mo.vstack([mo.md(audit.rolled_text(room)), *_items])


@app.cell
def _(room):
    _lines = parts.fitted(audit.sample_heading(room), audit.lines_table(room), tables.SAMPLED)
    _drawn = parts.fitted(audit.conversions_heading(room), audit.conversions_table(room), tables.CONVERSIONS)
    mo.vstack([_lines, _drawn])


@app.cell
def _(room):
    cards = audit.drill_cards(room)
    mo.stop(not cards, mo.md(audit.drill_heading(room)))
    codes = mo.ui.table(audit.codes_table(room), **tables.CODES)
    mo.vstack([mo.md(audit.drill_heading(room)), parts.cards(cards), codes])
    return (codes,)


@app.cell
def _(codes, room):
    mo.stop(codes.value.empty)
    mo.ui.table(audit.errors_table(room, codes.value), **tables.ERRORS)


@app.cell
def _(room):
    sources = mo.ui.table(audit.sources_table(room), **tables.SOURCES)
    mo.vstack([mo.md(audit.sources_heading(room)), sources])
    return (sources,)


@app.cell
def _(sources):
    mo.stop(sources.value.empty)
    mo.Html(audit.hashes(sources.value))


@app.cell
def _(link, workspace):
    trail = audit.open_trail(workspace)
    _fields = {name: mo.ui.dropdown(**audit.trail_filter(trail, link, name)) for name in audit.TRAIL_FILTERS}
    wanted = mo.ui.dictionary(_fields)
    _holds = mo.callout(mo.md(audit.chain_verdict(trail).words), kind=audit.chain_verdict(trail).look)
    mo.vstack([mo.md(audit.TRAIL_HEADING), _holds, mo.hstack(list(wanted.values()), justify="start", gap=2)])
    return trail, wanted


@app.cell
def _(trail, wanted):
    mo.ui.table(audit.trail_table(trail, **wanted.value), **tables.TRAIL)


@app.cell
def _(room):
    issued = audit.packs_table(room)
    packs = mo.ui.table(issued, **tables.PACKS)
    mo.vstack([mo.md(audit.PACKS_HEADING), mo.md(audit.packs_verdict(issued)), *([] if issued.empty else [packs])])
    return (packs,)


@app.cell
def _(packs, room):
    make, party = mo.ui.run_button(label="Make a workbook now"), mo.ui.dropdown(**audit.parties_filter(room))
    _files = [mo.download(**one) for one in (audit.issued_download(room, packs.value), *audit.downloads(room))]
    mo.hstack([*_files, make, party], justify="start", align="center", gap=1, wrap=True)
    return make, party


@app.cell
def _(party, room):
    mo.stop(party.value is None)
    mo.download(**audit.party_download(room, party.value))


@app.cell
def _(make, room):
    mo.stop(not make.value)
    with mo.status.spinner("Writing the workbook"):
        made = audit.made_now(room)
    mo.download(**made)


@app.cell
def _():
    brought = mo.ui.file(filetypes=[".xlsx"], kind="area", label="Drop a pack here")
    mo.vstack([mo.md(audit.CHECK_HEADING), brought])
    return (brought,)


@app.cell
def _(brought, workspace):
    mo.stop(not brought.value)
    with mo.status.spinner("Checking every cell"):
        checked = audit.check(workspace, brought.name(), brought.contents())
    _altered = [] if checked.places.empty else [mo.ui.table(checked.places, **tables.PLACES)]
    mo.vstack([mo.callout(mo.md(checked.verdict.words), kind=checked.verdict.look), *_altered])


if __name__ == "__main__":
    app.run()
