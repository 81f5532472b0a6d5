"""Tables and views of the row projection; fills none of them.

Amounts are integer minor units; the decimal text beside them is computed when read and takes no
room. The file can always be built again from the log, so it has no migrations: one of another
PROJECTION_SCHEMA is emptied and filled anew.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Kept in `PRAGMA user_version`; raised with every change of this module.
PROJECTION_SCHEMA = 2


def decimal_sql(minor: str, scale: str) -> str:
    """SQL for an amount in minor units as decimal text, in integer arithmetic alone."""
    unit = f"CAST('1' || substr('000000000000000000', 1, {scale}) AS INTEGER)"
    sign = f"CASE WHEN {minor} < 0 THEN '-' ELSE '' END"
    whole = f"{sign} || (abs({minor}) / {unit})"
    fraction = f"'.' || printf('%0*d', {scale}, abs({minor}) % {unit})"
    return f"(CASE WHEN {scale} = 0 THEN {whole} ELSE {whole} || {fraction} END)"


def _decimal(name: str, minor: str, scale: str = "scale") -> str:
    return f"{name} TEXT GENERATED ALWAYS AS {decimal_sql(minor, scale)} VIRTUAL"


#: Columns by table, in the order in which rows are inserted; then what the table has besides.
TABLES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "event": (
        {
            "book_id": "TEXT",
            "seq": "INTEGER",  # commit
            "command": "INTEGER",  # row in the commit
            "source": "TEXT",
            "event_id": "TEXT",
            "type": "TEXT",
            "entity": "TEXT",
            "event_date": "TEXT",
            "status": "TEXT",
            "reason": "TEXT",
            "message": "TEXT",
            "revision": "TEXT",
            "principal": "TEXT",
            "group_id": "TEXT",
            "accepted": "INTEGER",  # 1 while the identity belongs to this row
            "sealed_at": "TEXT",
            "content": "TEXT",  # canonical JSON
        },
        ("PRIMARY KEY (book_id, seq, command)",),
    ),
    "voucher": (
        {
            "book_id": "TEXT",
            "seq": "INTEGER",
            "voucher": "INTEGER",  # row in the commit
            "name": "TEXT",
            "entity": "TEXT",
            "ledger": "TEXT",
            "series": "TEXT",
            "period": "TEXT",
            "word": "TEXT",
            "number": "INTEGER",
            "voucher_date": "TEXT",
            "event_date": "TEXT",
            "source": "TEXT",
            "event_id": "TEXT",
            "rule": "TEXT",
            "revision": "TEXT",
            "summary": "TEXT",
            "state": "TEXT",
            "reverses": "TEXT",
            "currency": "TEXT",
            "scale": "INTEGER",
            "line_count": "INTEGER",
        },
        ("PRIMARY KEY (book_id, seq, voucher)",),
    ),
    "voucher_line": (
        {
            "book_id": "TEXT",
            "seq": "INTEGER",
            "voucher": "INTEGER",
            "line_no": "INTEGER",
            "name": "TEXT",  # of the voucher
            "entity": "TEXT",
            "ledger": "TEXT",
            "period": "TEXT",
            "voucher_date": "TEXT",
            "account_code": "TEXT",
            "account_name": "TEXT",
            "debit_minor": "INTEGER",
            "credit_minor": "INTEGER",
            "scale": "INTEGER",
            "currency": "TEXT",  # empty where the line is in functional currency
            "fc_debit_minor": "INTEGER",
            "fc_credit_minor": "INTEGER",
            "fc_scale": "INTEGER",  # decimals of that currency
            "rate": "TEXT",
            "rule_line": "INTEGER",
            "element": "INTEGER",
            "dimensions": "TEXT",  # JSON object; each dimension also has a column dim_<wire name>
        },
        (
            _decimal("debit", "debit_minor"),
            _decimal("credit", "credit_minor"),
            _decimal("fc_debit", "fc_debit_minor", "fc_scale"),
            _decimal("fc_credit", "fc_credit_minor", "fc_scale"),
            "PRIMARY KEY (book_id, seq, voucher, line_no)",
        ),
    ),
    "balance": (
        {
            "book_id": "TEXT",
            "entity": "TEXT",
            "ledger": "TEXT",
            "period": "TEXT",
            "account_code": "TEXT",
            "account_name": "TEXT",
            "currency": "TEXT",
            "scale": "INTEGER",
            "debit_minor": "INTEGER",  # movement of the period
            "credit_minor": "INTEGER",
        },
        (
            _decimal("debit", "debit_minor"),
            _decimal("credit", "credit_minor"),
            # A sum beyond 64 bits would silently become a floating point number.
            "CHECK (typeof(debit_minor) = 'integer' AND typeof(credit_minor) = 'integer')",
            "PRIMARY KEY (book_id, entity, ledger, period, account_code)",
        ),
    ),
    "target_value": (
        {
            "book_id": "TEXT",
            "target": "TEXT",
            "entity": "TEXT",
            "key": "TEXT",  # JSON array
            "value_minor": "INTEGER",
        },
        ("PRIMARY KEY (book_id, target, entity, key)",),
    ),
    "record_value": (
        {
            "book_id": "TEXT",
            "record": "TEXT",
            "key": "TEXT",  # JSON array
            "field": "TEXT",  # empty: the record exists
            "number": "INTEGER",
            "scale": "INTEGER",
            "text": "TEXT",
        },
        (
            f"value TEXT GENERATED ALWAYS AS (CASE WHEN text <> '' THEN text ELSE "
            f"{decimal_sql('number', 'scale')} END) VIRTUAL",
            "PRIMARY KEY (book_id, record, key, field)",
        ),
    ),
    "period_state": (
        {"book_id": "TEXT", "entity": "TEXT", "period": "TEXT", "state": "TEXT"},
        ("PRIMARY KEY (book_id, entity, period)",),
    ),
    "budget_node": (
        {
            "book_id": "TEXT",
            "node": "TEXT",  # NAME[k1,k2]@PERIOD
            "budget_name": "TEXT",
            "path": "TEXT",  # JSON array of keys, root first
            "period": "TEXT",  # empty for life
            "parent": "TEXT",  # node above, empty at a root
            "control": "TEXT",
            "limited": "INTEGER",  # 0: only counted
            "closed": "INTEGER",
            "version": "TEXT",
            "override_role": "TEXT",
            "scale": "INTEGER",
            "currency": "TEXT",  # or unit
            "budget_minor": "INTEGER",
            "reserved_minor": "INTEGER",
            "committed_minor": "INTEGER",
            "actual_minor": "INTEGER",
            "excess_minor": "INTEGER",  # overrides, overruns and cuts, added up
        },
        (
            "available_minor INTEGER GENERATED ALWAYS AS (CASE WHEN limited THEN"
            " budget_minor - reserved_minor - committed_minor - actual_minor ELSE 0 END) VIRTUAL",
            *(
                _decimal(name, f"{name}_minor")
                for name in ("budget", "reserved", "committed", "actual", "excess", "available")
            ),
            "CHECK (typeof(budget_minor) = 'integer' AND typeof(reserved_minor) = 'integer'"
            " AND typeof(committed_minor) = 'integer' AND typeof(actual_minor) = 'integer')",
            "PRIMARY KEY (book_id, node)",
        ),
    ),
    "budget_decision": (
        {
            "book_id": "TEXT",
            "seq": "INTEGER",
            "place": "INTEGER",  # row in the commit
            "command": "INTEGER",  # row in the commit, -1: time passed
            "source": "TEXT",
            "event_id": "TEXT",
            "node": "TEXT",
            "verdict": "TEXT",
            "requested_minor": "INTEGER",  # at the scale of the node
            "available_minor": "INTEGER",  # before
            "shortfall_minor": "INTEGER",
            "excess_minor": "INTEGER",
            "role": "TEXT",
            "person": "TEXT",
            "reason": "TEXT",
            "rule": "TEXT",
            "rule_line": "INTEGER",
            "sealed_at": "TEXT",
        },
        ("PRIMARY KEY (book_id, seq, place)",),
    ),
    "projection_position": (
        {"book_id": "TEXT", "seq": "INTEGER", "chain": "TEXT"},
        ("PRIMARY KEY (book_id)",),
    ),
}

#: Columns of `budget_node` that the log gives anew, and those that are added up.
BUDGET_FIGURES = tuple(name for name in TABLES["budget_node"][0] if name.endswith("_minor"))
BUDGET_ATTRIBUTES = tuple(name for name in TABLES["budget_node"][0] if name not in BUDGET_FIGURES)

_INDEXES = (
    "CREATE INDEX event_identity ON event (book_id, source, event_id)",
    "CREATE INDEX voucher_event ON voucher (book_id, source, event_id)",
    "CREATE UNIQUE INDEX voucher_name ON voucher"
    " (book_id, entity, ledger, series, period, word, number) WHERE number > 0",
    "CREATE INDEX voucher_line_account ON voucher_line"
    " (book_id, entity, ledger, account_code, voucher_date)",
    "CREATE INDEX budget_decision_node ON budget_decision (book_id, node)",
    "CREATE INDEX budget_decision_event ON budget_decision (book_id, source, event_id)",
)

VIEWS = ("bi_voucher_line", "bi_trial_balance", "bi_budget_decision")


def create_statements() -> list[str]:
    """Everything an empty file needs."""
    statements = []
    for name, (columns, rest) in TABLES.items():
        declared = [f"{column} {kind} NOT NULL" for column, kind in columns.items()]
        parts = ", ".join([*declared, *rest])
        statements.append(f"CREATE TABLE {name} ({parts}) WITHOUT ROWID")
    return [*statements, *_INDEXES, line_view(()), _TRIAL_BALANCE, _BUDGET_DECISION]


def line_view(dimension_columns: Sequence[str]) -> str:
    """The view of voucher lines with everything a report asks for, dimensions last."""
    dimensions = "".join(f", l.{quoted(column)}" for column in dimension_columns)
    return f"""CREATE VIEW bi_voucher_line AS
