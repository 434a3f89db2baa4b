CREATE TABLE tenants (
  tenant_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  mode TEXT NOT NULL DEFAULT 'normal' CHECK (mode IN ('normal', 'paused')),
  mode_reason TEXT NOT NULL DEFAULT '',
  mode_at TEXT NOT NULL,
  mode_actor TEXT NOT NULL,
  created_at TEXT NOT NULL,
  rate_per_s INTEGER NOT NULL DEFAULT 0 CHECK (rate_per_s >= 0),  -- 0: the gateway's default; 1000000 or more: no limit
  burst INTEGER NOT NULL DEFAULT 0 CHECK (burst >= 0 AND (rate_per_s = 0) = (burst = 0))
) STRICT, WITHOUT ROWID;

-- The house: owner of accounts that belong to no customer. It has accounts and nothing else, as the CHECKs below say.
INSERT INTO tenants (tenant_id, name, mode_at, mode_actor, created_at) VALUES ('ten_house', 'house', '', 'system', '');

-- The kinds of resources, journal entries and reconciliation items. A later release inserts rows; none is changed or removed.
CREATE TABLE resource_kinds (kind TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE entry_kinds (kind TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE item_kinds (kind TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

INSERT INTO resource_kinds (kind) VALUES ('payment'), ('payout');
INSERT INTO entry_kinds (kind) VALUES ('fund'), ('reserve'), ('settle'), ('release'), ('refund'), ('expire'),
  ('payout'), ('payout_success'), ('payout_failure'), ('payout_suspense');
INSERT INTO item_kinds (kind) VALUES ('late_success'), ('contradicted_success');

CREATE TRIGGER resource_kinds_are_final BEFORE UPDATE ON resource_kinds BEGIN SELECT RAISE(ABORT, 'kinds are append-only'); END;
CREATE TRIGGER resource_kinds_stay BEFORE DELETE ON resource_kinds BEGIN SELECT RAISE(ABORT, 'kinds are append-only'); END;
CREATE TRIGGER entry_kinds_are_final BEFORE UPDATE ON entry_kinds BEGIN SELECT RAISE(ABORT, 'kinds are append-only'); END;
CREATE TRIGGER entry_kinds_stay BEFORE DELETE ON entry_kinds BEGIN SELECT RAISE(ABORT, 'kinds are append-only'); END;
CREATE TRIGGER item_kinds_are_final BEFORE UPDATE ON item_kinds BEGIN SELECT RAISE(ABORT, 'kinds are append-only'); END;
CREATE TRIGGER item_kinds_stay BEFORE DELETE ON item_kinds BEGIN SELECT RAISE(ABORT, 'kinds are append-only'); END;

-- One row: what holds for all tenants at once. Commands that run while the gateway runs write it.
CREATE TABLE service (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  mode TEXT NOT NULL CHECK (mode IN ('normal', 'paused')),
  mode_reason TEXT NOT NULL,
  mode_at TEXT NOT NULL,
  mode_actor TEXT NOT NULL
) STRICT;

INSERT INTO service (only_row, mode, mode_reason, mode_at, mode_actor) VALUES (1, 'normal', '', '', 'system');

-- A key of the house has no tenant. A person's keys all name the person, so that two keys do not make two people.
CREATE TABLE api_keys (
  key_sha256 BLOB PRIMARY KEY CHECK (length(key_sha256) = 32),
  key_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  role TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  person_id TEXT CHECK (person_id <> ''),
  created_at TEXT NOT NULL,
  revoked_at TEXT,
  CHECK (CASE WHEN tenant_id IS NULL THEN role IN ('house_operator', 'house_finance', 'house_support')
    ELSE role IN ('agent', 'tenant_admin', 'operator', 'finance') END)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_person ON api_keys (person_id) WHERE person_id IS NOT NULL;
CREATE TRIGGER api_keys_identity BEFORE UPDATE ON api_keys
WHEN NEW.key_sha256 <> OLD.key_sha256 OR NEW.key_id <> OLD.key_id OR NEW.tenant_id IS NOT OLD.tenant_id
  OR NEW.agent_id <> OLD.agent_id OR NEW.person_id IS NOT OLD.person_id
BEGIN SELECT RAISE(ABORT, 'whose key it is never changes'); END;
CREATE TRIGGER api_keys_stay BEFORE DELETE ON api_keys BEGIN SELECT RAISE(ABORT, 'keys are revoked, never deleted'); END;

-- One row an account; the balance is kept by the trigger on movements and by nothing else.
CREATE TABLE accounts (
  account INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  balance INTEGER NOT NULL DEFAULT 0,
  may_go_negative INTEGER NOT NULL DEFAULT 0 CHECK (may_go_negative IN (0, 1)),
  UNIQUE (tenant_id, name, currency),
  CHECK (may_go_negative = 1 OR balance >= 0)
) STRICT;

CREATE TABLE wallets (
  tenant_id TEXT NOT NULL REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  wallet_id TEXT NOT NULL,
  currency TEXT NOT NULL,
  available INTEGER NOT NULL REFERENCES accounts,
  held INTEGER NOT NULL REFERENCES accounts,
  created_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, wallet_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE payees (
  tenant_id TEXT NOT NULL REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  payee_id TEXT NOT NULL,
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  payable INTEGER NOT NULL REFERENCES accounts,
  category TEXT NOT NULL DEFAULT '',
  known INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1)),  -- a payment to it was held before
  created_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, payee_id)
) STRICT, WITHOUT ROWID;

-- Append-only: the newest row of a tenant is in force, the older ones explain older receipts.
CREATE TABLE policies (
  tenant_id TEXT NOT NULL REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  version INTEGER NOT NULL,
  policy_sha256 TEXT NOT NULL,
  document BLOB NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, version)
) STRICT, WITHOUT ROWID;

CREATE INDEX policies_by_hash ON policies (tenant_id, policy_sha256);
CREATE INDEX policies_by_time ON policies (tenant_id, created_at);

-- What the policies' budgets have counted: tenant/day/2026-11-23, agent/{id}/hour/2026-11-23T10+00:00, wallet/{id}/month/2026-11...
CREATE TABLE counters (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  counter TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  payments INTEGER NOT NULL CHECK (payments >= 0),
  PRIMARY KEY (tenant_id, counter)
) STRICT, WITHOUT ROWID;

-- No foreign keys from here on, but for those to the short lists of kinds: the hot path pays for each. The movements' trigger checks
-- the accounts instead.
CREATE TABLE payments (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> 'ten_house'),
  payment_id TEXT NOT NULL,
  wallet_id TEXT NOT NULL,
  payee_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('denied', 'reserved', 'partially_settled', 'settled', 'released', 'expired', 'approval_required',
    'rejected', 'approval_expired')),
  currency TEXT NOT NULL,
  requested INTEGER NOT NULL CHECK (requested > 0),
  authorized INTEGER NOT NULL CHECK (authorized >= 0),
  settled INTEGER NOT NULL CHECK (settled >= 0),
  released INTEGER NOT NULL CHECK (released >= 0),
  open INTEGER NOT NULL CHECK (open >= 0),
  refunded INTEGER NOT NULL CHECK (refunded >= 0),
  charged_back INTEGER NOT NULL CHECK (charged_back >= 0),
  available_account INTEGER NOT NULL,
  held_account INTEGER NOT NULL,
  payable_account INTEGER NOT NULL,
  counters TEXT NOT NULL,  -- those in which its amount was counted, a line each
  guarded INTEGER NOT NULL CHECK (guarded IN (0, 1)),  -- the policy looked for its like
  operations INTEGER NOT NULL CHECK (operations >= 1),
  last_receipt_sha256 TEXT NOT NULL,
  policy BLOB NOT NULL,
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  client_reference TEXT,
  purpose TEXT,
  PRIMARY KEY (tenant_id, payment_id),
  CHECK (authorized = settled + released + open),
  CHECK (authorized = CASE WHEN state IN ('denied', 'approval_required', 'rejected', 'approval_expired') THEN 0 ELSE requested END),
  CHECK (refunded + charged_back <= settled),
  CHECK (open = 0 OR state IN ('reserved', 'partially_settled')),
  CHECK (state NOT IN ('reserved', 'partially_settled') OR open > 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX payments_open ON payments (expires_at, tenant_id, payment_id) WHERE open > 0;
CREATE INDEX payments_waiting_until ON payments (expires_at, tenant_id, payment_id) WHERE state = 'approval_required';
CREATE INDEX payments_waiting ON payments (tenant_id, payment_id, expires_at) WHERE state = 'approval_required';
CREATE INDEX payments_guarded ON payments (tenant_id, agent_id, payee_id, requested, created_at) WHERE guarded = 1;

-- Who said what to a payment that waited for approval. A person has one vote, whatever keys and names the person uses.
CREATE TABLE votes (
  tenant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  person_id TEXT,
  vote TEXT NOT NULL CHECK (vote IN ('approve', 'reject')),
  reason TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, payment_id, agent_id),
  UNIQUE (tenant_id, payment_id, key_id),
  UNIQUE (tenant_id, payment_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER votes_follow BEFORE INSERT ON votes
WHEN NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.tenant_id = NEW.tenant_id AND p.payment_id = NEW.payment_id
  AND p.state = 'approval_required' AND p.agent_id <> NEW.agent_id
  AND NOT EXISTS (SELECT 1 FROM api_keys AS k WHERE k.person_id = NEW.person_id AND k.tenant_id = p.tenant_id
    AND k.agent_id = p.agent_id))
BEGIN SELECT RAISE(ABORT, 'others vote, on a payment that waits for approval'); END;
CREATE TRIGGER votes_are_final BEFORE UPDATE ON votes BEGIN SELECT RAISE(ABORT, 'votes are append-only'); END;
CREATE TRIGGER votes_stay BEFORE DELETE ON votes BEGIN SELECT RAISE(ABORT, 'votes are append-only'); END;

-- The journal: one row a decided request, and one for what the gateway or its operator did without a request.
CREATE TABLE operations (
  seq INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  suffix TEXT NOT NULL,
  kind TEXT NOT NULL,
  entry_kind TEXT REFERENCES entry_kinds,
  resource_kind TEXT REFERENCES resource_kinds,
  resource_id TEXT,
  resource_seq INTEGER,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  route TEXT NOT NULL,
  key TEXT,
  fingerprint BLOB NOT NULL,
  request BLOB NOT NULL,
  status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 499),
  location TEXT,
  receipt BLOB,
  signature BLOB,
  keyid TEXT,
  CHECK ((receipt IS NULL) = (signature IS NULL) AND (receipt IS NULL) = (keyid IS NULL)),
  CHECK ((resource_kind IS NULL) = (resource_id IS NULL) AND (resource_seq IS NULL OR resource_id IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX operations_by_suffix ON operations (suffix);
CREATE UNIQUE INDEX operations_by_resource ON operations (resource_kind, resource_id, resource_seq) WHERE resource_seq IS NOT NULL;
-- A tenant's receipts and ledger entries, whatever other tenants did; entry_kind is here so that entries are found without the rows.
CREATE INDEX operations_by_tenant ON operations (tenant_id, seq, entry_kind) WHERE receipt IS NOT NULL OR entry_kind IS NOT NULL;

-- Which operation a key led to. tenant_key is tenant and key, route_hash covers method, template and path ids. The key is not hashed:
-- keys that callers number, date or derive from an id lie side by side then, and a batch of them dirties one page, not one for each.
CREATE TABLE idempotency_keys (
  tenant_key TEXT NOT NULL,
  route_hash BLOB NOT NULL CHECK (length(route_hash) = 16),
  seq INTEGER NOT NULL,
  PRIMARY KEY (tenant_key, route_hash)
) STRICT, WITHOUT ROWID;

-- The bytes that every replay repeats. The only rows that may go, once they are 30 days old by the journal's own clock: what stays
-- is the key's tombstone above, so that a key never executes twice.
CREATE TABLE answers (
  seq INTEGER PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;

-- Which receipt key counts from which position of the journal on. A retired key's earlier receipts count, a revoked key's do not.
CREATE TABLE key_events (
  seq INTEGER PRIMARY KEY,
  keyid TEXT NOT NULL,
  event TEXT NOT NULL CHECK (event IN ('active', 'retired', 'revoked')),
  at TEXT NOT NULL,
  x TEXT NOT NULL,
  UNIQUE (keyid, event)
) STRICT;

CREATE TABLE movements (
  seq INTEGER NOT NULL,
  leg INTEGER NOT NULL,
  tenant_id TEXT NOT NULL,
  debit INTEGER NOT NULL,
  credit INTEGER NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  PRIMARY KEY (seq, leg),
  CHECK (debit <> credit)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER movements_move AFTER INSERT ON movements BEGIN
  UPDATE accounts SET balance = balance - NEW.amount
    WHERE account = NEW.debit AND tenant_id = NEW.tenant_id AND currency = NEW.currency;
  SELECT RAISE(ABORT, 'debit account of another tenant or currency') WHERE changes() <> 1;
  UPDATE accounts SET balance = balance + NEW.amount
    WHERE account = NEW.credit AND tenant_id = NEW.tenant_id AND currency = NEW.currency;
  SELECT RAISE(ABORT, 'credit account of another tenant or currency') WHERE changes() <> 1;
END;

CREATE TRIGGER movements_are_final BEFORE UPDATE ON movements BEGIN SELECT RAISE(ABORT, 'movements are append-only'); END;
CREATE TRIGGER movements_stay BEFORE DELETE ON movements BEGIN SELECT RAISE(ABORT, 'movements are append-only'); END;
CREATE TRIGGER operations_are_final BEFORE UPDATE ON operations BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;
CREATE TRIGGER operations_stay BEFORE DELETE ON operations BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;
CREATE TRIGGER policies_are_final BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'policies are append-only'); END;
CREATE TRIGGER policies_stay BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'policies are append-only'); END;
CREATE TRIGGER keys_are_final BEFORE UPDATE ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'keys are append-only'); END;
CREATE TRIGGER keys_stay BEFORE DELETE ON idempotency_keys BEGIN SELECT RAISE(ABORT, 'keys are append-only'); END;
CREATE TRIGGER answers_are_final BEFORE UPDATE ON answers BEGIN SELECT RAISE(ABORT, 'answers are repeated byte for byte'); END;
CREATE TRIGGER answers_live BEFORE DELETE ON answers
WHEN coalesce((SELECT at FROM operations WHERE seq = OLD.seq), '~')
  > strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT at FROM operations ORDER BY seq DESC LIMIT 1), '-30 days')
