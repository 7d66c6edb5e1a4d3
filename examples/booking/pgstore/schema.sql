-- The marketplace on PostgreSQL 15 or later, as Supabase hosts it: the roles
-- anon, authenticated and service_role (with BYPASSRLS) must exist. Applying it
-- again repairs what is missing and keeps the data. It runs in one transaction
-- and names every schema, so that search_path does not matter.

create extension if not exists btree_gist with schema public;

create sequence if not exists public.vendor_numbers;
create sequence if not exists public.service_numbers;
create sequence if not exists public.booking_numbers;
create sequence if not exists public.charge_numbers;
create sequence if not exists public.refund_numbers;
create sequence if not exists public.message_numbers;

create table if not exists public.vendors (
  handle    text collate "C" primary key,
  owner     text not null unique,
  name      text not null,
  city      text not null,
  city_key  text collate "C" not null, -- the city in the spelling by which it is found
  timezone  text not null,
  open_from int not null,
  open_to   int not null,
  rating    float8 not null,
  accepted  int not null,
  declined  int not null,
  services  jsonb not null
);
create index if not exists vendors_by_city on public.vendors (city_key, handle);

-- A booking may name a vendor that does not exist: that the app never makes
-- such a booking is for the app's probes to find out.
create table if not exists public.bookings (
  id             text primary key,
  seq            bigint generated always as identity unique,
  vendor         text collate "C" not null,
  service        text not null,
  customer       text collate "C" not null,
  starts         timestamptz not null,
  ends           timestamptz not null check (starts < ends),
  status         text not null check (status in ('held', 'requested', 'proposed', 'confirmed',
                   'declined', 'cancelled', 'expired', 'completed', 'no_show')),
  live           boolean generated always as (status in ('held', 'requested', 'proposed', 'confirmed')) stored,
  created_at     timestamptz,
  expires_at     timestamptz,
  requested_at   timestamptz,
  proposed_start timestamptz,
  checked_in_at  timestamptz,
  finished_at    timestamptz,
  fee_cents      int not null,
  charged_cents  int not null,
  refunded_cents int not null,
  promo          text not null,
  capacity       int not null check (capacity > 0),
  as_sent        text not null,
  updated_at     timestamptz not null default now() -- the writer's clock; decides which holds have lapsed
);
create index if not exists bookings_by_customer on public.bookings (customer, seq);
create index if not exists bookings_by_vendor on public.bookings (vendor, seq);
create index if not exists bookings_calendar on public.bookings (vendor, starts) where live;
create index if not exists bookings_held on public.bookings (expires_at, seq) where status = 'held';
create index if not exists bookings_finished on public.bookings (finished_at) where not live;

-- No two live bookings of one vendor's undivided time overlap, whoever writes.
do $$ begin
  alter table public.bookings add constraint bookings_exclusive
    exclude using gist (vendor with =, tstzrange(starts, ends) with &&) where (live and capacity = 1);
exception when duplicate_table or duplicate_object then
  null; -- it is there
end $$;

-- make_room runs before a live booking is written. A hold ends by the clock:
-- those that lapsed in the slot are ended here, as the sweeper would, because
-- their rows would keep it. A class is counted under a lock of its slot.
create or replace function public.make_room() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  update public.bookings
     set status = 'expired', finished_at = new.updated_at, expires_at = null, proposed_start = null,
         updated_at = new.updated_at
   where vendor = new.vendor and live and starts < new.ends and ends > new.starts
     and status = 'held' and expires_at <= new.updated_at and id <> new.id;
  if new.capacity > 1 then
    perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', new.vendor, new.service, new.starts), 0));
    if new.capacity <= (select count(*) from public.bookings
        where vendor = new.vendor and live and starts = new.starts
          and service = new.service and capacity > 1 and id <> new.id) then
      raise exclusion_violation using message = 'the class is full', constraint = 'bookings_seats';
    end if;
  end if;
  return new;
end $$;

