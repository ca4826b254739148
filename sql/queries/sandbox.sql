-- name: ListNewestJobs :many
-- Jobs of all callers: the newest pending ones, and those that have ended last.
(SELECT * FROM jobs.jobs WHERE status = 0 ORDER BY inserted_at DESC LIMIT @page_limit)
UNION ALL
(SELECT * FROM jobs.jobs WHERE status <> 0 ORDER BY updated_at DESC LIMIT @page_limit);

-- name: ListNewestEvents :many
-- Events of all callers.
SELECT id, event_type, entity_type, entity_id, properties, event_time, changed_by, inserted_at
FROM event_manager.events
ORDER BY inserted_at DESC, id DESC
LIMIT @page_limit;

-- name: ListCodesOfSMS :many
-- What has become of the codes that messages brought.
SELECT m.id, v.status, v.code_expired_at, v.attempts_count, v.resource_id
FROM otp.sms_logs m
JOIN otp.verifications v ON v.id = m.verification_id
WHERE m.id = ANY(@ids::uuid[]);
