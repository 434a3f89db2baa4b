CREATE TABLE tenants (
  tenant_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  mode TEXT NOT NULL DEFAULT 'normal' CHECK (mode IN ('normal', 'paused')),
  mode_reason TEXT NOT NULL DEFAULT '',
  mode_at TEXT NOT NULL,
  mode_actor TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  key_sha256 BLOB PRIMARY KEY CHECK (length(key_sha256) = 32),
  key_id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  role TEXT NOT NULL CHECK (role IN ('agent', 'tenant_admin', 'operator', 'finance')),
  agent_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  revoked_at TEXT
) STRICT, WITHOUT ROWID;

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
  tenant_id TEXT NOT NULL REFERENCES tenants,
  wallet_id TEXT NOT NULL,
  currency TEXT NOT NULL,
  available INTEGER NOT NULL REFERENCES accounts,
  held INTEGER NOT NULL REFERENCES accounts,
  created_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, wallet_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE payees (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  payee_id TEXT NOT NULL,
  name TEXT NOT NULL,
  currency TEXT NOT NULL,
  payable INTEGER NOT NULL REFERENCES accounts,
  created_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, payee_id)
) STRICT, WITHOUT ROWID;

-- Append-only: the newest row of a tenant is in force, the older ones explain older receipts.
CREATE TABLE policies (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  version INTEGER NOT NULL,
  policy_sha256 TEXT NOT NULL,
  document BLOB NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  tenant_id TEXT NOT NULL REFERENCES tenants,
  scope TEXT NOT NULL,
  window TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  PRIMARY KEY (tenant_id, scope, window)
) STRICT, WITHOUT ROWID;

-- No foreign keys from here on: the hot path pays for each; the movements' trigger checks the accounts instead.
CREATE TABLE payments (
  tenant_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  wallet_id TEXT NOT NULL,
  payee_id TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('denied', 'reserved', 'partially_settled', 'settled', 'released', 'expired')),
  currency TEXT NOT NULL,
  authorized INTEGER NOT NULL CHECK (authorized >= 0),
  settled INTEGER NOT NULL CHECK (settled >= 0),
  released INTEGER NOT NULL CHECK (released >= 0),
  open INTEGER NOT NULL CHECK (open >= 0),
  refunded INTEGER NOT NULL CHECK (refunded >= 0),
  charged_back INTEGER NOT NULL CHECK (charged_back >= 0),
  available_account INTEGER NOT NULL,
  held_account INTEGER NOT NULL,
  payable_account INTEGER NOT NULL,
  counter_window TEXT NOT NULL,
  operations INTEGER NOT NULL CHECK (operations >= 1),
  last_receipt_sha256 TEXT NOT NULL,
  policy BLOB NOT NULL,
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  client_reference TEXT,
  purpose TEXT,
  PRIMARY KEY (tenant_id, payment_id),
  CHECK (authorized = settled + released + open),
  CHECK (refunded + charged_back <= settled),
  CHECK (open = 0 OR state IN ('reserved', 'partially_settled')),
  CHECK (state NOT IN ('reserved', 'partially_settled') OR open > 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX payments_open ON payments (expires_at, tenant_id, payment_id) WHERE open > 0;

-- The journal: one row a decided request, with the answer that every replay repeats byte for byte.
CREATE TABLE operations (
  seq INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  suffix TEXT NOT NULL,
  kind TEXT NOT NULL,
  entry_kind TEXT,
  payment_id TEXT,
  payment_seq INTEGER,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  route TEXT NOT NULL,
  key TEXT,
  fingerprint BLOB NOT NULL,
  request BLOB NOT NULL,
  status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 499),
  body BLOB NOT NULL,
  location TEXT,
  receipt BLOB,
  signature BLOB,
  keyid TEXT,
  CHECK ((receipt IS NULL) = (signature IS NULL) AND (receipt IS NULL) = (keyid IS NULL)),
  CHECK (entry_kind IS NULL OR entry_kind IN ('fund', 'reserve', 'settle', 'release', 'refund', 'expire'))
) STRICT;

CREATE UNIQUE INDEX operations_by_suffix ON operations (suffix);
CREATE UNIQUE INDEX operations_by_payment ON operations (payment_id, payment_seq) WHERE payment_seq IS NOT NULL;

-- Which operation a key led to. key_hash covers tenant and key, route_hash method, template and path ids.
CREATE TABLE idempotency_keys (
  key_hash BLOB NOT NULL CHECK (length(key_hash) = 16),
  route_hash BLOB NOT NULL CHECK (length(route_hash) = 16),
  seq INTEGER NOT NULL,
  PRIMARY KEY (key_hash, route_hash)
) STRICT, WITHOUT ROWID;

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
CREATE TRIGGER payments_stay BEFORE DELETE ON payments BEGIN SELECT RAISE(ABORT, 'payments are never deleted'); END;

CREATE TRIGGER payments_identity BEFORE UPDATE ON payments
WHEN NEW.authorized <> OLD.authorized OR NEW.wallet_id <> OLD.wallet_id OR NEW.payee_id <> OLD.payee_id
  OR NEW.currency <> OLD.currency OR NEW.operations <> OLD.operations + 1
BEGIN SELECT RAISE(ABORT, 'a payment''s identity never changes'); END;

CREATE TRIGGER payments_terminal BEFORE UPDATE ON payments
WHEN OLD.state IN ('denied', 'released', 'expired')
  OR (OLD.state = 'settled' AND (NEW.state <> 'settled' OR NEW.settled <> OLD.settled OR NEW.released <> OLD.released))
BEGIN SELECT RAISE(ABORT, 'a terminal state never changes'); END;

CREATE TRIGGER payments_never_unsettle BEFORE UPDATE ON payments
WHEN NEW.settled < OLD.settled OR NEW.released < OLD.released OR NEW.refunded < OLD.refunded
BEGIN SELECT RAISE(ABORT, 'settled, released and refunded only grow'); END;