SELECT l.book_id, v.entity, v.ledger, v.series, v.period, v.word, v.number, v.name,
 v.voucher_date, v.event_date, v.source, v.event_id, v.rule, v.revision, v.summary, v.state,
 v.reverses, l.line_no, l.account_code, l.account_name, l.debit, l.credit,
 CASE WHEN l.currency = '' THEN v.currency ELSE l.currency END AS currency,
 l.fc_debit, l.fc_credit, l.rate, l.debit_minor, l.credit_minor, l.scale, l.seq,
 l.dimensions{dimensions}
FROM voucher_line AS l JOIN voucher AS v USING (book_id, seq, voucher)"""  # noqa: S608


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _side(side: str, net: str) -> str:
    amount = f"(CASE WHEN {net} {'>' if side == 'debit' else '<'} 0 THEN abs({net}) ELSE 0 END)"
    return decimal_sql(amount, "scale")


# A decision on a node that never was (its event was refused) shows no decimals.
_BUDGET_DECISION = f"""CREATE VIEW bi_budget_decision AS
SELECT d.book_id, d.seq, d.place, d.sealed_at, d.source, d.event_id, e.type, e.status, d.node,
 n.budget_name, n.period, d.verdict,
 {decimal_sql("d.requested_minor", "n.scale")} AS requested,
 {decimal_sql("d.available_minor", "n.scale")} AS available,
 {decimal_sql("d.shortfall_minor", "n.scale")} AS shortfall,
 {decimal_sql("d.excess_minor", "n.scale")} AS excess,
 n.currency, d.role, d.person, d.reason, d.rule, d.rule_line