BEGIN SELECT RAISE(ABORT, 'an answer is kept for 30 days'); END;
CREATE TRIGGER key_events_are_final BEFORE UPDATE ON key_events BEGIN SELECT RAISE(ABORT, 'key events are append-only'); END;
CREATE TRIGGER key_events_stay BEFORE DELETE ON key_events BEGIN SELECT RAISE(ABORT, 'key events are append-only'); END;
CREATE TRIGGER key_events_follow BEFORE INSERT ON key_events
WHEN NOT EXISTS (SELECT 1 FROM operations WHERE seq = NEW.seq AND kind = 'key_' || NEW.event)
  OR EXISTS (SELECT 1 FROM key_events WHERE keyid = NEW.keyid AND (event = 'revoked' OR x <> NEW.x))
  OR (NEW.event <> 'active' AND NOT EXISTS (SELECT 1 FROM key_events WHERE keyid = NEW.keyid AND event = 'active'))
BEGIN SELECT RAISE(ABORT, 'a key is made active once, then retired or revoked, as the journal says'); END;
CREATE TRIGGER payments_stay BEFORE DELETE ON payments BEGIN SELECT RAISE(ABORT, 'payments are never deleted'); END;

-- Who, whom and how much: named columns, so that an update which sets none of them pays for none of this.
CREATE TRIGGER payments_identity AFTER UPDATE OF tenant_id, payment_id, wallet_id, payee_id, agent_id, currency, requested,
  available_account, held_account, payable_account, expires_at, created_at, client_reference, purpose ON payments
