-- +goose Up
-- What the Go library adds. A project may have had the three files before this one
-- in versions of its own, so nothing here relies on more than the tables.
-- What the library asks before a run, whoever applied these files.
CREATE TABLE IF NOT EXISTS simcity_schema_version (
  version int PRIMARY KEY,
  name text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE simcity_schema_version ENABLE ROW LEVEL SECURITY;
INSERT INTO simcity_schema_version (version, name) VALUES
  (1, '20251222200000_simcity_control_plane_phase1.sql'),
  (2, '20251222210000_simcity_control_plane_phase2.sql'),
  (3, '20251222220000_simcity_control_plane_phase3.sql'),
  (4, '20260301000000_simcity_engine.sql')
ON CONFLICT DO NOTHING;

ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS scenario text NOT NULL DEFAULT '';
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS clock text NOT NULL DEFAULT '';
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS digest text;
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS event_count bigint;
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS policies jsonb;
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS commands jsonb;
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS summary jsonb;
CREATE INDEX IF NOT EXISTS simcity_runs_started_at ON simcity_runs (started_at, id);

ALTER TABLE simcity_run_events ADD COLUMN IF NOT EXISTS actor text NOT NULL DEFAULT '';
ALTER TABLE simcity_run_events ADD COLUMN IF NOT EXISTS simulated_nanos bigint NOT NULL DEFAULT 0; -- since the run began

ALTER TABLE simcity_run_requests ADD COLUMN IF NOT EXISTS scenario text NOT NULL DEFAULT '';
ALTER TABLE simcity_run_requests ADD COLUMN IF NOT EXISTS policies jsonb;
ALTER TABLE simcity_run_requests ADD COLUMN IF NOT EXISTS runner text;
ALTER TABLE simcity_run_requests ADD COLUMN IF NOT EXISTS lease_until timestamptz;
ALTER TABLE simcity_run_requests ADD COLUMN IF NOT EXISTS stop_asked boolean NOT NULL DEFAULT false;
ALTER TABLE simcity_run_requests ADD COLUMN IF NOT EXISTS message text;

-- Columns that were narrower.
-- +goose StatementBegin
DO $$
DECLARE
  narrow record;
BEGIN
  FOR narrow IN
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND data_type = 'integer'
      AND (table_name, column_name) IN (('simcity_runs', 'max_events'), ('simcity_run_requests', 'max_events'))
  LOOP
    EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE bigint', narrow.table_name, narrow.column_name);
  END LOOP;
END
$$;
-- +goose StatementEnd

-- What a run may end with, and the states of a request: checks of an older kind go.
-- +goose StatementBegin
DO $$
DECLARE
  old record;
BEGIN
  FOR old IN
    SELECT conrelid::regclass AS relation, conname FROM pg_constraint
    WHERE contype = 'c' AND (
      conrelid = to_regclass('simcity_runs') AND pg_get_constraintdef(oid) LIKE '%result%' OR
      conrelid = to_regclass('simcity_run_requests') AND pg_get_constraintdef(oid) LIKE '%status%')
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', old.relation, old.conname);
  END LOOP;
END
$$;
-- +goose StatementEnd
ALTER TABLE simcity_runs ADD CONSTRAINT simcity_runs_result
  CHECK (result IN ('PASS', 'FAIL', 'STOPPED', 'INCONCLUSIVE')) NOT VALID;
ALTER TABLE simcity_run_requests ADD CONSTRAINT simcity_run_requests_status
  CHECK (status IN ('PENDING', 'RUNNING', 'STOPPED', 'COMPLETED', 'FAILED')) NOT VALID;

-- Each row belongs to a run that is there, comes once, and goes with its run.
-- +goose StatementBegin
DO $$
DECLARE
  child text;
  old record;
BEGIN
  FOREACH child IN ARRAY ARRAY['simcity_run_events', 'simcity_run_snapshots', 'simcity_run_live'] LOOP
    FOR old IN
      SELECT conname FROM pg_constraint
      WHERE contype = 'f' AND conrelid = to_regclass(child) AND confrelid = to_regclass('simcity_runs') AND confdeltype <> 'c'
    LOOP
      EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', child, old.conname);
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass(child) AND confrelid = to_regclass('simcity_runs')) THEN
      EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I FOREIGN KEY (run_id) REFERENCES simcity_runs (id) ON DELETE CASCADE NOT VALID', child, child || '_run');
    END IF;
  END LOOP;
  FOREACH child IN ARRAY ARRAY['simcity_run_events', 'simcity_run_snapshots'] LOOP
    IF NOT EXISTS (
      SELECT FROM pg_index i WHERE i.indrelid = to_regclass(child) AND i.indisunique AND i.indnkeyatts = 2 AND i.indpred IS NULL
        AND (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) = ARRAY['event_index', 'run_id'])
    THEN
      EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I UNIQUE (run_id, event_index)', child, child || '_once');
    END IF;
  END LOOP;
END
$$;
-- +goose StatementEnd

-- Who may do what: service_role writes, authenticated reads, anon nothing. Policies
-- that are there already go, since one that names no role lets every role write.
-- Where these roles are missing, in a Postgres without Supabase, only the owner
-- of the tables reads and writes.
-- +goose StatementBegin
DO $$
DECLARE
  one text;
  old record;
BEGIN
  FOREACH one IN ARRAY ARRAY['simcity_runs', 'simcity_run_events', 'simcity_run_snapshots', 'simcity_run_live', 'simcity_run_requests', 'simcity_schema_version'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one);
    FOR old IN SELECT polname FROM pg_policy WHERE polrelid = to_regclass(one) LOOP
      EXECUTE format('DROP POLICY %I ON %I', old.polname, one);
    END LOOP;
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', one);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'anon') THEN
      EXECUTE format('REVOKE ALL ON %I FROM anon', one);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticated') THEN
      EXECUTE format('REVOKE ALL ON %I FROM authenticated', one);
      EXECUTE format('GRANT SELECT ON %I TO authenticated', one);
      EXECUTE format('CREATE POLICY simcity_read ON %I FOR SELECT TO authenticated USING (true)', one);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'service_role') THEN
      EXECUTE format('REVOKE ALL ON %I FROM service_role', one);
      EXECUTE format('GRANT SELECT, DELETE ON %I TO service_role', one);
      EXECUTE format('CREATE POLICY simcity_write ON %I FOR ALL TO service_role USING (true) WITH CHECK (true)', one);
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'service_role') THEN
    GRANT INSERT ON simcity_run_events, simcity_run_snapshots TO service_role; -- they are never changed
    GRANT INSERT, UPDATE ON simcity_runs, simcity_run_live, simcity_run_requests TO service_role;
    REVOKE DELETE ON simcity_schema_version FROM service_role;
  END IF;
END
$$;
-- +goose StatementEnd

-- PostgREST reads the schema again.
NOTIFY pgrst, 'reload schema';