create or replace trigger bookings_insert before insert on public.bookings for each row
  when (new.status in ('held', 'requested', 'proposed', 'confirmed'))
  execute function public.make_room();
create or replace trigger bookings_move before update on public.bookings for each row
  when (new.status in ('held', 'requested', 'proposed', 'confirmed') and
        (not old.live or (old.starts, old.ends) is distinct from (new.starts, new.ends)))
  execute function public.make_room();

-- calendar shows what is taken to everybody, as the list of slots does.
create or replace function public.calendar(of_vendor text, since timestamptz, until timestamptz)
  returns setof public.bookings
  language sql stable security definer set search_path = '' as $$
  select * from public.bookings where vendor = of_vendor and live and starts < until and ends > since;
$$;

create table if not exists public.messages (
  id       text primary key,
  seq      bigint generated always as identity,
  booking  text not null references public.bookings on delete cascade,
  customer text collate "C" not null,
  vendor   text collate "C" not null,
  sender   text not null,
  at       timestamptz,
  text     text not null
);
create index if not exists messages_by_booking on public.messages (booking, seq);

create table if not exists public.entries (
  id       text primary key,
  seq      bigint generated always as identity,
  booking  text not null references public.bookings on delete cascade,
  customer text collate "C" not null,
  vendor   text collate "C" not null,
  at       timestamptz,
  kind     text not null check (kind in ('charge', 'refund')),
  cents    int not null
);
create index if not exists entries_by_booking on public.entries (booking, seq);

-- What entries add up to outlives them. There is no row for everybody, which
-- all payments would queue for: that is the sum over the customers.
create table if not exists public.totals (
  party          text collate "C" primary key,
  side           text not null check (side in ('customer', 'vendor')),
  charged_cents  bigint not null,
  refunded_cents bigint not null,
  charges        bigint not null,
  refunds        bigint not null
);
create or replace function public.add_to_totals() returns trigger
  language plpgsql security definer set search_path = '' as $$
declare
  charges int := (new.kind = 'charge')::int;
  refunds int := (new.kind = 'refund')::int;
begin
  insert into public.totals as t values
    (new.customer, 'customer', charges * new.cents, refunds * new.cents, charges, refunds),
    (new.vendor, 'vendor', charges * new.cents, refunds * new.cents, charges, refunds)
  on conflict (party) do update set
    charged_cents = t.charged_cents + excluded.charged_cents,
    refunded_cents = t.refunded_cents + excluded.refunded_cents,
    charges = t.charges + excluded.charges,
    refunds = t.refunds + excluded.refunds;
  return null;
end $$;
create or replace trigger entries_totals after insert on public.entries for each row
  execute function public.add_to_totals();

create table if not exists public.promos (
  code text primary key,
  uses int not null
);
create table if not exists public.promo_uses (
  code     text not null,
  customer text not null,
  primary key (code, customer)
);

create table if not exists public.answers (
  user_id     text not null,
  path        text not null,
  key         text not null,
  at          timestamptz,
  fingerprint bytea not null,
  status      int not null,
  body        bytea,
  primary key (user_id, path, key)
);
create index if not exists answers_by_age on public.answers (at);

create table if not exists public.audit (
  seq     bigint generated always as identity primary key,
  at      timestamptz not null default now(),
  "table" text not null,
  detail  text not null
);

-- What search shows: the vendors as of the last refresh.
create materialized view if not exists public.listings as select * from public.vendors;
create unique index if not exists listings_by_handle on public.listings (handle);
create index if not exists listings_by_city on public.listings (city_key, handle);
create table if not exists public.refreshes (
  view text primary key,
  at   timestamptz not null
);

-- Who is asking, by the claims of the request. Both are null for strangers.
create or replace function public.claimed_customer() returns text language sql stable as $$
  select case when c #>> '{app_metadata,role}' = 'customer' then c ->> 'sub' end
    from (select nullif(current_setting('request.jwt.claims', true), '')::jsonb) as claims (c);