BEGIN SELECT RAISE(ABORT, 'a payment''s identity never changes'); END;
CREATE TRIGGER payments_authorized AFTER UPDATE OF authorized ON payments
WHEN NEW.authorized <> OLD.authorized AND (OLD.state <> 'approval_required' OR NEW.state <> 'reserved')
BEGIN SELECT RAISE(ABORT, 'a payment''s identity never changes'); END;

-- One trigger for what every update must keep: each costs a settle as much as two more statements.
CREATE TRIGGER payments_steps AFTER UPDATE ON payments
WHEN NEW.operations <> OLD.operations + 1 OR NEW.settled < OLD.settled OR NEW.released < OLD.released OR NEW.refunded < OLD.refunded
  OR NEW.charged_back < OLD.charged_back OR OLD.state NOT IN ('reserved', 'partially_settled') OR NEW.state = 'approval_required'
BEGIN SELECT CASE
  WHEN NEW.operations <> OLD.operations + 1 THEN RAISE(ABORT, 'a payment''s operations are counted one by one')
  WHEN NEW.settled < OLD.settled OR NEW.released < OLD.released OR NEW.refunded < OLD.refunded OR NEW.charged_back < OLD.charged_back
    THEN RAISE(ABORT, 'settled, released, refunded and charged_back only grow')
  WHEN OLD.state IN ('denied', 'released', 'expired', 'rejected', 'approval_expired')
    OR (OLD.state = 'approval_required'
      AND NEW.state NOT IN ('approval_required', 'reserved', 'denied', 'rejected', 'approval_expired'))
    OR (NEW.state = 'approval_required' AND OLD.state <> 'approval_required')
    OR (OLD.state = 'settled' AND (NEW.state <> 'settled' OR NEW.settled <> OLD.settled OR NEW.released <> OLD.released))
    THEN RAISE(ABORT, 'a terminal state never changes')
