-- +goose Up
-- Runs that somebody asks for, and how a run ended in full.
CREATE TABLE IF NOT EXISTS simcity_run_requests (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  requested_by text NOT NULL,
  tier text NOT NULL,
  seed bigint NOT NULL,
  concurrency int NOT NULL,
  max_events bigint NOT NULL,
  duration_seconds int NOT NULL,
  status text NOT NULL DEFAULT 'PENDING',
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  ended_at timestamptz,
  run_id uuid
);
ALTER TABLE simcity_run_requests ENABLE ROW LEVEL SECURITY;
CREATE INDEX IF NOT EXISTS simcity_run_requests_status ON simcity_run_requests (status, created_at, id);

ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS pass boolean;
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS fail_forensic jsonb;
ALTER TABLE simcity_runs ADD COLUMN IF NOT EXISTS duration_seconds_actual double precision;

INSERT INTO simcity_schema_version (version, name) VALUES
  (3, '20251222220000_simcity_control_plane_phase3.sql')
ON CONFLICT DO NOTHING;
