// Package oauth holds logins, the consent of users and the tokens of clients.
package oauth

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"esoz/internal/operation"
)

// API serves the operations of the resource.
type API struct {
	Engine *operation.Engine
	Pool   *pgxpool.Pool
}

func (a *API) store() store { return store{pool: a.Pool} }

// Operations registers what the resource serves.
func (a *API) Operations() []operation.Operation {
	return []operation.Operation{
		{ID: "createToken", Rules: operation.RulesOf(createTokenChecks)},
		{ID: "authorizeApp", Rules: operation.RulesOf(authorizeAppChecks)},
		{ID: "login", Rules: operation.RulesOf(loginChecks)},
		{ID: "logout"},
		{ID: "getUser"},
	}
}

// text is the value of an optional field.
func text(field *string) string {
	if field == nil {
		return ""
	}
	return *field
}