END; END;

-- Money on its way out. The row is the intent, durable before the first byte leaves; rail_key is what the rail knows it by.
-- epoch counts the leases: whoever writes must hold the newest one, so that a slow first owner cannot overwrite its successor.
CREATE TABLE payouts (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> 'ten_house'),
  payout_id TEXT NOT NULL,
  payee_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('accepted', 'executing', 'unknown', 'manual_review', 'succeeded', 'failed')),
  currency TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  rail_key TEXT NOT NULL UNIQUE,
  rail_id TEXT,
  reason TEXT,
  payable_account INTEGER NOT NULL,
  paying_account INTEGER NOT NULL,
  clearing_account INTEGER NOT NULL,
  operations INTEGER NOT NULL CHECK (operations >= 1),
  last_receipt_sha256 TEXT NOT NULL,
  epoch INTEGER NOT NULL CHECK (epoch >= 0),
  leased_until TEXT NOT NULL,
  sent_at TEXT,
  due_at TEXT NOT NULL,
  tries INTEGER NOT NULL CHECK (tries >= 0),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, payout_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX payouts_to_do ON payouts (due_at, tenant_id, payout_id) WHERE state IN ('accepted', 'executing', 'unknown');
CREATE UNIQUE INDEX payouts_by_charge ON payouts (rail_id) WHERE rail_id IS NOT NULL;

