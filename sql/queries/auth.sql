-- name: ResolveIdentity :one
-- All that a request's checks need to know about its caller, in one round trip, by
-- the SHA-256 of the token and, if one was sent, of the API-key: the token, its
-- user and client, the connection behind the API-key, the legal entity and the
-- party of the user. Absent rows are null columns, each of them an answer of its
-- own; absent settings, numbers and names are ''. Of one value under several names, the access token.
SELECT
    t.id AS token_id,
    t.name AS token_name,
    t.expires_at,
    t.user_id,
    COALESCE(t.details ->> 'scope', '')::text AS scope,
    t.client_id,
    u.is_blocked AS user_is_blocked,
    u.password_set_at AS user_password_set_at,
    c.id AS client_row_id,
    c.is_blocked AS client_is_blocked,
    ct.name AS client_type,
    COALESCE(c.priv_settings ->> 'access_type', '')::text AS access_type,
    k.id AS connection_id,
    k.client_id AS mis_client_id,
    mis.is_blocked AS mis_is_blocked,
    COALESCE(mis.priv_settings ->> 'broker_scope', '')::text AS broker_scope,
    le.id AS legal_entity_id,
    le.type AS legal_entity_type,
    le.status AS legal_entity_status,
    le.is_active AS legal_entity_is_active,
    COALESCE(le.nhs_verified, false)::boolean AS legal_entity_nhs_verified,
    COALESCE(le.edrpou, '')::text AS legal_entity_edrpou,
    p.id AS party_id,
    p.verification_status AS party_verification_status,
    p.updated_at AS party_updated_at,
    COALESCE(p.tax_id, '')::text AS party_tax_id,
    COALESCE(p.last_name, '')::text AS party_last_name,
    COALESCE(p.first_name, '')::text AS party_first_name,
    COALESCE(p.dracs_death_verification_status = 'VERIFIED' AND p.dracs_death_verification_reason = 'MANUAL_CONFIRMED', false)::boolean AS party_deceased
FROM mithril.tokens t
JOIN mithril.users u ON u.id = t.user_id
LEFT JOIN mithril.clients c ON c.id = t.client_id
LEFT JOIN mithril.client_types ct ON ct.id = c.client_type_id
LEFT JOIN mithril.connections k ON k.secret_hash = sqlc.narg('api_key_hash')::bytea
LEFT JOIN mithril.clients mis ON mis.id = k.client_id
LEFT JOIN prm.legal_entities le ON le.id = t.client_id
LEFT JOIN prm.party_users pu ON pu.user_id = t.user_id
LEFT JOIN prm.parties p ON p.id = pu.party_id
WHERE t.value_hash = @value_hash
ORDER BY t.name <> 'access_token', t.name
LIMIT 1;

-- name: GetToken :one
-- A code or a refresh token that is exchanged, and what ends it before its time; expiry and owner are the caller's checks.
SELECT t.id, t.name, t.expires_at, t.user_id, t.details, u.password_set_at,
    (u.is_blocked OR COALESCE(c.is_blocked, false))::boolean AS is_blocked
FROM mithril.tokens t
JOIN mithril.users u ON u.id = t.user_id
LEFT JOIN mithril.clients c ON c.id = t.client_id
WHERE t.value_hash = @value_hash AND t.name = @name;

-- name: InsertToken :exec
INSERT INTO mithril.tokens (id, name, value_hash, expires_at, user_id, details, inserted_at, updated_at)
VALUES (@id, @name, @value_hash, @expires_at, @user_id, @details, @at, @at);

-- name: UseAuthorizationCode :execrows
-- Marks a code as used. Zero rows: it has been used already, perhaps by a
-- parallel request.
UPDATE mithril.tokens
SET details = details || '{"used": true}', updated_at = @at
WHERE id = @id
  AND name = 'authorization_code'
  AND NOT COALESCE((details ->> 'used')::boolean, false);

