"""Which touch wins a conversion, and how a split conversion is shared (RULES 5.2 to 5.4).

The steps run in the engine over observations, one row per contract and conversion at the end; nothing is decided
row by row. The table of models stands at the bottom.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from recon.contracts.book import Book
from recon.engine import Engine
from recon.expect.calendar import lay_out
from recon.observe.scope import Scope, one_of
from recon.period import DAY, HOUR

WEIGHT_DIGITS = 30
MILLION = 1_000_000


def attribute(engine: Engine, book: Book, scope: Scope, only: frozenset[str] | None = None) -> None:
    """Create the relation `claims`: one row per contract in force and conversion with a touch in reach.

    `only` keeps the claims of these contracts; all others compete all the same.

    Each carries the period it belongs to (none after the scope's), its local date, the early fate (up to `lost`,
    NULL when it goes on) and its reason, the touch that won, the share in millionths, and `governing_version`
    (NULL: none on the touch's date). `reached` holds every conversion in any contract's reach.
    """
    lay_out(engine, book, scope)
    engine.run("touches per contract", CONTRACT_TOUCHES)
    engine.run("best touch per contract", OWN_TOUCHES)
    engine.run("competition", COMPETITION)
    _weigh(engine)
    engine.run("shares", SHARES)
    engine.run("winners", WINNERS)
    engine.run("conversions in reach", REACHED)
    kept = "TRUE" if only is None else f"r.contract IN ({one_of(only)})"
    engine.run("own touches of claims", OWN_CLAIMS)
    engine.run("winners and shares of claims", SHARED_CLAIMS)
    with engine.joined_as_written():  # left alone, the engine pairs each claim with all days of its contract first
        engine.run("claims", CLAIMS.format(period=scope.period, kept=kept))


def _weigh(engine: Engine) -> None:
    """Weights of time decay by whole hours before the youngest touch, as integers of 30 digits (RULES 5.3).

    Only their proportions matter, so the youngest touch of a conversion weighs 1: old touches keep all digits.
    """
    ages = engine.rows(
        """SELECT DISTINCT half_life_days, hours - youngest FROM competition
        WHERE model = 'time_decay' ORDER BY ALL""",
        "ages of split touches",
    )
    weights = [(half_life, hours, _decayed(hours, half_life)) for half_life, hours in ages]
    engine.table("decay_weights", {"half_life_days": "BIGINT", "hours": "BIGINT", "weight": "HUGEINT"}, weights)


def _decayed(hours: int, half_life_days: int) -> int:
    """2^(−h / (24 × half_life_days)) × 10^30, to 30 digits.

    >>> _decayed(24 * 7, 7) == 5 * 10**29
    True
    """
    with localcontext() as context:
        context.prec = WEIGHT_DIGITS
        weight = Decimal(2) ** (Decimal(-hours) / (24 * half_life_days))
        return int(weight.scaleb(WEIGHT_DIGITS))


# Touches in reach of each contract in force for the conversion, and which of them qualify (RULES 5.2).
CONTRACT_TOUCHES = """
CREATE OR REPLACE TABLE contract_touches AS
SELECT s.contract, s.version, s.start, s.partner, s.is_competing, s.model, s.prefer, s.half_life_days,
    t.conversion_id, t.kind, t.touch_id, t.ts, t.age,
    NOT t.is_duplicate AND NOT t.is_test
        AND NOT (s.no_givt AND COALESCE(t.ivt, '') = 'givt') AND NOT (s.no_sivt AND COALESCE(t.ivt, '') = 'sivt')
        AND (t.ingested_at IS NULL OR t.ingested_at <= s.cutoff)
        AND t.age >= s.min_age
        AND NOT (s.is_exclusive AND t.age = CASE WHEN t.kind = 'click' THEN s.click_window ELSE s.view_window END)
        AS is_qualified
FROM conversion_rows AS c
JOIN cpa_spans AS s ON s.program = c.program AND c.ts >= s.start AND c.ts < s."end"
JOIN touches AS t ON t.conversion_id = c.conversion_id
WHERE (s.direction = 'charge' OR t.partner = s.partner)
    AND ((t.kind = 'click' AND s.click_window > 0 AND t.age <= s.click_window)
      OR (t.kind = 'view' AND s.view_window > 0 AND t.age <= s.view_window))"""

# The order in which touches win: by kind where clicks are preferred, then by time, a click before an impression at
# the same instant, then the smaller id (RULES 5.3). Split models take the order of first_touch.
WINS = """
CASE WHEN model = 'last_touch' AND prefer = 'click' AND kind = 'view' THEN 1 ELSE 0 END,
CASE WHEN model = 'last_touch' THEN -ts ELSE ts END,
CASE WHEN kind = 'view' THEN 1 ELSE 0 END, touch_id"""

OWN_TOUCHES = f"""
CREATE OR REPLACE TABLE own_touches AS
SELECT contract, conversion_id, best.touch_id AS touch_id, best.kind AS kind, best.ts AS ts FROM (
    SELECT contract, conversion_id, ARG_MIN({{'touch_id': touch_id, 'kind': kind, 'ts': ts}}, ROW({WINS})) AS best
    FROM contract_touches WHERE is_qualified GROUP BY contract, conversion_id) AS found"""

# All qualifying touches of the contracts that compete for a conversion, in order, with how many there are.
COMPETITION = f"""
CREATE OR REPLACE TABLE competition AS
SELECT *, ROW_NUMBER() OVER (PARTITION BY conversion_id ORDER BY {WINS}) AS place,
    COUNT(*) OVER (PARTITION BY conversion_id) AS touch_count, age // {HOUR} AS hours,
    MIN(age // {HOUR}) OVER (PARTITION BY conversion_id) AS youngest
FROM contract_touches WHERE is_qualified AND is_competing"""

# Weights of the models: a single winner takes all; the ends of position_based weigh 2 (n − 2) against 1 (40/20/40).
MODELS = {
    "last_touch": "CASE WHEN place = 1 THEN 1 ELSE 0 END",
    "first_touch": "CASE WHEN place = 1 THEN 1 ELSE 0 END",
    "linear": "1",
    "position_based": "CASE WHEN touch_count > 2 AND place IN (1, touch_count) THEN 2 * (touch_count - 2) ELSE 1 END",
    "time_decay": "w.weight",
}
WEIGHT = " ".join(f"WHEN '{model}' THEN {weight}" for model, weight in MODELS.items())

# A touch that weighs nothing has no share: of single winners only the first touch in order is looked at.
HAS_WEIGHT = "c.place = 1 OR c.model NOT IN ('last_touch', 'first_touch')"

# Shares in millionths by largest remainder, ties to the smaller partner (RULES 5.3). Weights reach 10^30 × touches,
# so the division is done in two steps of a thousand to stay within 128 bits.
SHARES = f"""
CREATE OR REPLACE TABLE shares AS
WITH weighed AS (
    SELECT c.conversion_id, c.contract, c.partner, SUM(CAST(CASE c.model {WEIGHT} END AS HUGEINT)) AS part
    FROM competition AS c
    LEFT JOIN decay_weights AS w ON w.half_life_days = c.half_life_days AND w.hours = c.hours - c.youngest
    WHERE {HAS_WEIGHT}
    GROUP BY c.conversion_id, c.contract, c.partner),
totals AS (SELECT *, SUM(part) OVER (PARTITION BY conversion_id) AS whole FROM weighed),
thousandths AS (SELECT *, part * 1000 // whole AS upper, part * 1000 % whole AS rest FROM totals),
millionths AS (
    SELECT *, upper * 1000 + rest * 1000 // whole AS floor, rest * 1000 % whole AS remainder FROM thousandths),
ranked AS (
    SELECT *, {MILLION} - SUM(floor) OVER (PARTITION BY conversion_id) AS left_over,
        ROW_NUMBER() OVER (PARTITION BY conversion_id ORDER BY remainder DESC, partner) AS place
    FROM millionths)
SELECT conversion_id, contract, CAST(floor + CASE WHEN place <= left_over THEN 1 ELSE 0 END AS BIGINT) AS share
FROM ranked"""

# Who won: the winner, or of a split the partner with the largest share, by its first touch in order (RULES 5.4).
WINNERS = f"""
CREATE OR REPLACE TABLE winners AS
SELECT conversion_id, partner, touch_id FROM (
    SELECT c.conversion_id, c.partner, c.touch_id, ROW_NUMBER() OVER (
        PARTITION BY c.conversion_id ORDER BY h.share DESC, c.partner, c.place) AS rank
    FROM competition AS c JOIN shares AS h ON h.conversion_id = c.conversion_id AND h.contract = c.contract
    WHERE {HAS_WEIGHT}) AS ranked
WHERE rank = 1"""

REACHED = "CREATE OR REPLACE TABLE reached AS SELECT DISTINCT conversion_id FROM contract_touches"

# In steps, each of which holds little: all joins at once need more memory than the engine may take.
OWN_CLAIMS = """
CREATE OR REPLACE TABLE own_claims AS
SELECT r.contract, r.start, r.conversion_id, o.touch_id AS own_touch, o.ts AS own_ts
FROM (SELECT DISTINCT contract, conversion_id, start FROM contract_touches) AS r
LEFT JOIN own_touches AS o ON o.contract = r.contract AND o.conversion_id = r.conversion_id"""

SHARED_CLAIMS = """
CREATE OR REPLACE TABLE shared_claims AS
SELECT r.*, w.partner AS winner, w.touch_id AS winning_touch, COALESCE(h.share, 0) AS won_share
FROM own_claims AS r
LEFT JOIN winners AS w ON w.conversion_id = r.conversion_id
LEFT JOIN shares AS h ON h.conversion_id = r.conversion_id AND h.contract = r.contract"""

CLAIMS = f"""
CREATE OR REPLACE TABLE claims AS
WITH marked AS (
    SELECT s.contract, s.version, s.direction, s.zone, s.own_currency, s.period, z.day, z.earned_in,
        z.lock_date, z.expires_on,
        c.conversion_id, c.ts, c.action, c.sale_micros, c.currency, c.category, c.customer, c.coupon, c.geo, c.device,
        CASE WHEN COALESCE(c.is_test, FALSE) THEN 'test'
            WHEN COALESCE(c.is_fraud, FALSE) THEN 'fraud'
            WHEN c.ingested_at > s.cutoff THEN 'late'
            WHEN s.dedupe_window > 0 AND c.ts - c.prior_ts <= s.dedupe_window THEN 'duplicate'
            WHEN r.own_touch IS NULL THEN 'no_touch'
            WHEN s.is_competing AND r.won_share = 0 THEN 'lost' END AS early_fate,
        c.prior_id, r.winner, r.winning_touch, r.own_touch,
        CASE WHEN s.is_competing THEN r.won_share ELSE {MILLION} END AS share,
        CASE WHEN s.by_touch_date THEN d.version ELSE s.version END AS governing_version
    FROM shared_claims AS r
    JOIN conversion_rows AS c ON c.conversion_id = r.conversion_id
    JOIN cpa_spans AS s ON s.contract = r.contract AND s.start = r.start
    JOIN cpa_days AS z ON z.contract = r.contract AND z.utc_day = c.ts // {DAY} AND c.ts >= z.start AND c.ts < z."end"
    LEFT JOIN cpa_versions AS d ON d.contract = r.contract AND r.own_ts >= d.start AND r.own_ts < d."end"
    WHERE s.period <= '{{period}}' AND {{kept}})
SELECT *,
    CASE early_fate WHEN 'lost' THEN 'to ' || winner || ' by ' || winning_touch
        WHEN 'duplicate' THEN 'of ' || prior_id END AS early_reason,
    CASE WHEN early_fate IS NULL THEN own_touch WHEN early_fate = 'lost' THEN winning_touch END AS touch_id
FROM marked"""