-- What operators say of a payout that the rail cannot explain. Append-only: a changed mind is a new row.
CREATE TABLE payout_reviews (
  tenant_id TEXT NOT NULL,
  payout_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  operator TEXT NOT NULL,
  person_id TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('succeeded', 'failed')),
  evidence TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, payout_id, number)
) STRICT, WITHOUT ROWID;

-- What the rail reported, stored before it is acted on; a second event with the same id is the first one again. The resource is
-- what the event is about, where that is known; an event about something unknown is kept, too.
CREATE TABLE rail_events (
  rail TEXT NOT NULL,
  rail_event_id TEXT NOT NULL,
  rail_key TEXT,  -- absent where the rail began it, and so had no key from us
  resource_kind TEXT REFERENCES resource_kinds,
  resource_id TEXT,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  body BLOB NOT NULL,
  received_at TEXT NOT NULL,
  due_at TEXT NOT NULL,
  tries INTEGER NOT NULL CHECK (tries >= 0),
  outcome TEXT,
  handled_at TEXT,
  PRIMARY KEY (rail, rail_event_id),
  CHECK ((outcome IS NULL) = (handled_at IS NULL)),
  CHECK ((resource_kind IS NULL) = (resource_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX rail_events_to_do ON rail_events (due_at, rail_event_id) WHERE outcome IS NULL;

-- What does not fit and a person must look at, with the journal's position of what was posted: one row for each resource and kind;
-- an item about money of unknown origin has no resource.
CREATE TABLE reconciliation_items (
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL REFERENCES item_kinds,
  tenant_id TEXT NOT NULL,
  resource_kind TEXT REFERENCES resource_kinds,
  resource_id TEXT,
  amount INTEGER NOT NULL,
  currency TEXT NOT NULL,
  rail_id TEXT,
  at TEXT NOT NULL,
  PRIMARY KEY (seq, kind),
  CHECK ((resource_kind IS NULL) = (resource_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX reconciliation_items_once ON reconciliation_items (tenant_id, resource_kind, resource_id, kind)
  WHERE resource_id IS NOT NULL;

CREATE TRIGGER payouts_stay BEFORE DELETE ON payouts BEGIN SELECT RAISE(ABORT, 'payouts are never deleted'); END;
CREATE TRIGGER payouts_identity BEFORE UPDATE ON payouts
WHEN NEW.tenant_id <> OLD.tenant_id OR NEW.payout_id <> OLD.payout_id OR NEW.payee_id <> OLD.payee_id OR NEW.amount <> OLD.amount
  OR NEW.currency <> OLD.currency OR NEW.rail_key <> OLD.rail_key OR NEW.payable_account <> OLD.payable_account
  OR NEW.paying_account <> OLD.paying_account OR NEW.clearing_account <> OLD.clearing_account OR NEW.operations < OLD.operations
  OR (OLD.rail_id IS NOT NULL AND NEW.rail_id IS NOT OLD.rail_id)
BEGIN SELECT RAISE(ABORT, 'a payout''s identity never changes'); END;
CREATE TRIGGER payouts_epoch BEFORE UPDATE ON payouts WHEN NEW.epoch < OLD.epoch
BEGIN SELECT RAISE(ABORT, 'a lease''s epoch never falls'); END;
CREATE TRIGGER payouts_edges BEFORE UPDATE ON payouts
WHEN NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state NOT IN (
  'accepted executing', 'executing succeeded', 'executing failed', 'executing unknown', 'unknown succeeded', 'unknown failed',
  'unknown manual_review', 'manual_review succeeded', 'manual_review failed')
BEGIN SELECT RAISE(ABORT, 'a payout does not go that way'); END;
CREATE TRIGGER payouts_reviewed BEFORE UPDATE ON payouts
WHEN OLD.state = 'manual_review' AND NEW.state <> OLD.state AND NOT EXISTS (
  SELECT 1 FROM payout_reviews AS a JOIN payout_reviews AS b ON b.tenant_id = a.tenant_id AND b.payout_id = a.payout_id
  WHERE a.tenant_id = NEW.tenant_id AND a.payout_id = NEW.payout_id AND a.outcome = NEW.state AND b.outcome = NEW.state
    AND a.operator <> b.operator AND coalesce(a.person_id <> b.person_id, TRUE))
BEGIN SELECT RAISE(ABORT, 'two people end a manual review'); END;
CREATE TRIGGER payout_reviews_are_final BEFORE UPDATE ON payout_reviews BEGIN SELECT RAISE(ABORT, 'reviews are append-only'); END;
CREATE TRIGGER payout_reviews_stay BEFORE DELETE ON payout_reviews BEGIN SELECT RAISE(ABORT, 'reviews are append-only'); END;
CREATE TRIGGER rail_events_are_final BEFORE UPDATE ON rail_events
WHEN OLD.outcome IS NOT NULL OR NEW.rail <> OLD.rail OR NEW.rail_event_id <> OLD.rail_event_id
  OR NEW.rail_key IS NOT OLD.rail_key OR NEW.body <> OLD.body
  OR NEW.resource_kind IS NOT OLD.resource_kind OR NEW.resource_id IS NOT OLD.resource_id
BEGIN SELECT RAISE(ABORT, 'an event is handled once and never changes'); END;
CREATE TRIGGER rail_events_stay BEFORE DELETE ON rail_events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER reconciliation_items_are_final BEFORE UPDATE ON reconciliation_items
BEGIN SELECT RAISE(ABORT, 'reconciliation items are append-only'); END;
CREATE TRIGGER reconciliation_items_stay BEFORE DELETE ON reconciliation_items
BEGIN SELECT RAISE(ABORT, 'reconciliation items are append-only'); END;