-- name: EndTokensOfCode :exec
-- Ends what a code has given: its refresh token, and all access tokens of that. A code that comes twice may be stolen
-- (RFC 9700, 2.1.1).
UPDATE mithril.tokens AS given
SET expires_at = @expires_at, updated_at = @at
WHERE given.user_id = @user_id
  AND given.client_id = @client_id::uuid
  AND given.expires_at > @expires_at
  AND given.details ->> 'code_id' = @code::text;

-- name: HoldToken :one
-- Keeps a refresh token from being ended until the transaction is over. No row:
-- it does not end any more when it was said to, so somebody has ended it. To
-- compare with the time of the request would not do: it may be older than the end.
SELECT id FROM mithril.tokens WHERE id = @id AND expires_at = @expires_at FOR SHARE;

-- name: EndTokensOfUser :exec
-- Ends the live access tokens of a user in a client, before a login gives a new one.
UPDATE mithril.tokens
SET expires_at = @expires_at, updated_at = @at
WHERE user_id = @user_id
  AND client_id = @client_id::uuid
  AND name = 'access_token'
  AND expires_at > @expires_at;

-- name: EndAccessToken :exec
-- Ends one access token, and leaves the refresh token that gives the next one.
UPDATE mithril.tokens
SET expires_at = @expires_at, updated_at = @at
WHERE id = @id AND name = 'access_token' AND expires_at > @expires_at;

-- name: EndRefreshToken :exec
-- Ends the refresh token that an access token belongs to, if it has one. First in
-- its transaction, so that logouts of one session follow each other, and so that
-- EndAccessTokens sees what a refresh under way has made.
UPDATE mithril.tokens AS refresh
SET expires_at = @expires_at, updated_at = @at
FROM mithril.tokens AS access
WHERE access.id = @access_token_id
  AND refresh.id = (access.details ->> 'refresh_token_id')::uuid
  AND refresh.expires_at > @expires_at;

-- name: EndAccessTokens :many
-- Ends an access token and those that belong to the same refresh token, and tells
-- which were live. The token itself is taken for live when it still ends when it
-- was said to: the time of a request may be older than the end by another one.
UPDATE mithril.tokens AS ended
SET expires_at = @expires_at, updated_at = @at
FROM mithril.tokens AS access
WHERE access.id = @access_token_id
  AND ended.user_id = access.user_id
  AND (
      ended.id = access.id AND ended.expires_at = @was
      OR ended.id <> access.id AND ended.expires_at > @expires_at
          AND ended.details ->> 'refresh_token_id' = access.details ->> 'refresh_token_id'
  )
RETURNING ended.id;

-- name: DeleteExpiredTokens :execrows
DELETE FROM mithril.tokens
WHERE id IN (SELECT old.id FROM mithril.tokens old WHERE old.expires_at < @expired_before LIMIT @batch);

-- name: LockUser :one
-- Lets logins of one user follow each other, so that the last one's token alone
-- stays live.
SELECT id FROM mithril.users WHERE id = @id FOR NO KEY UPDATE;

-- name: GetUser :one
SELECT * FROM mithril.users WHERE id = @id;

-- name: GetUserByEmail :one
SELECT * FROM mithril.users WHERE lower(email) = lower(@email);

-- name: CountLoginAttempt :execrows
-- Writes a failed login before the password is looked at, unless there were
-- already max_attempts of them since the given moment (zero rows). The check and
-- the count are one statement, so that parallel guesses cannot slip past it; a
-- right password then calls ClearLoginAttempts.
UPDATE mithril.users
SET priv_settings = jsonb_set(
        priv_settings,
        '{login_hstr}',
        jsonb_path_query_array(
            jsonb_build_array(jsonb_build_object('type', 'password', 'is_success', false, 'time', @at::timestamptz))
                || COALESCE(priv_settings -> 'login_hstr', '[]'),
            '$[0 to $last_kept]',
            jsonb_build_object('last_kept', sqlc.arg('max_attempts')::integer - 1)
        )
    ),
    updated_at = @at
