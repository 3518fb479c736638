"""What became of the order lines in the store, as of an instant, by the rules of the site file?"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection

from collector.store import orders
from config.site import Site
from kpi.delivery import DeliveryCount, order_results
from kpi.order_correction import cancelled
from kpi.order_line import DeliveryRules, LineResult, customer_cancelled, known_versions, line_result
from plant.as_of import as_of, live
from plant.correction import Correction
from plant.instant import moment
from plant.order import Delivery, OrderLine
from plant.period import Clock, Period, PeriodKind, days_of
from plant.tag import PLANT


@dataclass(frozen=True, slots=True)
class _ScopeLines:
    results: list[LineResult]
    orders: list[tuple[date, bool, bool]]
    dated_share: float
    request_share: float
    value_share: float


@dataclass(frozen=True, slots=True)
class DeliveryLines:
    """All lines that are known: the newest version of each, and what became of those that count."""

    newest: list[OrderLine]
    results: list[LineResult]
    _scopes: dict[str, _ScopeLines | None] = field(default_factory=dict)

    def count(self, scope: str, period: Period, clock: Clock) -> DeliveryCount | None:
        """Lines and orders of a scope that are due in a period; None for a scope or kind of period without."""
        if scope not in self._scopes:
            self._scopes[scope] = self._of(scope)
        found = self._scopes[scope]
        if found is None or period.kind in (PeriodKind.HOUR, PeriodKind.SHIFT):
            return None
        days = days_of(period, clock)
        due = [line for line in found.results if days and days[0] <= line.due <= days[1]]
        due_orders = [rest for last, *rest in found.orders if days and days[0] <= last <= days[1]]
        counted = [(settled, on_time) for settled, on_time in due_orders]
        return DeliveryCount(due, counted, found.dated_share, found.request_share, found.value_share)

    def undated(self, scope: str) -> list[OrderLine]:
        """The lines of a scope that have no usable due date."""
        return [line for line in self.lines_of(scope) if line.due_date is None]

    def lines_of(self, scope: str) -> list[OrderLine]:
        """The newest version of every line of a scope, whether or not it counts."""
        wanted = _in_scope(scope)
        return [line for line in self.newest if wanted and wanted(line.order_id, line.product)]

    def _of(self, scope: str) -> _ScopeLines | None:
        wanted = _in_scope(scope)
        members = self.lines_of(scope)
        if not wanted or not members:
            return None
        results = [line for line in self.results if wanted(line.order_id, line.product)]
        dated = [line for line in members if line.due_date is not None]
        counts = (
            len(dated),
            sum(line.request_date is not None for line in dated),
            sum(line.value is not None for line in dated),
        )
        return _ScopeLines(results, order_results(results), *(count / len(members) for count in counts))


def delivery_lines(
    connection: Connection,
    site: Site,
    clock: Clock,
    now_us: int,
    known_before_us: int,
    corrections: Sequence[Correction] = (),
) -> DeliveryLines:
    """The lines of the store as of now, by what was recorded before `known_before_us`, and the corrections in force."""
    view = as_of(known_before_us, site.clock()) if known_before_us <= now_us else live(now_us)
    rules = DeliveryRules(site.orders.grace_days, site.orders.early_days, site.orders.in_full_tolerance)
    shipped: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for item in orders.all_deliveries(connection, view):
        shipped[item.order_id, item.line_id].append(item)
    ended = clock.day_of(now_us) - timedelta(days=1)
    today = moment(now_us, clock.zone).date()
    newest, results = [], []
    for stored in orders.order_lines(connection):
        deliveries = shipped[stored[0].order_id, stored[0].line_id]
        versions = cancelled(known_versions(stored, deliveries, view, today), corrections, clock.zone)
        if not versions:
            continue
        newest.append(versions[-1])
        given_up = customer_cancelled(versions)
        cancelled_on = moment(given_up.recorded_us, clock.zone).date() if given_up else None
        result = line_result(versions, deliveries, rules, ended, today, cancelled_on)
        if result:
            results.append(result)
    return DeliveryLines(newest, results)


def _in_scope(scope: str) -> Callable[[str, str | None], bool] | None:
    if scope == PLANT:
        return lambda order_id, product: True
    if scope.startswith("product:"):
        return lambda order_id, product: product == scope.removeprefix("product:")
    if scope.startswith("order:"):
        return lambda order_id, product: order_id == scope.removeprefix("order:")
    return None
