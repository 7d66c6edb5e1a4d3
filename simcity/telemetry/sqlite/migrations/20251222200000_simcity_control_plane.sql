-- The tables of SimCity's history. Names and columns are those of the other
-- stores; what is jsonb there is text with JSON here, a time is text in UTC with
-- microseconds, and an uuid is text.
CREATE TABLE IF NOT EXISTS simcity_runs (
  id TEXT PRIMARY KEY,
  tier TEXT NOT NULL,
  scenario TEXT NOT NULL,
  clock TEXT NOT NULL,
  seed INTEGER NOT NULL, -- the 64 bits of an unsigned number
  concurrency INTEGER NOT NULL,
  max_events INTEGER NOT NULL,
  duration_seconds INTEGER NOT NULL,
  duration_seconds_actual REAL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  result TEXT CHECK (result IN ('PASS', 'FAIL', 'STOPPED', 'INCONCLUSIVE')),
  pass INTEGER,
  fail_invariant TEXT,
  fail_event_index INTEGER,
  fail_forensic TEXT,
  digest TEXT,
  event_count INTEGER,
  policies TEXT,
  commands TEXT,
  summary TEXT
);
CREATE INDEX IF NOT EXISTS simcity_runs_started_at ON simcity_runs (started_at, id);

CREATE TABLE IF NOT EXISTS simcity_run_events (
  run_id TEXT NOT NULL REFERENCES simcity_runs (id),
  event_index INTEGER NOT NULL,
  id TEXT GENERATED ALWAYS AS (run_id || ':' || event_index) VIRTUAL,
  event_type TEXT NOT NULL,
  event_payload TEXT NOT NULL,
  actor TEXT NOT NULL,
  simulated_nanos INTEGER NOT NULL, -- since the run began
  observed_at TEXT NOT NULL,
  state_digest_before TEXT NOT NULL,
  state_digest_after TEXT NOT NULL,
  invariant_context TEXT,
  PRIMARY KEY (run_id, event_index)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS simcity_run_snapshots (
  run_id TEXT NOT NULL REFERENCES simcity_runs (id),
  event_index INTEGER NOT NULL,
  id TEXT GENERATED ALWAYS AS (run_id || ':' || event_index) VIRTUAL,
  metrics TEXT NOT NULL,
  state_summary TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (run_id, event_index)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS simcity_run_live (
  run_id TEXT PRIMARY KEY REFERENCES simcity_runs (id),
  status TEXT NOT NULL,
  last_event_index INTEGER NOT NULL,
  last_heartbeat_at TEXT NOT NULL,
  last_metrics TEXT,
  last_message TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS simcity_run_requests (
  id TEXT PRIMARY KEY,
  requested_by TEXT NOT NULL,
  tier TEXT NOT NULL,
  scenario TEXT NOT NULL,
  seed INTEGER NOT NULL,
  concurrency INTEGER NOT NULL,
  max_events INTEGER NOT NULL,
  duration_seconds INTEGER NOT NULL,
  policies TEXT,
  status TEXT NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'STOPPED', 'COMPLETED', 'FAILED')),
  created_at TEXT NOT NULL,
  started_at TEXT,
  ended_at TEXT,
  run_id TEXT,
  runner TEXT,
  lease_until TEXT,
  stop_asked INTEGER NOT NULL DEFAULT 0,
  message TEXT
);
CREATE INDEX IF NOT EXISTS simcity_run_requests_status ON simcity_run_requests (status, created_at);
