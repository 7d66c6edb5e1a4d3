-- The functions as Postgres made them. What Install made besides stays, since
-- columns may use it: it asks now(), which tells real time again.
create or replace function pg_catalog.now() returns timestamptz language internal stable strict parallel safe as 'now';
create or replace function pg_catalog.transaction_timestamp() returns timestamptz language internal stable strict parallel safe as 'now';
create or replace function pg_catalog.statement_timestamp() returns timestamptz language internal stable strict parallel safe as 'statement_timestamp';
create or replace function pg_catalog.clock_timestamp() returns timestamptz language internal volatile strict parallel safe as 'clock_timestamp';
