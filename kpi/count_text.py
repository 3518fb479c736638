"""How do hand counts, order lines and breakdowns read?"""

from collections.abc import Iterator

from kpi.breakdown import Breakdown
from kpi.delivery_evidence import DeliveryEvidence
from kpi.hand_evidence import HandEvidence
from kpi.numerals import numeral
from kpi.plain_text import LocalTimes, columns, labelled


def hand_text(found: HandEvidence | None, times: LocalTimes) -> Iterator[str]:
    """Rows that people counted, and shifts that they did not."""
    if found is None:
        return
    names = ("produced", "good", "scrap", "rework", "inspected")
    rows: list[tuple[str, ...]] = [("time", "work unit", *names, "product", "order", "reason")]
    for row in found.rows:
        amounts = ["" if (number := getattr(row, name)) is None else numeral(number) for name in names]
        about = (row.product or "", row.order or "", row.reason or "")
        rows.append((times.time(row.time_us), row.work_unit, *amounts, *about))
    yield from columns(rows, right=range(2, 7)) if found.rows else ["  no row in the period"]
    if found.rows_left_out:
        yield f"  and {found.rows_left_out} more rows"
    if found.shifts:
        yield f"  {found.shifts - len(found.without_row)} of {found.shifts} shifts that are over have a row"
    without = ", ".join(f"{unit} {label}" for unit, label in found.without_row[:10])
    if without:
        more = " …" if len(found.without_row) > 10 else ""
        yield from labelled("without", without + more)


def delivery_text(found: DeliveryEvidence | None) -> Iterator[str]:
    """Late and open lines, and those without a due date."""
    if found is None:
        return
    rules = found.rules
    early = "any day before counts" if rules.early_days is None else f"at most {rules.early_days} days early"
    tolerance = f", {rules.in_full_tolerance:.1%} may be missing" if rules.in_full_tolerance else ""
    yield f"  {found.due} due, {found.settled} decided, {found.on_time} on time"
    yield f"  rules: {rules.grace_days} days of grace, {early}{tolerance}"
    rows = [("order", "line", "product", "quantity", "delivered", "due", "completed", "days late")]
    for line in found.lines:
        completed = str(line.completed) if line.completed else "late" if line.settled else "still open"
        amounts = numeral(line.quantity), numeral(line.delivered_quantity)
        dates = str(line.due), completed, str(line.days_late)
        rows.append((line.order_id, line.line_id, line.product or "", *amounts, *dates))
    yield from columns(rows, right=(3, 4, 7)) if found.lines else []
    if found.lines_left_out:
        yield f"  and {found.lines_left_out} more that are late or open"
    if found.without_due_date:
        named = ", ".join(f"{order}/{line}" for order, line in found.without_due_date)
        more = f" and {found.without_due_date_left_out} more" if found.without_due_date_left_out else ""
        yield from labelled("no due date", f"{named}{more}", 14)


def breakdown_text(found: Breakdown) -> list[str]:
    """A quantity by reason, product or order."""
    rows = [(f"{' + '.join(found.of)} by {found.by}", "amount", "share", "cumulated")]
    for share in found.shares:
        part, cumulated = ("" if one is None else f"{one:.3f}" for one in (share.share, share.cumulated))
        rows.append((share.name or "not named", numeral(share.amount), part, cumulated))
    more = [f"  and {found.left_out} smaller ones"] if found.left_out else []
    return [*columns(rows, right=(1, 2, 3)), *more]
