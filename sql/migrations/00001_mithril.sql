-- The OAuth service: users, clients, tokens.
--
-- Every schema stands for a database of its own in the original system, so no
-- foreign key crosses schemas: a client without a legal entity row, for one, is
-- a documented case.

-- +goose Up
CREATE SCHEMA mithril;

CREATE TABLE mithril.users (
    id              uuid        PRIMARY KEY,
    email           text        NOT NULL,
    tax_id          text,
    person_id       uuid,
    password        text        NOT NULL,
    password_set_at timestamptz NOT NULL,
    settings        jsonb       NOT NULL DEFAULT '{}',
    priv_settings   jsonb       NOT NULL DEFAULT '{}',
    is_blocked      boolean     NOT NULL DEFAULT false,
    block_reason    text,
    inserted_at     timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON mithril.users (lower(email));
COMMENT ON COLUMN mithril.users.password IS 'bcrypt hash.';
COMMENT ON COLUMN mithril.users.priv_settings IS 'login_hstr: newest first, [{type, is_success, time}] of failed logins; otp_error_counter.';

CREATE TABLE mithril.client_types (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL UNIQUE,
    scope       text        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE mithril.clients (
    id             uuid        PRIMARY KEY,
    name           text        NOT NULL,
    user_id        uuid        NOT NULL REFERENCES mithril.users (id),
    client_type_id uuid        NOT NULL REFERENCES mithril.client_types (id),
    settings       jsonb       NOT NULL DEFAULT '{}',
    priv_settings  jsonb       NOT NULL DEFAULT '{}',
    is_blocked     boolean     NOT NULL DEFAULT false,
    block_reason   text,
    inserted_at    timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
CREATE INDEX clients_user_id_idx ON mithril.clients (user_id);
CREATE INDEX clients_client_type_id_idx ON mithril.clients (client_type_id);
COMMENT ON TABLE mithril.clients IS 'The client of a medical institution has the id of its legal entity.';
COMMENT ON COLUMN mithril.clients.settings IS 'allowed_grant_types: the grants that the client may log in with.';
COMMENT ON COLUMN mithril.clients.priv_settings IS 'access_type: DIRECT or BROKER (a broker''s API-key is needed); broker_scope: what a MIS lets its users do.';

CREATE TABLE mithril.connections (
    id           uuid        PRIMARY KEY,
    secret_hash  bytea       NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    redirect_uri text        NOT NULL CHECK (redirect_uri ~ '^https://.+'),
    client_id    uuid        NOT NULL REFERENCES mithril.clients (id) ON DELETE CASCADE,
    consumer_id  uuid        NOT NULL REFERENCES mithril.clients (id) ON DELETE CASCADE,
    inserted_at  timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    UNIQUE (client_id, consumer_id)
);
CREATE INDEX connections_consumer_id_idx ON mithril.connections (consumer_id);
COMMENT ON TABLE mithril.connections IS 'A client''s way to the system through a consumer (its MIS). The API-key of a MIS is the secret of its own connection: client_id is then the MIS.';
COMMENT ON COLUMN mithril.connections.secret_hash IS 'SHA-256 of the secret, which is shown once and never stored.';

CREATE TABLE mithril.roles (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL UNIQUE,
    scope       text        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE mithril.user_roles (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES mithril.users (id) ON DELETE CASCADE,
    role_id     uuid        NOT NULL REFERENCES mithril.roles (id) ON DELETE CASCADE,
    client_id   uuid        NOT NULL REFERENCES mithril.clients (id) ON DELETE CASCADE,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (user_id, client_id, role_id)
);
CREATE INDEX user_roles_role_id_idx ON mithril.user_roles (role_id);
CREATE INDEX user_roles_client_id_idx ON mithril.user_roles (client_id);

CREATE TABLE mithril.global_user_roles (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES mithril.users (id) ON DELETE CASCADE,
    role_id     uuid        NOT NULL REFERENCES mithril.roles (id) ON DELETE CASCADE,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (user_id, role_id)
);
CREATE INDEX global_user_roles_role_id_idx ON mithril.global_user_roles (role_id);
COMMENT ON TABLE mithril.global_user_roles IS 'Roles that a user has in every client.';

CREATE TABLE mithril.apps (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES mithril.users (id) ON DELETE CASCADE,
    client_id   uuid        NOT NULL REFERENCES mithril.clients (id) ON DELETE CASCADE,
    scope       text        NOT NULL,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (user_id, client_id)
);
CREATE INDEX apps_client_id_idx ON mithril.apps (client_id);
COMMENT ON TABLE mithril.apps IS 'What a user has allowed a client to do in their name; tokens end when it is gone.';

CREATE TABLE mithril.tokens (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL CHECK (name IN ('access_token', 'refresh_token', '2fa_access_token', 'change_password_token', 'authorization_code')),
    value_hash  bytea       NOT NULL CHECK (octet_length(value_hash) = 32),
    expires_at  bigint      NOT NULL,
    user_id     uuid        NOT NULL REFERENCES mithril.users (id) ON DELETE CASCADE,
    details     jsonb       NOT NULL,
    client_id   uuid        GENERATED ALWAYS AS ((details ->> 'client_id')::uuid) STORED,
    inserted_at timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (value_hash, name),
    -- Answers carry the refresh token here; a stored one would be a secret in clear.
    CONSTRAINT tokens_details_secret_check CHECK (details -> 'refresh_token' IS NULL)
);
CREATE INDEX tokens_user_id_idx ON mithril.tokens (user_id, client_id);
CREATE INDEX tokens_expires_at_idx ON mithril.tokens (expires_at);
COMMENT ON COLUMN mithril.tokens.value_hash IS 'SHA-256 of the value.';
COMMENT ON COLUMN mithril.tokens.expires_at IS 'Unix seconds. A token is revoked by setting it to the present.';
COMMENT ON COLUMN mithril.tokens.details IS 'client_id, grant_type, scope, redirect_uri; of a code also scope_request and used.';

CREATE UNLOGGED TABLE mithril.rate_limits (
    key       text        PRIMARY KEY,
    count     integer     NOT NULL,
    resets_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX rate_limits_resets_at_idx ON mithril.rate_limits (resets_at);
COMMENT ON TABLE mithril.rate_limits IS 'Fixed windows of the optional gateway limit. Unlogged: a crash may forget the counts, and each request writes one.';

-- +goose Down
DROP SCHEMA mithril CASCADE;