FROM budget_decision AS d
LEFT JOIN budget_node AS n USING (book_id, node)
LEFT JOIN event AS e
 ON e.book_id = d.book_id AND e.seq = d.seq AND e.command = d.command"""  # noqa: S608

# An account stands in a period if it moved in it or before, and there is anything to show.
_TRIAL_BALANCE = f"""CREATE VIEW bi_trial_balance AS
WITH account AS (
 SELECT book_id, entity, ledger, account_code, min(period) AS first_period, max(scale) AS scale,
  max(currency) AS currency
 FROM balance GROUP BY book_id, entity, ledger, account_code
), month AS (
 SELECT DISTINCT book_id, entity, ledger, period FROM balance
), movement AS (
 SELECT m.book_id, m.entity, m.ledger, m.period, a.account_code, a.currency, a.scale,
  coalesce(b.debit_minor, 0) AS debit_minor, coalesce(b.credit_minor, 0) AS credit_minor,
  (SELECT n.account_name FROM balance AS n WHERE n.book_id = a.book_id AND n.entity = a.entity
   AND n.ledger = a.ledger AND n.account_code = a.account_code AND n.period <= m.period
   ORDER BY n.period DESC LIMIT 1) AS account_name
 FROM month AS m
 JOIN account AS a ON a.book_id = m.book_id AND a.entity = m.entity AND a.ledger = m.ledger
  AND a.first_period <= m.period
 LEFT JOIN balance AS b ON b.book_id = m.book_id AND b.entity = m.entity
  AND b.ledger = m.ledger AND b.period = m.period AND b.account_code = a.account_code
), running AS (
 SELECT *, sum(debit_minor - credit_minor) OVER (
  PARTITION BY book_id, entity, ledger, account_code ORDER BY period) AS closing_minor
 FROM movement
), both AS (
 SELECT *, closing_minor - debit_minor + credit_minor AS opening_minor FROM running
)
SELECT book_id, entity, ledger, period, account_code, account_name, currency,
 {_side("debit", "opening_minor")} AS opening_debit,
 {_side("credit", "opening_minor")} AS opening_credit,
 {decimal_sql("debit_minor", "scale")} AS debit,
 {decimal_sql("credit_minor", "scale")} AS credit,
 {_side("debit", "closing_minor")} AS closing_debit,
 {_side("credit", "closing_minor")} AS closing_credit
FROM both
WHERE opening_minor <> 0 OR debit_minor <> 0 OR credit_minor <> 0"""  # noqa: S608