WHERE users.id = @id
  AND @max_attempts::integer > (
      SELECT count(*)
      FROM jsonb_array_elements(COALESCE(users.priv_settings -> 'login_hstr', '[]')) AS attempt
      WHERE attempt ->> 'type' = 'password'
        AND (attempt ->> 'time')::timestamptz >= @since::timestamptz
  );

-- name: ClearLoginAttempts :exec
UPDATE mithril.users
SET priv_settings = jsonb_set(
        priv_settings,
        '{login_hstr}',
        jsonb_path_query_array(COALESCE(priv_settings -> 'login_hstr', '[]'), '$[*] ? (@.type != "password")')
    ),
    updated_at = @at
WHERE id = @id;

-- name: GetClient :one
-- A client with the name and scope of its type.
SELECT c.id, c.name, c.user_id, c.settings, c.priv_settings, c.is_blocked, c.block_reason,
       c.client_type_id, ct.name AS client_type_name, ct.scope AS client_type_scope,
       c.inserted_at, c.updated_at
FROM mithril.clients c
JOIN mithril.client_types ct ON ct.id = c.client_type_id
WHERE c.id = @id;

-- name: GetConnectionBySecret :one
SELECT id, client_id, consumer_id, redirect_uri
FROM mithril.connections
WHERE client_id = @client_id AND secret_hash = @secret_hash;

-- name: ListConnections :many
-- The registered redirect addresses of a client.
SELECT id, client_id, consumer_id, redirect_uri
FROM mithril.connections
WHERE client_id = @client_id
ORDER BY inserted_at, id;

-- name: ListRoleScopes :many
-- The scope of every role that the user has in the client or everywhere; their
-- union is what the user may ask for.
SELECT r.scope
FROM mithril.user_roles ur
JOIN mithril.roles r ON r.id = ur.role_id
WHERE ur.user_id = @user_id AND ur.client_id = @client_id
UNION
SELECT r.scope
FROM mithril.global_user_roles gr
JOIN mithril.roles r ON r.id = gr.role_id
WHERE gr.user_id = @user_id;

-- name: GetApp :one
SELECT * FROM mithril.apps WHERE user_id = @user_id AND client_id = @client_id;

-- name: UpsertApp :one
-- Grants a scope, or widens what was granted before.
INSERT INTO mithril.apps AS app (id, user_id, client_id, scope, inserted_at, updated_at)
VALUES (@id, @user_id, @client_id, @scope, @at, @at)
ON CONFLICT (user_id, client_id) DO UPDATE
SET scope = (
        SELECT string_agg(DISTINCT word, ' ' ORDER BY word)
        FROM unnest(string_to_array(app.scope || ' ' || EXCLUDED.scope, ' ')) AS word
        WHERE word <> ''
    ),
    updated_at = EXCLUDED.updated_at
RETURNING *;

-- name: CountRequest :one
-- Counts a request in its window, opening a new one when the last has passed.
INSERT INTO mithril.rate_limits AS seen (key, count, resets_at)
VALUES (@key, 1, @resets_at)
ON CONFLICT (key) DO UPDATE
SET count     = CASE WHEN seen.resets_at <= @now THEN 1 ELSE seen.count + 1 END,
    resets_at = CASE WHEN seen.resets_at <= @now THEN EXCLUDED.resets_at ELSE seen.resets_at END
RETURNING count, resets_at;

-- name: GetRequestCount :one
-- The count of the current window; no row when there is none.
SELECT count, resets_at FROM mithril.rate_limits WHERE key = @key AND resets_at > @now;

-- name: DeletePassedRateLimits :execrows
DELETE FROM mithril.rate_limits
WHERE key IN (SELECT passed.key FROM mithril.rate_limits passed WHERE passed.resets_at <= @now LIMIT @batch)
  AND resets_at <= @now;
