-- Signing in: challenges, throttles, people, sessions, mail, bootstrap keys, sign-up, cohorts and the funnel. It only adds.
-- An address stands in sign_ins, mails and persons alone, whose rows can be erased; everything append-only has its keyed hash.

-- Recognises the access key, from which codes, tokens and hashes of addresses are derived. It says nothing about the key.
CREATE TABLE access_key (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  key_check BLOB NOT NULL CHECK (length(key_check) = 32)
) STRICT;

-- Challenges. The code is derived from the id, so nothing of it is stored. They go a day after they have expired.
CREATE TABLE sign_ins (
  sign_in_id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'step_up', 'address')),
  address TEXT NOT NULL,
  address_hash TEXT NOT NULL CHECK (length(address_hash) = 32),
  session_id TEXT CHECK ((session_id IS NULL) = (purpose = 'sign_in')),
  run TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL CHECK (expires_at > created_at),
  sent_at TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
  used_at TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);
CREATE INDEX sign_ins_by_address ON sign_ins (address_hash);
CREATE TRIGGER sign_ins_identity BEFORE UPDATE ON sign_ins
WHEN NEW.sign_in_id <> OLD.sign_in_id OR NEW.purpose <> OLD.purpose OR NEW.address <> OLD.address
  OR NEW.address_hash <> OLD.address_hash OR NEW.session_id IS NOT OLD.session_id OR NEW.created_at <> OLD.created_at
  OR NEW.expires_at <> OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'what a challenge is about never changes'); END;
CREATE TRIGGER sign_ins_once BEFORE UPDATE ON sign_ins
WHEN OLD.used_at IS NOT NULL OR NEW.tries < OLD.tries OR (NEW.used_at IS NOT NULL AND (OLD.tries >= 5 OR NEW.used_at >= OLD.expires_at))
BEGIN SELECT RAISE(ABORT, 'a code counts once, in time, and with tries left'); END;

-- What was counted against an address (its hash) or a network, a row an event; rows go once they are a day old.
CREATE TABLE throttles (
  subject TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('started', 'sent', 'failed', 'run')),
  at TEXT NOT NULL
) STRICT;

CREATE INDEX throttles_by_subject ON throttles (subject, kind, at);
CREATE INDEX throttles_by_time ON throttles (at);

