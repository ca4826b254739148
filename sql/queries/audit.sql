-- name: InsertAuditLog :exec
-- Belongs in the transaction of the change that it tells.
INSERT INTO prm.audit_log (id, actor_id, resource, resource_id, changeset, inserted_at)
VALUES (@id, @actor_id, @resource, @resource_id, @changeset, @inserted_at);
