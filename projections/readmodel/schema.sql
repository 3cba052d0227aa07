-- The tables of the read model. There are no migrations: a read model that was made by any other text than
-- this one is built again. Raise this number when the same tables are to be filled otherwise: 4.
--
-- Times are microseconds since 1970, UTC.

-- One row: where in which log the read model stands.
CREATE TABLE checkpoint (
    schema      TEXT    NOT NULL, -- hash of this text
    log_name    TEXT    NOT NULL,
    log_created TEXT    NOT NULL, -- RFC 3339
    seq         INTEGER NOT NULL, -- the last event applied; 0: none
    event_id    TEXT    NOT NULL,
    latest      INTEGER NOT NULL, -- the latest time of any event applied
    lag         INTEGER NOT NULL  -- how much earlier, at most, an event is than the latest one before it
) STRICT;

-- Every client that was ever registered, numbered by the sequence of its registration, or of the first of its
-- events that the log did not lose: the order of registration is the order of the table.
CREATE TABLE clients (
    seq                  INTEGER PRIMARY KEY,
    id                   TEXT    NOT NULL UNIQUE,
    status               TEXT    NOT NULL,
    owner                TEXT    NOT NULL,
    search               TEXT    NOT NULL, -- name, owner and id as searchText makes it
    version              INTEGER NOT NULL,
    registered_at        INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    issued_at            INTEGER NOT NULL,
    token                BLOB    NOT NULL,
    secret               BLOB,             -- NULL, and the next two: the client has none
    secret_expires_at    INTEGER,
    secret_sealed        BLOB,
    metadata             TEXT    NOT NULL,
    initial_access_token TEXT    NOT NULL, -- id; empty: it was registered without
    imposed_owner        TEXT    NOT NULL, -- by that token; empty: none
    terms                TEXT    NOT NULL  -- of that token, as encodeTerms makes it
) STRICT;

-- All that a query can select by, in the order of its answer: it reads this index alone, and of the table
-- only the rows that it returns.
CREATE INDEX clients_search ON clients (seq, status, owner, search);

-- How many clients an owner has that initial access tokens imposed.
CREATE INDEX clients_owner ON clients (imposed_owner, status) WHERE imposed_owner <> '';

-- Every initial access token that was ever issued, numbered by the sequence of its issue.
CREATE TABLE tokens (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    digest     BLOB    NOT NULL,
    label      TEXT    NOT NULL,
    terms      TEXT    NOT NULL, -- as encodeTerms makes it
    expires_at INTEGER,          -- NULL: never
    max_uses   INTEGER NOT NULL, -- 0: any number
    uses       INTEGER NOT NULL, -- counted only when their number is limited
    issued_at  INTEGER NOT NULL,
    issued_by  TEXT    NOT NULL,
    revoked_at INTEGER,          -- NULL: it was not
    revoked_by TEXT    NOT NULL,
    reason     TEXT    NOT NULL, -- of the revocation
    clients    INTEGER NOT NULL  -- how many were registered with it
) STRICT;

-- Every event. Rows are never changed.
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY,
    aggregate  INTEGER NOT NULL, -- the sequence of its aggregate's first event: clients.seq or tokens.seq; 0: the registry itself
    time       INTEGER NOT NULL,
    latest     INTEGER NOT NULL, -- the latest time of this event and all before it: ascends with seq
    id         TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    version    INTEGER NOT NULL, -- of the type's schema
    actor_kind TEXT    NOT NULL,
    actor_id   TEXT    NOT NULL,
    actor_ip   TEXT    NOT NULL,
    data       TEXT    NOT NULL
) STRICT;

CREATE INDEX events_aggregate ON events (aggregate);
CREATE INDEX events_type ON events (type);
CREATE INDEX events_latest ON events (latest);

-- What each day (counted from 1970, UTC) changed.
CREATE TABLE days (
    day        INTEGER PRIMARY KEY,
    events     INTEGER NOT NULL,
    registered INTEGER NOT NULL, -- clients
    ended      INTEGER NOT NULL  -- clients that were deleted or revoked
) STRICT;

-- How many clients have each status.
CREATE TABLE statuses (
    status  TEXT    PRIMARY KEY,
    clients INTEGER NOT NULL
) STRICT;