-- Wrong codes in a row, over all challenges of an address; a right one removes the row.
CREATE TABLE failures_in_row (
  address_hash TEXT PRIMARY KEY CHECK (length(address_hash) = 32),
  failures INTEGER NOT NULL CHECK (failures >= 1),
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX failures_by_time ON failures_in_row (at);

-- People exist from their first right code on: nobody else's sign-up can squat an address. Erased people keep their id alone.
CREATE TABLE persons (
  person_id TEXT PRIMARY KEY,
  address TEXT,
  address_hash TEXT UNIQUE CHECK (length(address_hash) = 32),
  house_role TEXT CHECK (house_role IN ('house_operator', 'house_finance', 'house_support')),
  created_at TEXT NOT NULL,
  CHECK ((address IS NULL) = (address_hash IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER persons_stay BEFORE DELETE ON persons BEGIN SELECT RAISE(ABORT, 'people are erased, never deleted'); END;
CREATE TRIGGER persons_identity BEFORE UPDATE ON persons WHEN NEW.person_id <> OLD.person_id OR (OLD.address IS NULL AND NEW.address IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'an erased person stays erased'); END;

CREATE TABLE memberships (
  person_id TEXT NOT NULL REFERENCES persons,
  tenant_id TEXT NOT NULL REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  created_at TEXT NOT NULL,
  PRIMARY KEY (person_id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_by_tenant ON memberships (tenant_id);

-- Sessions. Only the hash of the token is here. They go a day after their end.
CREATE TABLE sessions (
  session_id TEXT PRIMARY KEY,
  token_sha256 BLOB NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
  person_id TEXT NOT NULL REFERENCES persons,
  tenant_id TEXT REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL CHECK (expires_at > created_at),
  seen_at TEXT NOT NULL,
  fresh_at TEXT NOT NULL,
  ended_at TEXT,
  ended_by TEXT CHECK (ended_by IN ('logout', 'address', 'tenant', 'limit', 'erased')),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_person ON sessions (person_id, created_at);
CREATE INDEX sessions_by_tenant ON sessions (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE TRIGGER sessions_identity BEFORE UPDATE ON sessions
WHEN NEW.session_id <> OLD.session_id OR NEW.token_sha256 <> OLD.token_sha256 OR NEW.person_id <> OLD.person_id
  OR NEW.created_at <> OLD.created_at OR NEW.expires_at <> OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'whose session it is, and how long it may last, never changes'); END;
CREATE TRIGGER sessions_end_once BEFORE UPDATE ON sessions WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a session that has ended stays so'); END;
CREATE TRIGGER sessions_member BEFORE UPDATE OF tenant_id ON sessions
WHEN NEW.tenant_id IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM memberships AS m WHERE m.person_id = NEW.person_id AND m.tenant_id = NEW.tenant_id)
BEGIN SELECT RAISE(ABORT, 'a session acts in a tenant of its person'); END;
CREATE TRIGGER sessions_begin BEFORE INSERT ON sessions
WHEN NEW.tenant_id IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM memberships AS m WHERE m.person_id = NEW.person_id AND m.tenant_id = NEW.tenant_id)
BEGIN SELECT RAISE(ABORT, 'a session acts in a tenant of its person'); END;

-- Mails to be sent. The text is composed when it is sent, and the code derived; a row goes with its challenge.
CREATE TABLE mails (
  mail_id TEXT PRIMARY KEY,
  sign_in_id TEXT NOT NULL,
  address TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('sign_in', 'step_up', 'address')),
  created_at TEXT NOT NULL,
  due_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 3),
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
  last_code TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX mails_to_do ON mails (due_at, mail_id) WHERE state = 'queued';
CREATE INDEX mails_by_sign_in ON mails (sign_in_id);
CREATE TRIGGER mails_are_final BEFORE UPDATE ON mails WHEN OLD.state <> 'queued' OR NEW.tries < OLD.tries
BEGIN SELECT RAISE(ABORT, 'a mail that was sent, or has failed, stays so'); END;

-- One tenant, named roles, once, within 72 hours. Only the hash of the key is here.
CREATE TABLE bootstrap_keys (
  bootstrap_key_id TEXT PRIMARY KEY,
  key_sha256 BLOB NOT NULL UNIQUE CHECK (length(key_sha256) = 32),
  tenant_id TEXT NOT NULL REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  roles TEXT NOT NULL CHECK (roles <> ''),  -- separated by spaces
  made_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL CHECK (expires_at > created_at),
  used_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TRIGGER bootstrap_keys_once BEFORE UPDATE ON bootstrap_keys
WHEN OLD.used_at IS NOT NULL OR NEW.used_at IS NULL OR NEW.used_at >= OLD.expires_at OR NEW.key_sha256 <> OLD.key_sha256
  OR NEW.tenant_id <> OLD.tenant_id OR NEW.roles <> OLD.roles OR NEW.expires_at <> OLD.expires_at
  OR NEW.bootstrap_key_id <> OLD.bootstrap_key_id
BEGIN SELECT RAISE(ABORT, 'a bootstrap key is used once, in time, and never changes'); END;
CREATE TRIGGER bootstrap_keys_stay BEFORE DELETE ON bootstrap_keys
BEGIN SELECT RAISE(ABORT, 'bootstrap keys are kept'); END;

-- Who may make a tenant: one row, and the domains whose people do not. The journal has who changed it and why.
CREATE TABLE sign_up (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  mode TEXT NOT NULL CHECK (mode IN ('public_signup', 'managed', 'hybrid', 'closed')),
  at TEXT NOT NULL,
  actor TEXT NOT NULL
) STRICT;

INSERT INTO sign_up (only_row, mode, at, actor) VALUES (1, 'public_signup', '', 'system');

CREATE TABLE claimed_domains (domain TEXT PRIMARY KEY CHECK (domain <> ''), at TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE waitlist (
  person_id TEXT PRIMARY KEY REFERENCES persons,
  name TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  admitted_at TEXT,
  admitted_by TEXT,
  CHECK ((admitted_at IS NULL) = (admitted_by IS NULL))
) STRICT, WITHOUT ROWID;

-- Tenants that are disabled: a row while they are. The journal has the history.
CREATE TABLE disabled_tenants (
  tenant_id TEXT PRIMARY KEY REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  reason TEXT NOT NULL,
  at TEXT NOT NULL,
  actor TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Whose behaviour a tenant's figures are about: the newest row counts, the older ones explain older figures.
CREATE TABLE tenant_cohorts (
  tenant_id TEXT NOT NULL REFERENCES tenants CHECK (tenant_id <> 'ten_house'),
  version INTEGER NOT NULL CHECK (version >= 1),
  cohort TEXT NOT NULL CHECK (cohort IN ('simulated', 'canary', 'external')),
  reason TEXT NOT NULL,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  PRIMARY KEY (tenant_id, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tenant_cohorts_are_final BEFORE UPDATE ON tenant_cohorts BEGIN SELECT RAISE(ABORT, 'cohorts are append-only'); END;
CREATE TRIGGER tenant_cohorts_stay BEFORE DELETE ON tenant_cohorts BEGIN SELECT RAISE(ABORT, 'cohorts are append-only'); END;

-- Setup runs that were announced. They hold nothing about a person.
CREATE TABLE runs (
  run TEXT PRIMARY KEY CHECK (run LIKE 'run\_%' ESCAPE '\'),
  version TEXT NOT NULL,
  started_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_by_time ON runs (started_at);

-- The activation funnel, in the order in which the gateway saw it, on its own clock. It holds no address and no secret.
CREATE TABLE funnel (
  seq INTEGER PRIMARY KEY,
  event TEXT NOT NULL CHECK (event IN ('started', 'code_sent', 'signed_in', 'key_made', 'funding_submitted', 'funded', 'host_ok',
    'call_tried', 'receipt_verified', 'returned', 'failed')),
  at TEXT NOT NULL,
  tenant_id TEXT,
  run TEXT,
  cohort TEXT NOT NULL CHECK (cohort IN ('none', 'simulated', 'canary', 'external')),
  host TEXT,
  step TEXT,
  code TEXT
) STRICT;

CREATE INDEX funnel_by_run ON funnel (run, event) WHERE run IS NOT NULL;
CREATE INDEX funnel_by_tenant ON funnel (tenant_id, event) WHERE tenant_id IS NOT NULL;
CREATE INDEX funnel_verified ON funnel (at) WHERE event = 'receipt_verified';
CREATE TRIGGER funnel_is_final BEFORE UPDATE ON funnel BEGIN SELECT RAISE(ABORT, 'the funnel is append-only'); END;
CREATE TRIGGER funnel_stays BEFORE DELETE ON funnel BEGIN SELECT RAISE(ABORT, 'the funnel is append-only'); END;

CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, key_id) WHERE tenant_id IS NOT NULL;
CREATE TRIGGER api_keys_revoked_stay BEFORE UPDATE OF revoked_at ON api_keys
WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
BEGIN SELECT RAISE(ABORT, 'a key that was revoked stays so'); END;