$$;
create or replace function public.claimed_vendor() returns text language sql stable as $$
  select case when c #>> '{app_metadata,role}' = 'vendor' then c #>> '{app_metadata,vendor}' end
    from (select nullif(current_setting('request.jwt.claims', true), '')::jsonb) as claims (c);
$$;

-- The service may do anything; users what their requests need, of bookings,
-- messages and entries only in their own rows.
revoke all on public.vendors, public.bookings, public.messages, public.entries, public.totals,
  public.promos, public.promo_uses, public.answers, public.audit, public.listings, public.refreshes
  from public, anon, authenticated;
grant all on public.vendors, public.bookings, public.messages, public.entries, public.totals,
  public.promos, public.promo_uses, public.answers, public.audit, public.listings, public.refreshes
  to service_role;
grant select, insert, update on public.bookings, public.vendors, public.promos, public.answers to authenticated;
grant select, insert on public.messages, public.entries, public.promo_uses to authenticated;
grant select on public.totals, public.listings, public.refreshes to authenticated;
grant usage on all sequences in schema public to service_role, authenticated;

alter table public.bookings enable row level security, force row level security;
alter table public.messages enable row level security, force row level security;
alter table public.entries enable row level security, force row level security;
drop policy if exists own on public.bookings;
drop policy if exists own on public.messages;
drop policy if exists own on public.entries;
create policy own on public.bookings to authenticated using
  (customer = (select public.claimed_customer()) or vendor = (select public.claimed_vendor()));
create policy own on public.messages to authenticated using
  (customer = (select public.claimed_customer()) or vendor = (select public.claimed_vendor()));
create policy own on public.entries to authenticated using
  (customer = (select public.claimed_customer()) or vendor = (select public.claimed_vendor()));

-- policy_state is everything on which the protection of rows rests, each thing
-- with the statement that makes it and, where there is one, that removes it.
create or replace view public.policy_state as
with guarded as (
  select oid, relname, relrowsecurity, relforcerowsecurity, relacl, relowner from pg_catalog.pg_class
   where oid in ('public.bookings'::regclass, 'public.messages'::regclass, 'public.entries'::regclass)
)
select relname::text as "table", 'row level security' as thing,
       format('alter table public.%I enable row level security', relname) as make, null as remove
  from guarded where relrowsecurity
union all
select relname, 'row level security for the owner',
       format('alter table public.%I force row level security', relname), null
  from guarded where relforcerowsecurity
union all
select tablename, 'policy ' || policyname,
       format('create policy %I on public.%I as %s for %s to %s', policyname, tablename, permissive, cmd,
              array_to_string(array(select quote_ident(role) from unnest(roles) as role), ', '))
         || coalesce(' using (' || qual || ')', '') || coalesce(' with check (' || with_check || ')', ''),
       format('drop policy %I on public.%I', policyname, tablename)
  from pg_catalog.pg_policies
 where schemaname = 'public' and tablename in (select relname from guarded)
union all
select relname, format('grant %s to %s', lower(privilege_type), grantee),
       format('grant %s on public.%I to %s', privilege_type, relname, grantee),
       format('revoke %s on public.%I from %s', privilege_type, relname, grantee)
  from (select relname, privilege_type,
               case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end as grantee
          from guarded, aclexplode(relacl) as acl where acl.grantee <> relowner) as grants
union all
select 'pg_proc', 'function ' || proname, pg_get_functiondef(oid), null
  from pg_catalog.pg_proc
 where oid in ('public.claimed_customer()'::regprocedure, 'public.claimed_vendor()'::regprocedure)
union all
select 'pg_authid', 'right of ' || rolname || ' to pass policies by', null,
       format('alter role %I nosuperuser nobypassrls', rolname)
  from pg_catalog.pg_roles where rolname in ('anon', 'authenticated') and (rolbypassrls or rolsuper);

-- policy_intent is policy_state as it must be, noted once all is set up.
create table if not exists public.policy_intent ("table" text, thing text, make text, remove text);
delete from public.policy_intent;
insert into public.policy_intent select * from public.policy_state where make is not null;
